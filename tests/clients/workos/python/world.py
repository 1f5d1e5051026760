"""What the scripts share: an unmodified client, synchronous or asynchronous, and one way to use both."""

import asyncio
import inspect
import os
import sys

from workos import AsyncWorkOSClient, WorkOSClient

IS_ASYNC = os.environ["CLIENT_KIND"] == "async"


def client(api_key=None, url=None, **options):
    kind = AsyncWorkOSClient if IS_ASYNC else WorkOSClient
    return kind(
        api_key=api_key or os.environ["API_KEY"],
        client_id="client_test",
        base_url=url or os.environ["SERVER"],
        **options,
    )


async def done(result):
    """What the client gives, awaited where it is to be."""
    return await result if inspect.isawaitable(result) else result


async def everything(page):
    """All items of a list, page by page, as the client walks through them itself."""
    if IS_ASYNC:
        return [item async for item in page.auto_paging_iter()]
    return list(page.auto_paging_iter())


async def refused(call, kind, status, part):
    """The error that a call ends with."""
    try:
        await done(call())
    except kind as error:
        assert type(error) is kind, type(error)
        assert error.status_code == status, error
        assert part in error.message and part in error.error, (error.message, error.error)
        assert error.request_id.startswith("req_") and error.code, error
        return error
    raise AssertionError(f"expected {kind.__name__}")


def run(script):
    asyncio.run(script())
    sys.stdout.flush()
