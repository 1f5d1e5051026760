"""Verifies and reads webhooks: a list of `payload`, `header`, `secret` and `tolerance` in JSON on
standard input, what the client made of each on standard output."""

import json
import sys

from world import client, run


def read(webhooks, given):
    event = webhooks.verify_event(
        event_body=given["payload"],
        event_signature=given["header"],
        secret=given["secret"],
        tolerance=given["tolerance"] // 1000,
    )
    return {"kind": type(event).__name__, "event": event.to_dict()}


async def script():
    webhooks = client().webhooks
    json.dump([read(webhooks, given) for given in json.load(sys.stdin)], sys.stdout)


run(script)
