"""`CryptoClient`, of the SDK and of the client that stands alone: values, batches and refreshing."""

import base64
import json
import os
import time

import cryptoserve
import cryptoserve_client
import requests

from session import SERVER, fails

body = {"app_name": "client", "contexts": ["general", "user-pii"]}
path = f"{SERVER}/api/v1/applications/sdk/register"
cookies = {"access_token": os.environ["SESSION"]}
made = requests.post(path, json=body, cookies=cookies, timeout=30).json()


def expired(token):
    """The token as it reads once it has expired, unsigned."""
    header, claims, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(claims + "=="))
    claims["exp"] = int(time.time()) - 10
    claims = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return ".".join([header, claims, signature])


for module in (cryptoserve, cryptoserve_client):
    for token in (made["access_token"], expired(made["access_token"])):
        client = module.CryptoClient(
            server_url=f"{SERVER}/api", token=token, refresh_token=made["refresh_token"]
        )
        assert client.health_check()["status"] == "healthy"
        sealed = client.encrypt(b"value", "general")
        assert client.decrypt(sealed, "general") == b"value"
        batch = client.encrypt_batch([(b"1", "general"), (b"2", "user-pii"), (b"3", "unheard-of")])
        assert [item.success for item in batch.items] == [True, True, False]
        pairs = [(batch.items[0].result, "general"), (batch.items[1].result, "user-pii")]
        opened = client.decrypt_batch(pairs)
        assert [item.result for item in opened.items] == [b"1", b"2"]
        fails("AuthorizationError", lambda: client.encrypt(b"x", "payment-data"))
        fails("CryptoServeError", lambda: client.decrypt(sealed, "user-pii"), "Decryption failed")
