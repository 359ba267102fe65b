"""A service whose fate is up to a test, and the events it handles."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from invoiceflow_chassis.service import Delivery, Service, Subscription
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events import DocumentProgressV1, DocumentUploadedV1, Event

__all__ = ["Reader", "progressed", "uploaded"]

_CONTENT = ContentRef(bucket="b", key="default/x", sha256="0" * 64, size=1, media_type="application/pdf")


def uploaded(document: UUID | None = None) -> DocumentUploadedV1:
    """Return the event of a document that waits to be read."""
    return DocumentUploadedV1(
        document_id=document or uuid4(),
        filename="a.pdf",
        content=_CONTENT,
        channel="http",
        received_at=datetime.now(UTC),
    )


def progressed(event: DocumentUploadedV1) -> DocumentProgressV1:
    """Return what ``Reader`` publishes for ``event``."""
    return DocumentProgressV1(
        document_id=event.document_id, stage="ocr", pages_done=1, pages_total=1, at=datetime(2026, 1, 1, tzinfo=UTC)
    )


class Reader:
    """A service that reads documents; how it fares is up to the test."""

    def __init__(self, *, concurrency: int = 4, time_limit: float = 10, patient: bool = False) -> None:
        self.handled: list[UUID] = []
        self.attempts: list[int] = []
        self.event_ids: list[str] = []
        self.errors: dict[UUID, list[Exception]] = {}
        self.gates: dict[UUID, asyncio.Event] = {}
        self.running = 0
        self.most_running = 0
        self.service = Service(
            name="ocr",
            version="1",
            subscriptions=(
                Subscription(
                    event=DocumentUploadedV1,
                    handler=self.handle,
                    concurrency=concurrency,
                    time_limit=time_limit,
                    patient=patient,
                ),
            ),
        )

    def hold(self, event: DocumentUploadedV1) -> asyncio.Event:
        """Keep the handler of ``event`` running until the returned gate is set."""
        return self.gates.setdefault(event.document_id, asyncio.Event())

    async def handle(self, event: DocumentUploadedV1, delivery: Delivery) -> Sequence[Event]:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if gate := self.gates.get(event.document_id):
                await gate.wait()
            self.attempts.append(delivery.attempt)
            self.event_ids.append(delivery.event_id)
            if errors := self.errors.get(event.document_id):
                raise errors.pop(0)
        finally:
            self.running -= 1
        self.handled.append(event.document_id)
        return [progressed(event)]
