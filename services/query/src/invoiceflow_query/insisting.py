"""Trying again what is only held up, for a while."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from invoiceflow_chassis.errors import TransientError

__all__ = ["insist"]

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
"""A server that has been restarted is there again by then."""
PAUSE_SECONDS = 1.0


async def insist(work: Callable[[], Awaitable[T]], say: Callable[[str], None] | None = None) -> T:
    """Return what ``work`` returns, after as many attempts as a minute has room for; ``say`` is told why it takes long.

    Raises:
        TransientError: that of the last attempt.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await work()
        except TransientError as error:
            if time.monotonic() > deadline:
                raise
            if say:
                say(f"{error.message} Trying again.")
            await asyncio.sleep(PAUSE_SECONDS)
