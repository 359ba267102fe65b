"""Calls that outlive what happens to the connection and to the server on the way."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from typing import TypeVar
from uuid import UUID

from invoiceflow_standalone.cli.client import Client
from invoiceflow_standalone.cli.errors import ApiError, UnreachableError
from invoiceflow_standalone.cli.resources import Document

__all__ = ["PATIENCE", "follow", "persist"]

PATIENCE = 60.0
"""Seconds without any usable answer after which the server counts as gone."""

FIRST_DELAY, LONGEST_DELAY = 0.1, 3.0
"""Seconds between two attempts, doubled from the first to the longest."""

T = TypeVar("T")


class _Patience:
    """Paces attempts, and ends them when the server has been silent for too long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._clock = asyncio.get_running_loop().time
        self._heard = self._clock()
        self._delay = FIRST_DELAY

    def heard(self, *, all_well: bool) -> None:
        """Note that the server has answered; when all is well the next pause is a short one again."""
        self._heard = self._clock()
        if all_well:
            self._delay = FIRST_DELAY

    async def pause(self) -> None:
        """Wait before the next attempt."""
        await asyncio.sleep(self._delay)
        self._delay = min(self._delay * 2, LONGEST_DELAY)

    async def bear(self, error: ApiError | UnreachableError) -> None:
        """Wait before the next attempt, or raise ``error`` when the server has been silent for too long."""
        if isinstance(error, ApiError) and error.retry_after is not None:
            self._delay = max(self._delay, min(error.retry_after, LONGEST_DELAY))
        if self._clock() + self._delay - self._heard > self._seconds:
            raise error
        await self.pause()


async def persist(call: Callable[[], Awaitable[T]], *, patience: float = PATIENCE) -> T:
    """Return what ``call`` returns, trying again while the server is away, busy or full.

    Raises:
        UnreachableError, ApiError: it still was after ``patience`` seconds, or the request itself is wrong.
    """
    waiting = _Patience(patience)
    while True:
        try:
            return await call()
        except UnreachableError as error:
            await waiting.bear(error)
        except ApiError as error:
            if not error.may_pass:
                raise
            await waiting.bear(error)


async def follow(
    client: Client, document_id: UUID, on_change: Callable[[Document], None], *, patience: float = PATIENCE
) -> Document:
    """Return the document once it has ended; tell every state on the way to ``on_change``.

    Listens to the document's events, and takes up after the last one heard when the stream breaks. Between two
    attempts it asks for the state itself, which is enough where event streams do not get through. The document may
    be unknown for a while: it was accepted, but the read model has not heard of it yet.

    Raises:
        UnreachableError, ApiError: nothing usable was heard for ``patience`` seconds, or there is no access.
    """
    waiting = _Patience(patience)
    last_event_id = ""
    while True:
        with suppress(UnreachableError, ApiError):  # the question that follows meets the same trouble, and decides
            async with aclosing(client.events(document_id, last_event_id)) as events:
                async for event_id, document in events:
                    last_event_id = event_id or last_event_id
                    waiting.heard(all_well=True)
                    on_change(document)
                    if document.ended:
                        return document
        try:
            document = await client.document(document_id)
        except UnreachableError as error:
            await waiting.bear(error)
        except ApiError as error:
            if not (error.may_pass or error.status == 404):
                raise
            await waiting.bear(error)
        else:
            waiting.heard(all_well=False)
            on_change(document)
            if document.ended:
                return document
            await waiting.pause()
