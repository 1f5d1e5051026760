"""The SDK goes on when its access token expires, and stops when its tokens are revoked."""

import base64
import json
import os
import time

import requests
from cryptoserve import CryptoServe

from session import SERVER, fails, log_in, saved


def expiring(token, seconds):
    """The token as it reads a little before its end. It is not signed: whoever showed it to the
    server would be refused."""
    header, claims, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(claims + "=="))
    claims["exp"] = int(time.time()) + seconds
    claims = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return ".".join([header, claims, signature])


def age(name, seconds):
    path = saved(name)
    kept = json.loads(path.read_text())
    kept["access_token"] = expiring(kept["access_token"], seconds)
    path.write_text(json.dumps(kept))
    return kept


session = os.environ["SESSION"]
log_in(session)
first = CryptoServe(app_name="lasting", contexts=["general"])
sealed = first.encrypt(b"x", context="general")

# The SDK never replaces the refresh token that it keeps: it must last through many.
for seconds in (200, 10, -10, -7200):
    kept = age("lasting", seconds)
    crypto = CryptoServe(app_name="lasting")
    assert crypto.decrypt(sealed, context="general") == b"x"
    assert json.loads(saved("lasting").read_text())["refresh_token"] == kept["refresh_token"]

# A token that reads as good and is not: a 401 makes the SDK refresh as well.
age("lasting", 3600)
crypto = CryptoServe(app_name="lasting")
assert crypto.decrypt(sealed, context="general") == b"x"

# Revoked, it ends at once, for the process that runs as for the next one.
path = f"{SERVER}/api/v1/applications/{kept['app_id']}/tokens/revoke"
assert requests.post(path, cookies={"session": session}, timeout=30).status_code == 204
fails("AuthenticationError", lambda: crypto.decrypt(sealed, context="general"))
age("lasting", -10)
fails("TokenRefreshError", lambda: CryptoServe(app_name="lasting").encrypt(b"x", context="general"))
saved("lasting").unlink()
back = CryptoServe(app_name="lasting", contexts=["general"])
assert back.decrypt(sealed, context="general") == b"x"
