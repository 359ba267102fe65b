"""Which events the query service consumes: all that say something of a document that has an id."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from invoiceflow_chassis.service import Delivery, Subscription
from invoiceflow_contracts.events import (
    DocumentEvent,
    DocumentFailedV1,
    DocumentProgressV1,
    DocumentUploadedV1,
    Event,
    InvoiceExtractedV1,
    OcrCompletedV1,
)
from invoiceflow_query.changes import Changes
from invoiceflow_query.handlers import project
from invoiceflow_query.ports import ReadModel

__all__ = ["CONSUMED", "subscriptions"]

CONSUMED: tuple[type[DocumentEvent], ...] = (
    DocumentUploadedV1,
    DocumentProgressV1,
    OcrCompletedV1,
    InvoiceExtractedV1,
    DocumentFailedV1,
)

CONCURRENCY = 16
"""The store writes changes that wait at the same time together, and their order does not matter: the slower it answers, the more
are in each batch. Of the largest invoices so many and the backlog fit into memory."""

TIME_LIMIT = 60.0
"""More than the store takes to say that it is not there."""


def subscriptions(read_model: ReadModel, changes: Changes, *, young: timedelta) -> tuple[Subscription[Any], ...]:
    """Return the subscriptions that keep ``read_model``; for as long as it is ``young``, a seller's account is new.

    What cannot be projected does not fail its document, and while the store is away events wait for it in Kafka.
    """

    async def handle(event: DocumentEvent, delivery: Delivery) -> Sequence[Event]:
        await project(event, delivery.event_id, read_model, changes, young=young)
        return ()

    return tuple(
        Subscription(
            event=event,
            handler=handle,
            concurrency=CONCURRENCY,
            time_limit=TIME_LIMIT,
            fails_document=False,
            patient=True,
        )
        for event in CONSUMED
    )
