"""Lists in pages, as the client walks through them itself and by hand."""

from datetime import datetime, timedelta, timezone

from world import client, done, everything, run

CONTEXT = {"organizationId": "org_acme"}
NAMES = [f"object {number}" for number in range(7)]


def names(page):
    return [item.name for item in page.data]


async def script():
    vault = client().vault
    for name in NAMES:
        await done(vault.create_kv(key_context=CONTEXT, name=name, value=name))
    newest_first = NAMES[::-1]
    for limit in (1, 2, 3, 100):
        page = await done(vault.list_kv(limit=limit))
        assert [item.name for item in await everything(page)] == newest_first, limit
    ascending = await done(vault.list_kv(limit=2, order="asc"))
    assert [item.name for item in await everything(ascending)] == NAMES

    first = await done(vault.list_kv(limit=3))
    second = await done(vault.list_kv(limit=3, after=first.list_metadata.after))
    assert names(second) == newest_first[3:6]
    back = await done(vault.list_kv(limit=3, before=second.list_metadata.before))
    assert names(back) == names(first)

    assert names(await done(vault.list_kv(search="object 4"))) == ["object 4"]
    fourth = (await done(vault.list_kv(search="object 3"))).data[0].updated_at
    for zone in (timezone.utc, timezone(timedelta(hours=5, minutes=30))):
        after = fourth.astimezone(zone)
        assert names(await done(vault.list_kv(updated_after=after.isoformat()))) == newest_first[:3]
        # Where it formats the time itself, this client cuts it to milliseconds.
        assert set(names(await done(vault.list_kv(updated_after=after)))) >= set(newest_first[:3])
    future = datetime.now(timezone.utc) + timedelta(hours=1)
    assert names(await done(vault.list_kv(updated_after=future))) == []


run(script)
