"""What the delivery promises, on the embedded broker and on a real Kafka."""

import asyncio
from collections import Counter
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from invoiceflow_chassis.errors import PermanentError, TransientError, UnavailableError
from invoiceflow_chassis.kafka import KafkaSettings, KafkaTransport
from invoiceflow_chassis.service import Service, Subscription
from invoiceflow_chassis.testing.documents import Reader, progressed, uploaded
from invoiceflow_chassis.testing.kafka import Broker, eventually
from invoiceflow_contracts.cloudevents import decode
from invoiceflow_contracts.events import DocumentFailedV1, DocumentProgressV1, DocumentUploadedV1

pytestmark = pytest.mark.slow


async def committed(broker: Broker, topic: str) -> int:
    """Return how many records of ``topic`` the group has committed."""
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.address, group_id="invoiceflow-ocr", enable_auto_commit=False)
    await consumer.start()
    try:
        offsets = [await consumer.committed(TopicPartition(topic, partition)) for partition in range(4)]
        return sum(offset or 0 for offset in offsets)
    finally:
        await consumer.stop()


async def test_an_event_is_handled_and_its_output_published_with_a_deterministic_id(broker: Broker) -> None:
    reader = Reader()
    event, same_id = uploaded(), uuid4()
    await broker.run(reader.service)
    await broker.send(event, event_id=same_id)
    await broker.send(event, event_id=same_id)
    first, second = [
        decode(record.value, record.headers, accept=(DocumentProgressV1,))
        for record in await broker.read("document.progress", 2)
    ]
    assert first[1] == second[1] == progressed(event)
    assert first[0].id == second[0].id
    await eventually(lambda: _all_committed(broker, 2))


async def _all_committed(broker: Broker, count: int) -> bool:
    return await committed(broker, "document.uploaded") == count


async def test_a_document_that_takes_long_holds_nothing_up_and_nothing_behind_it_is_committed(broker: Broker) -> None:
    reader = Reader()
    slow, quick = uploaded(), [uploaded() for _ in range(3)]
    reader.hold(slow)
    await broker.run(reader.service)
    await broker.send(slow, partition=0)
    for event in quick:
        await broker.send(event, partition=0)
    await eventually(lambda: len(reader.handled) == 3)
    assert await committed(broker, "document.uploaded") == 0
    reader.gates[slow.document_id].set()
    await eventually(lambda: _all_committed(broker, 4))


async def test_no_more_documents_are_handled_at_once_than_allowed_and_all_are_handled(broker: Broker) -> None:
    reader = Reader(concurrency=3)
    events = [uploaded() for _ in range(150)]
    await broker.run(reader.service)
    for event in events:
        await broker.send(event)
    await eventually(lambda: len(reader.handled) == len(events))
    assert reader.most_running <= 3
    assert Counter(reader.handled) == Counter(event.document_id for event in events)
    await eventually(lambda: _all_committed(broker, len(events)))


async def test_a_transient_error_is_tried_again_later_and_others_go_on_meanwhile(broker: Broker) -> None:
    reader = Reader()
    shaky, steady = uploaded(), uploaded()
    reader.errors[shaky.document_id] = [TransientError("store_unavailable", "Try again.")] * 2
    await broker.run(reader.service)
    await broker.send(shaky, partition=1)
    await broker.send(steady, partition=1)
    await eventually(lambda: len(reader.handled) == 2)
    assert reader.handled == [steady.document_id, shaky.document_id]
    assert sorted(reader.attempts) == [1, 1, 2, 3]
    await eventually(lambda: _all_committed(broker, 2))


async def test_a_permanent_error_fails_the_document_with_its_code_and_sentence(broker: Broker) -> None:
    reader = Reader()
    event = uploaded()
    reader.errors[event.document_id] = [PermanentError("pdf_encrypted", "Send it without a password.")]
    await broker.run(reader.service)
    await broker.send(event)
    (record,) = await broker.read("document.failed", 1)
    _, failed = decode(record.value, record.headers, accept=(DocumentFailedV1,))
    assert isinstance(failed, DocumentFailedV1)
    assert (failed.document_id, failed.stage, failed.code) == (event.document_id, "ocr", "pdf_encrypted")
    assert failed.message == "Send it without a password."


async def test_attempts_used_up_end_in_the_dead_letters_and_a_failed_document(broker: Broker) -> None:
    reader = Reader()
    event = uploaded()
    reader.errors[event.document_id] = [TransientError("store_unavailable", "Try again.")] * 9
    await broker.run(reader.service)
    sent = await broker.send(event)
    (letter,) = await broker.read("document.uploaded.dlq", 1)
    headers = dict(letter.headers)
    assert headers["ce_id"] == sent.encode()
    assert headers["invoiceflow_error_code"] == b"store_unavailable"
    assert headers["invoiceflow_attempt"] == b"4"
    assert headers["invoiceflow_origin_topic"] == b"document.uploaded"
    (record,) = await broker.read("document.failed", 1)
    _, failed = decode(record.value, record.headers, accept=(DocumentFailedV1,))
    assert isinstance(failed, DocumentFailedV1)
    assert (failed.code, failed.attempts) == ("store_unavailable", 4)


