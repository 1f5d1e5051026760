"""The SDK goes on when its access token is over, as the server that issued it says."""

import json
import os
import time

import cryptoserve_client
import requests
from cryptoserve import CryptoServe

from session import SERVER, log_in, saved

DEADLINE = time.monotonic() + 30
ENCRYPT = {"plaintext": "eA==", "context": "general"}


def status(token):
    """What the server answers to a token, which is sent as it was issued."""
    headers = {"Authorization": f"Bearer {token}"}
    path = f"{SERVER}/api/v1/crypto/encrypt"
    return requests.post(path, json=ENCRYPT, headers=headers, timeout=30).status_code


def last_used(app_id):
    """When the refresh token was used, as the server tells its owner."""
    path = f"{SERVER}/api/v1/applications/{app_id}/tokens"
    lines = requests.get(path, cookies={"session": session}, timeout=30).json()
    return lines[-1]["last_used_at"]


def until_over(token):
    """Waits for the server itself to refuse the token. Nothing ends it but time."""
    while (answered := status(token)) != 401:
        assert answered == 200, answered
        assert time.monotonic() < DEADLINE
        time.sleep(0.05)


def fresh():
    """An application whose token was good a moment ago, and what the SDK keeps of it."""
    while True:
        saved("short").unlink(missing_ok=True)
        crypto = CryptoServe(app_name="short", contexts=["general"])
        kept = json.loads(saved("short").read_text())
        if status(kept["access_token"]) == 200:
            return crypto, kept
        assert time.monotonic() < DEADLINE


session = os.environ["SESSION"]
log_in(session)

# The running process, and the next one that finds what the SDK keeps.
for again in (False, True):
    crypto, kept = fresh()
    assert last_used(kept["app_id"]) is None
    until_over(kept["access_token"])
    if again:
        crypto = CryptoServe(app_name="short")
    sealed = crypto.encrypt(b"value", context="general")
    assert last_used(kept["app_id"]) is not None
    assert crypto.decrypt(sealed, context="general") == b"value"

# The client that stands alone.
_, kept = fresh()
client = cryptoserve_client.CryptoClient(
    server_url=f"{SERVER}/api", token=kept["access_token"], refresh_token=kept["refresh_token"]
)
until_over(kept["access_token"])
assert last_used(kept["app_id"]) is None
sealed = client.encrypt(b"value", "general")
assert client.decrypt(sealed, "general") == b"value"
assert last_used(kept["app_id"]) is not None
