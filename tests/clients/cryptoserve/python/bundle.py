"""`CryptoServe` with keys of its own: what it seals by itself opens on the server, where that is allowed."""

import os

import requests
from cryptoserve import CryptoServe

from session import SERVER, fails, log_in

CONTEXT = "backup-data"
owner = {"Authorization": f"Bearer {os.environ['SESSION']}"}


def allow(allowed):
    path = f"{SERVER}/v1/named-contexts/{CONTEXT}/key-bundle"
    answer = requests.put(path, json={"allowed": allowed}, headers=owner, timeout=30)
    assert answer.status_code == 200, answer.text


def client(name, **settings):
    return CryptoServe(app_name=name, contexts=[CONTEXT], **settings)


def is_local(sealed):
    """Whether the SDK sealed it by itself."""
    assert b"sr1" in sealed or b'"local"' in sealed
    return b'"local"' in sealed


log_in(os.environ["SESSION"])
before = client("bundle-before")
assert [is_local(before.encrypt(b"value", context=CONTEXT)) for _ in range(3)] == [False] * 3

allow(True)
crypto = client("bundle")
sealed = [crypto.encrypt(b"value %d" % turn, context=CONTEXT) for turn in range(3)]
assert [is_local(one) for one in sealed] == [False, True, True], sealed
tied = crypto.encrypt(b"tied", context=CONTEXT, associated_data=b"row 7")
assert is_local(tied)

# Another program, which asks the server each time.
reader = client("bundle-reader", enable_cache=False)
for turn, one in enumerate(sealed):
    assert reader.decrypt(one, context=CONTEXT) == b"value %d" % turn
assert reader.decrypt(tied, context=CONTEXT, associated_data=b"row 7") == b"tied"
fails("CryptoServeError", lambda: reader.decrypt(tied, context=CONTEXT, associated_data=b"row 8"))
fails("CryptoServeError", lambda: reader.decrypt(tied, context=CONTEXT))

# Once it is not allowed any more, neither is a key given nor opens what is under it.
allow(False)
fails("CryptoServeError", lambda: reader.decrypt(sealed[1], context=CONTEXT))
assert reader.decrypt(sealed[0], context=CONTEXT) == b"value 0"
after = client("bundle-after")
assert [is_local(after.encrypt(b"value", context=CONTEXT)) for _ in range(3)] == [False] * 3
