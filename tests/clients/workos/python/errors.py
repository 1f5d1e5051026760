"""Which of the client's classes each refusal becomes."""

from workos._errors import (
    APIError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    RateLimitExceededError,
    UnprocessableEntityError,
)
from world import client, done, refused, run

CONTEXT = {"organizationId": "org_acme"}


def wide(pairs):
    return {f"k{number}": "v" for number in range(pairs)}


async def script():
    vault = client().vault

    def create(name="n", value="", context=CONTEXT):
        return lambda: vault.create_kv(key_context=context, name=name, value=value)

    made = await done(create("taken", "1")())
    await refused(lambda: vault.create_decrypt(keys="AAAA"), BadRequestError, 400, "decrypt")
    await refused(lambda: vault.create_decrypt(keys="?"), BadRequestError, 400, "decrypt")
    await refused(lambda: vault.list_kv(limit=0), BadRequestError, 400, "limit")
    await refused(lambda: vault.list_kv(after="secret_0CFC"), BadRequestError, 400, "page")
    stranger = client("sk_test_123").vault
    await refused(lambda: stranger.get_kv(made.id), AuthenticationError, 401, "credential")
    await refused(lambda: vault.get_kv("secret_51B0"), NotFoundError, 404, "object")
    await refused(create("taken"), ConflictError, 409, "name")
    stale = lambda: vault.update_kv(made.id, value="2", version_check="c3d4e5f6")
    await refused(stale, ConflictError, 409, "version")
    for call, part in (
        (create("x" * 201), "name"),
        (create(""), "name"),
        (create(context=wide(11)), "key_context"),
        (create(context={}), "key_context"),
        (create(context={"a": 1}), "key_context"),
        (create(context={"k" * 121: "v"}), "121"),
        (create(context={"k": "v" * 501}), "501"),
        (create(value=7), "value"),
        (lambda: vault.create_data_key(context=wide(11)), "context"),
    ):
        await refused(call, UnprocessableEntityError, 422, part)
    await refused(create("large", "x" * (5 << 20)), APIError, 413, "larger")
    # A limit of the edge answers in this surface's form as well.
    padded = {"extra_headers": {"padding": "x" * 40_000}, "max_retries": 0}
    limited = lambda: vault.get_kv(made.id, request_options=padded)
    await refused(limited, RateLimitExceededError, 429, "header_bytes")


run(script)
