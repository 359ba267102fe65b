"""Tells how far a document is, without making the document wait for it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from invoiceflow_chassis.service import Delivery
from invoiceflow_contracts.events import DocumentProgressV1, DocumentUploadedV1

__all__ = ["ProgressAnnouncer"]

GATHERING_SECONDS = 0.3
"""Between a page's end and its announcement: what is read in less has nothing to say that its end does not."""


class ProgressAnnouncer:
    """Announces pages done, not more often than someone can follow; of those that wait, only the latest is kept.

    So a slow broker sees fewer announcements and delays no page. What still waits when the document has been read is left
    out: the event that follows says more.
    """

    def __init__(self, event: DocumentUploadedV1, delivery: Delivery, now: Callable[[], datetime]) -> None:
        self._event = event
        self._delivery = delivery
        self._now = now
        self._latest: DocumentProgressV1 | None = None
        self._sender: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sender is None:
            return
        self._sender.cancel()
        await asyncio.gather(self._sender, return_exceptions=True)

    def __call__(self, done: int, total: int) -> None:
        self._latest = DocumentProgressV1(
            tenant=self._event.tenant,
            document_id=self._event.document_id,
            stage="ocr",
            pages_done=done,
            pages_total=total,
            at=self._now(),
        )
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._latest is not None:
            await asyncio.sleep(GATHERING_SECONDS)
            progress, self._latest = self._latest, None
            await self._delivery.announce(progress)
