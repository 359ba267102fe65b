"""Which events the service takes, and who handles them."""

from collections.abc import Sequence

from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.service import Delivery, Subscription
from invoiceflow_contracts.events import Event, OcrCompletedV1
from invoiceflow_extract.handlers import extract_invoice
from invoiceflow_extract.ports import Assistant, Extractor
from invoiceflow_extract.settings import ExtractSettings

__all__ = ["on_ocr_completed"]


def on_ocr_completed(
    settings: ExtractSettings, objects: ObjectStore, extractor: Extractor, assistant: Assistant | None = None
) -> Subscription[OcrCompletedV1]:
    """Return the subscription to ``ocr.completed``."""

    async def handle(event: OcrCompletedV1, _: Delivery, /) -> Sequence[Event]:
        return await extract_invoice(
            event, objects=objects, extractor=extractor, settings=settings, assistant=assistant
        )

    return Subscription(
        event=OcrCompletedV1, handler=handle, concurrency=settings.concurrency, time_limit=settings.time_limit
    )
