"""Blocking calls of an adapter, kept off the event loop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

__all__ = ["in_thread"]

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Return what ``call`` returns, run in a thread.

    Unlike ``asyncio.to_thread``, a cancellation waits for the thread: what the caller cleans up afterwards is not
    written to any more. The call must therefore end by itself, as file and time-limited network calls do.
    """
    work = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        if not work.cancelled():
            work.exception()  # retrieved, so that asyncio does not report it as forgotten
        raise
