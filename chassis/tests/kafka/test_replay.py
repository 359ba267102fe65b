"""What a service consumes read once more, on the embedded broker and on a real Kafka."""

from uuid import UUID

import pytest

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.kafka import KafkaSettings
from invoiceflow_chassis.kafka.replay import Replay, replaying
from invoiceflow_chassis.testing.documents import Reader, uploaded
from invoiceflow_chassis.testing.kafka import Broker, eventually
from invoiceflow_contracts.events import DocumentEvent, DocumentUploadedV1

pytestmark = pytest.mark.slow


async def read(replay: Replay) -> list[UUID]:
    return [
        event.document_id
        async for batch in replay.until_now()
        for event, _ in batch
        if isinstance(event, DocumentEvent)
    ]


async def test_everything_is_read_once_and_then_what_has_come_since(broker: Broker) -> None:
    first, later = [uploaded() for _ in range(5)], [uploaded() for _ in range(3)]
    sent = [await broker.send(event) for event in first]
    await broker.send_raw("document.uploaded", b"no event", [])
    async with replaying(broker.settings, "ocr", [DocumentUploadedV1]) as replay:
        batches = [batch async for batch in replay.until_now()]
        assert sorted(made for batch in batches for _, made in batch) == sorted(sent)
        assert await read(replay) == []
        for event in later:
            await broker.send(event)
        assert set(await read(replay)) == {event.document_id for event in later}
        assert replay.undecodable == 1


async def test_what_the_service_has_committed_can_be_left_out(broker: Broker) -> None:
    reader = Reader()
    transport = await broker.run(reader.service)
    done, waiting = uploaded(), uploaded()
    await broker.send(done)
    await eventually(lambda: reader.handled == [done.document_id])

    async def is_committed() -> bool:
        return all(one.lag == 0 for one in await transport.backlog.lag() if one.group == "invoiceflow-ocr")

    await eventually(is_committed)
    await transport.stop()
    await broker.send(waiting)
    async with replaying(broker.settings, "ocr", [DocumentUploadedV1], uncommitted_only=True) as replay:
        assert await read(replay) == [waiting.document_id]
    async with replaying(broker.settings, "ocr", [DocumentUploadedV1]) as replay:
        assert set(await read(replay)) == {done.document_id, waiting.document_id}


async def test_a_cluster_that_does_not_answer_is_trouble_that_may_pass() -> None:
    with pytest.raises(TransientError, match="broker_unavailable"):
        async with replaying(KafkaSettings(bootstrap_servers="127.0.0.1:1"), "ocr", [DocumentUploadedV1]):
            pass
