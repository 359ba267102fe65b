"""A service that is asked to wait (``Retry-After``) waits as long, within its own longest wait."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.kafka.delivery import Processor
from invoiceflow_chassis.kafka.records import OutgoingRecord, Record, Retry
from invoiceflow_chassis.service import Delivery, Service, Subscription
from invoiceflow_chassis.testing import RecordingPublisher
from invoiceflow_contracts.cloudevents import encode
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events import DocumentUploadedV1, Event

DELAYS = (1.0, 5.0, 60.0)


class Outbox:
    def __init__(self) -> None:
        self.sent: list[OutgoingRecord] = []

    async def send(self, record: OutgoingRecord) -> None:
        self.sent.append(record)


def uploaded() -> Record:
    event = DocumentUploadedV1(
        document_id=UUID(int=1),
        filename="a.pdf",
        content=ContentRef(bucket="b", key="default/x", sha256="0" * 64, size=1, media_type="application/pdf"),
        channel="http",
        received_at=datetime.now(UTC),
    )
    value, headers = encode(event, event_id=UUID(int=2), source="/ingest", time=datetime.now(UTC))
    return Record("document.uploaded", 0, 0, b"k", value, headers)


async def waits(retry_after: float | None) -> float:
    """Seconds before which the document is not tried again."""

    async def refuse(_: DocumentUploadedV1, __: Delivery, /) -> Sequence[Event]:
        raise TransientError("busy", "Come again.", retry_after=retry_after)

    outbox = Outbox()
    service = Service(
        name="ocr",
        version="1",
        subscriptions=(Subscription(event=DocumentUploadedV1, handler=refuse, concurrency=1, time_limit=5),),
    )
    processor = Processor(service, group="g", sender=outbox, publisher=RecordingPublisher(), retry_delays=DELAYS)
    before = datetime.now(UTC)
    await processor.process(uploaded(), lambda _: None)
    (sent,) = outbox.sent
    not_before = Retry.of(Record(sent.topic, 0, 0, sent.key, sent.value, sent.headers)).not_before
    assert not_before is not None
    return (not_before - before) / timedelta(seconds=1)


@pytest.mark.parametrize(
    ("asked", "least", "most"), [(None, 0.9, 1.2), (0.1, 0.9, 1.2), (20.0, 20.0, 20.2), (86_400.0, 60.0, 60.2)]
)
async def test_the_longer_of_both_waits_counts(asked: float | None, least: float, most: float) -> None:
    assert least <= await waits(asked) <= most + 1
