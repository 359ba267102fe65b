"""What the service listens to."""

from datetime import UTC, datetime

from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.service import Delivery, Subscription
from invoiceflow_contracts.events import DocumentUploadedV1, Event
from invoiceflow_ocr.handlers import read_document
from invoiceflow_ocr.settings import OcrSettings
from invoiceflow_ocr.workers import WorkerPool

__all__ = ["document_uploaded"]


def document_uploaded(
    settings: OcrSettings, objects: ObjectStore, pool: WorkerPool
) -> Subscription[DocumentUploadedV1]:
    """Read what was uploaded: for each child one document that it reads, and one on its way from or to the object store."""

    async def handle(event: DocumentUploadedV1, delivery: Delivery, /) -> list[Event]:
        return list(
            await read_document(
                event, delivery, objects=objects, pool=pool, bucket=settings.bucket, now=lambda: datetime.now(UTC)
            )
        )

    return Subscription(
        event=DocumentUploadedV1,
        handler=handle,
        concurrency=2 * pool.size,
        # A document that ended its child is tried in another, and so may be the one it waits for; and time for the
        # object store.
        time_limit=4 * settings.document_seconds + 60,
    )
