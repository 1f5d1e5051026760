"""`AsyncCryptoClient` of the client that stands alone."""

import asyncio
import os

import requests
from cryptoserve_client.async_client import AsyncCryptoClient

from session import SERVER

body = {"app_name": "asynchronous", "contexts": ["general", "user-pii"]}
path = f"{SERVER}/api/v1/applications/sdk/register"
cookies = {"access_token": os.environ["SESSION"]}
made = requests.post(path, json=body, cookies=cookies, timeout=30).json()


async def refused(kind, call):
    """Checks that a call fails with a class of theirs."""
    try:
        await call
    except Exception as error:
        assert type(error).__name__ == kind, f"{type(error).__name__}: {error}"
        return
    raise AssertionError(f"{kind} was expected")


async def main():
    async with AsyncCryptoClient(f"{SERVER}/api", made["access_token"]) as client:
        assert (await client.health_check())["status"] == "healthy"
        values = [f"value {number}".encode() for number in range(8)]
        sealed = await asyncio.gather(*(client.encrypt(value, "general") for value in values))
        assert len(set(sealed)) == len(values)
        opened = await asyncio.gather(*(client.decrypt(one, "general") for one in sealed))
        assert opened == values
        await refused("CryptoServeError", client.decrypt(sealed[0], "user-pii"))
        await refused("CryptoServeError", client.decrypt(sealed[0][:-1], "general"))
        await refused("AuthorizationError", client.encrypt(b"x", "payment-data"))
    async with AsyncCryptoClient(f"{SERVER}/api", "no.token.at-all") as client:
        await refused("AuthenticationError", client.encrypt(b"x", "general"))


asyncio.run(main())