async def test_a_programming_error_is_tried_a_few_times_and_then_told(broker: Broker) -> None:
    reader = Reader()
    event = uploaded()
    reader.errors[event.document_id] = [ZeroDivisionError()] * 9
    await broker.run(reader.service)
    await broker.send(event)
    (record,) = await broker.read("document.failed", 1)
    _, failed = decode(record.value, record.headers, accept=(DocumentFailedV1,))
    assert isinstance(failed, DocumentFailedV1)
    assert (failed.code, failed.attempts) == ("internal_error", 3)


async def test_work_past_its_time_limit_is_stopped_and_tried_again(broker: Broker) -> None:
    reader = Reader(time_limit=0.2)
    event = uploaded()
    reader.hold(event)
    await broker.run(reader.service)
    await broker.send(event)
    (record,) = await broker.read("document.uploaded.retry", 1)
    assert dict(record.headers)["invoiceflow_error_code"] == b"time_limit"
    reader.gates[event.document_id].set()
    await eventually(lambda: reader.handled == [event.document_id])


POISON = {
    "not_json": (b"{", [("ce_specversion", b"1.0")]),
    "random bytes": (bytes(range(256)) * 1024, []),
    "no value": (None, []),
    "null header": (b"{}", [("ce_id", None), ("ce_type", None)]),
    "header that is not UTF-8": (b"{}", [("ce_id", b"\xff\xfe"), ("odd", b"\x80")]),
}


@pytest.mark.parametrize("poison", POISON)
async def test_what_cannot_be_decoded_goes_raw_to_the_dead_letters_and_the_partition_goes_on(
    broker: Broker, poison: str
) -> None:
    value, headers = POISON[poison]
    reader = Reader()
    good = uploaded()
    await broker.run(reader.service)
    await broker.send_raw("document.uploaded", value, headers, partition=2)
    await broker.send(good, partition=2)
    (letter,) = await broker.read("document.uploaded.dlq", 1)
    assert letter.value == value
    kept = [(name, content) for name, content in letter.headers if not name.startswith("invoiceflow_")]
    assert kept == headers
    ours = dict(letter.headers)
    assert ours["invoiceflow_error_code"]
    assert ours["invoiceflow_error_message"]
    assert (ours["invoiceflow_origin_partition"], ours["invoiceflow_origin_offset"]) == (b"2", b"0")
    await eventually(lambda: reader.handled == [good.document_id])


async def test_a_wrong_schema_lands_in_the_dead_letters_with_its_reason(broker: Broker) -> None:
    reader = Reader()
    await broker.run(reader.service)
    await broker.send_raw(
        "document.uploaded",
        b'{"document_id": "no uuid"}',
        [
            ("ce_specversion", b"1.0"),
            ("ce_id", b"1"),
            ("ce_source", b"/test"),
            ("ce_type", b"invoiceflow.document.uploaded.v1"),
            ("content-type", b"application/json"),
        ],
    )
    (letter,) = await broker.read("document.uploaded.dlq", 1)
    assert dict(letter.headers)["invoiceflow_error_code"] == b"schema_violation"
    assert b"document_id" in dict(letter.headers)["invoiceflow_error_message"]


# The embedded broker takes one member of a group in its life.
@pytest.mark.parametrize("bootstrap", [pytest.param("real", marks=pytest.mark.engine)], indirect=True)
async def test_what_was_not_finished_at_a_stop_is_delivered_again(broker: Broker) -> None:
    reader = Reader()
    stuck, done = uploaded(), uploaded()
    reader.hold(stuck)
    transport = await broker.run(reader.service)
    await broker.send(stuck, partition=0)
    await broker.send(done, partition=1)
    await eventually(lambda: reader.handled == [done.document_id])
    await transport.stop()
    successor = Reader()
    await broker.run(successor.service)
    await eventually(lambda: successor.handled == [stuck.document_id])


async def test_a_stop_waits_for_what_is_nearly_done(broker: Broker) -> None:
    reader = Reader()
    event = uploaded()
    gate = reader.hold(event)
    transport = await broker.run(reader.service)
    await broker.send(event)
    await eventually(lambda: reader.running == 1)
    asyncio.get_running_loop().call_later(0.3, gate.set)
    await transport.stop()
    assert reader.handled == [event.document_id]
    assert await committed(broker, "document.uploaded") == 1


