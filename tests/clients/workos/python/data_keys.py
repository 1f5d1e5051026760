"""The three operations on data keys, and values that the client encrypts itself."""

import base64

from workos._errors import BadRequestError
from world import client, done, refused, run

CONTEXT = {"organizationId": "org_acme", "dataType": "pii"}
BETA = {"organizationId": "org_beta"}


async def does_not_open(vault, sealed, associated_data=None):
    try:
        await done(vault.decrypt(encrypted_data=sealed, associated_data=associated_data))
    except Exception:
        return
    raise AssertionError("it opened")


async def script():
    vault = client().vault
    made = await done(vault.create_data_key(context=CONTEXT))
    assert len(base64.b64decode(made.data_key)) == 32
    assert made.context == CONTEXT
    opened = await done(vault.create_decrypt(keys=made.encrypted_keys))
    assert (opened.id, opened.data_key) == (made.id, made.data_key)

    moved = await done(vault.create_rekey(context=BETA, encrypted_keys=made.encrypted_keys))
    assert (moved.data_key, moved.context) == (made.data_key, BETA)
    again = await done(vault.create_decrypt(keys=moved.encrypted_keys))
    assert (again.id, again.data_key) == (moved.id, made.data_key)

    # What the caller expects can be checked, by a header of ours.
    def expecting(context):
        pairs = ",".join(f'"{key}":"{value}"' for key, value in context.items())
        text = base64.b64encode(f"{{{pairs}}}".encode()).decode()
        return {"extra_headers": {"Strongroom-Key-Context": text}}

    keys = made.encrypted_keys
    await done(vault.create_decrypt(keys=keys, request_options=expecting(CONTEXT)))
    other = lambda: vault.create_decrypt(keys=keys, request_options=expecting(BETA))
    await refused(other, BadRequestError, 400, "key context")

    for text, associated_data in (
        ("sk_live_1", None),
        ("", "record 7"),
        ("naïve 🔑 \0 text", "réclamation/№ 7"),
    ):
        sealed = await done(
            vault.encrypt(data=text, key_context=CONTEXT, associated_data=associated_data)
        )
        opened = await done(
            vault.decrypt(encrypted_data=sealed, associated_data=associated_data)
        )
        assert opened == text
        await does_not_open(vault, sealed, "of another record")

    # This client cuts without looking at lengths: what it then sends is refused, and is no fault.
    sealed = base64.b64decode(await done(vault.encrypt(data="x", key_context=CONTEXT)))
    for length in (40, 100):
        cut = base64.b64encode(sealed[:length]).decode()
        await refused(
            lambda: vault.decrypt(encrypted_data=cut), BadRequestError, 400, "decrypt"
        )


run(script)
