"""The eight operations on objects."""

import os

from workos._errors import ConflictError, NotFoundError
from world import client, done, refused, run

CONTEXT = {"organizationId": "org_acme"}
NAME = "acme/stripe key é/..%2F?#"


async def script():
    vault = client().vault
    made = await done(vault.create_kv(key_context=CONTEXT, name=NAME, value="sk_live_1"))
    assert made.context == CONTEXT
    assert made.environment_id == os.environ["WORKSPACE"]
    assert made.updated_by.name == "program" and made.updated_by.id
    assert made.key_id and made.version_id

    by_id = await done(vault.get_kv(made.id))
    by_name = await done(vault.get_name(NAME))
    assert by_id == by_name
    assert (by_id.id, by_id.name, by_id.value) == (made.id, NAME, "sk_live_1")
    assert by_id.metadata == made
    described = await done(vault.list_kv_metadata(made.id))
    assert (described.name, described.metadata) == (NAME, made)

    async def update(value, check):
        return await done(vault.update_kv(made.id, value=value, version_check=check))

    replaced = await update("sk_live_2", made.version_id)
    assert replaced.metadata.version_id != made.version_id
    await refused(lambda: update("x", made.version_id), ConflictError, 409, "version")
    await update("sk_live_3", None)
    await done(vault.update_kv(made.id, value="naïve 🔑 \0"))
    assert (await done(vault.get_kv(made.id))).value == "naïve 🔑 \0"

    versions = (await done(vault.list_kv_versions(made.id))).data
    assert [version.current_version for version in versions] == [True, False, False, False]
    assert versions[3].id == made.version_id
    assert [version.size for version in versions] == [13, 9, 9, 9]
    assert len({version.etag for version in versions}) == 4

    listed = await done(vault.list_kv())
    assert [(item.id, item.name) for item in listed.data] == [(made.id, NAME)]

    def delete(check=None):
        return vault.delete_kv(made.id, version_check=check)

    await refused(lambda: delete(made.version_id), ConflictError, 409, "version")
    await done(delete(versions[0].id))
    for gone in (
        lambda: vault.get_kv(made.id),
        lambda: vault.get_name(NAME),
        lambda: vault.list_kv_metadata(made.id),
        lambda: vault.list_kv_versions(made.id),
        lambda: vault.update_kv(made.id, value="x"),
        delete,
    ):
        await refused(gone, NotFoundError, 404, "object")
    await done(vault.create_kv(key_context=CONTEXT, name=NAME, value=""))


run(script)
