"""Tells how far a document is, without making the document wait for it."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from invoiceflow_chassis.service import Delivery
from invoiceflow_contracts.events import DocumentProgressV1, DocumentUploadedV1

__all__ = ["ProgressAnnouncer"]


class ProgressAnnouncer:
    """Announces pages done; while one announcement is under way, only the latest of the next is kept.

    So a slow broker sees fewer announcements and delays no page, and the last state is always announced.
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
        if kind is not None:
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
        while (progress := self._latest) is not None:
            self._latest = None
            await self._delivery.announce(progress)
