"""Requests whose answers get lost on the way: the client repeats them, and nothing is made twice."""

import os

from world import client, done, run

CONTEXT = {"organizationId": "org_acme"}


async def script():
    vault, lossy = client().vault, client(url=os.environ["LOSSY_SERVER"]).vault
    made = await done(lossy.create_kv(key_context=CONTEXT, name="once", value="1"))
    assert (await done(vault.get_kv(made.id))).value == "1"
    assert len((await done(vault.list_kv())).data) == 1
    sealed = await done(lossy.encrypt(data="text", key_context=CONTEXT))
    assert await done(lossy.decrypt(encrypted_data=sealed)) == "text"


run(script)