async def test_a_retry_of_another_group_is_left_to_it(broker: Broker) -> None:
    reader = Reader()
    event = uploaded()
    reader.errors[event.document_id] = [TransientError("store_unavailable", "Try again.")]
    other = Reader()
    query = Service(
        name="query",
        version="1",
        subscriptions=(Subscription(event=DocumentUploadedV1, handler=other.handle, fails_document=False),),
    )
    await broker.run(reader.service)
    await broker.run(query)
    await broker.send(event)
    await eventually(lambda: reader.handled == [event.document_id])
    assert other.attempts == [1]


async def test_a_transport_started_before_its_broker_is_not_ready_and_can_be_stopped() -> None:
    transport = KafkaTransport(KafkaSettings(bootstrap_servers="127.0.0.1:1"))
    await transport.start(lambda _: None)
    with pytest.raises(TransientError):
        await transport.check_ready()
    with pytest.raises(TransientError):
        await transport.publisher("ocr").publish(uploaded(), event_id=uuid4())
    await transport.stop()


async def test_a_consumer_is_stuck_when_it_has_lag_and_makes_no_progress(broker: Broker) -> None:
    reader = Reader()
    event = uploaded()
    gate = reader.hold(event)
    transport = await broker.run(reader.service)
    consumer = transport._consumers["ocr"]
    assert not await consumer.is_stuck(0)
    await broker.send(event)
    await eventually(lambda: reader.running == 1)
    await eventually(lambda: consumer.is_stuck(0.1))
    assert not await consumer.is_stuck(3600)
    assert await transport.stuck() == {}
    gate.set()
    await eventually(lambda: _all_committed(broker, 1))
    assert not await consumer.is_stuck(0)


async def test_a_record_that_waits_for_its_next_attempt_is_no_sign_of_being_stuck(broker: Broker) -> None:
    reader = Reader()
    event = uploaded()
    reader.errors[event.document_id] = [TransientError("store_unavailable", "Try again.")]
    broker.settings = broker.settings.model_copy(update={"retry_delays_seconds": (3600.0,)})
    transport = await broker.run(reader.service)
    await broker.send(event)
    await broker.read("document.uploaded.retry", 1)
    await eventually(lambda: _all_committed(broker, 1))
    await eventually(lambda: _waits(transport))
    assert not await transport._consumers["ocr"].is_stuck(0)


async def test_a_patient_reader_waits_for_its_store_and_loses_nothing(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoiceflow_chassis.kafka.delivery.LONGEST_WAIT", 0.02)
    reader = Reader(concurrency=1, patient=True)
    event = uploaded()
    away = UnavailableError("read_model_unavailable", "The read model does not answer.")
    attempts = 10 * (len(broker.settings.retry_delays_seconds) + 1)
    reader.errors[event.document_id] = [away] * attempts
    transport = await broker.run(reader.service)
    await broker.send(event, partition=0)
    await eventually(lambda: len(reader.attempts) > attempts // 2)
    assert not await transport._consumers["ocr"].is_stuck(0.5)
    assert reader.handled == []
    await eventually(lambda: _all_committed(broker, 1))
    assert reader.handled == [event.document_id]
    assert set(reader.attempts) == {1}
    assert [record.topic for record in await broker.read("document.progress", 1)] == ["document.progress"]


async def test_who_waits_for_its_store_is_handed_back_at_once(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invoiceflow_chassis.kafka.delivery.LONGEST_WAIT", 3600.0)
    broker.settings = broker.settings.model_copy(update={"drain_seconds": 3600.0})
    reader = Reader(patient=True)
    event = uploaded()
    reader.errors[event.document_id] = [UnavailableError("read_model_unavailable", "It does not answer.")] * 99
    transport = await broker.run(reader.service)
    await broker.send(event)
    await eventually(lambda: len(reader.attempts) >= 2)
    async with asyncio.timeout(20):
        await transport.stop()
    assert not await _all_committed(broker, 1)


async def test_a_store_that_is_away_uses_up_the_attempts_of_whoever_owes_an_end(broker: Broker) -> None:
    reader = Reader()
    event = uploaded()
    reader.errors[event.document_id] = [UnavailableError("storage_unavailable", "It does not answer.")] * 9
    await broker.run(reader.service)
    await broker.send(event)
    (failed,) = await broker.read("document.failed", 1)
    assert b"storage_unavailable" in failed.value


def _waits(transport: KafkaTransport) -> bool:
    return any(work.record.is_retry for work in transport._consumers["ocr"]._work)


@pytest.mark.parametrize("bootstrap", [pytest.param("real", marks=pytest.mark.engine)], indirect=True)
async def test_a_member_beyond_the_partitions_is_ready_and_every_document_is_handled_by_one_of_them(
    broker: Broker,
) -> None:
    readers = [Reader() for _ in range(5)]
    for reader in readers:
        await broker.run(reader.service)
    events = [uploaded() for _ in range(40)]
    for event in events:
        await broker.send(event)
    await eventually(lambda: _all_committed(broker, len(events)))
    handled = Counter(document for reader in readers for document in reader.handled)
    assert handled == Counter(event.document_id for event in events)
