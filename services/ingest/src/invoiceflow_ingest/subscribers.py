"""What ingest consumes."""

from collections.abc import Sequence

from invoiceflow_chassis.service import Delivery, Subscription
from invoiceflow_contracts.events import DocumentSubmittedV1, Event
from invoiceflow_ingest.handlers import Intake, on_submitted

__all__ = ["document_submitted"]


def document_submitted(intake: Intake, *, concurrency: int) -> Subscription[DocumentSubmittedV1]:
    """Return the subscription to what upstream systems submit."""

    async def handle(event: DocumentSubmittedV1, _: Delivery, /) -> Sequence[Event]:
        return await on_submitted(intake, event)

    return Subscription(event=DocumentSubmittedV1, handler=handle, concurrency=concurrency)
