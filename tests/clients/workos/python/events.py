"""Reads the events of a workspace in which five objects were made, page by page."""

from world import client, done, run


async def script():
    events = client().events
    named = ["vault.data.created", "vault.kek.created"]
    found, after = [], None
    while True:
        page = await done(events.list_events(events=named, limit=2, after=after))
        assert len(page.data) <= 2
        found.extend(page.data)
        after = page.list_metadata.after if page.list_metadata else None
        if after is None:
            break
    kinds = [event.event for event in found]
    assert kinds == ["vault.kek.created"] + 5 * ["vault.data.created"], kinds
    assert found[-1].id.startswith("event_"), found[-1]


run(script)
