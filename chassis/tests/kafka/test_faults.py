"""What the delivery does when something goes wrong around it: full workers, rebalances, producers and brokers that fail."""

import asyncio
import time
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.errors import OutOfOrderSequenceNumber
from confluent_kafka import Producer

from invoiceflow_chassis.dead_letters import DeadLetter, Selection
from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.kafka import KafkaTransport, consumer
from invoiceflow_chassis.kafka.consumer import GroupConsumer
from invoiceflow_chassis.testing.documents import Reader, progressed, uploaded
from invoiceflow_chassis.testing.kafka import Broker, eventually
from invoiceflow_contracts.cloudevents import decode, encode
from invoiceflow_contracts.events import DocumentProgressV1

pytestmark = pytest.mark.slow

TOPIC = "document.uploaded"
REAL = pytest.mark.parametrize("bootstrap", [pytest.param("real", marks=pytest.mark.engine)], indirect=True)
"""The embedded broker takes one member of a group in its life, and cannot be stopped and started."""


def consumer_of(made: KafkaTransport) -> GroupConsumer:
    return made._consumers["ocr"]


async def lag(made: KafkaTransport) -> int:
    return sum(one.lag for one in await made.backlog.lag() if one.group == "invoiceflow-ocr")


async def finished(made: KafkaTransport) -> bool:
    return await lag(made) == 0


async def letters(made: KafkaTransport, count: int) -> list[DeadLetter]:
    found: list[DeadLetter] = []

    async def there() -> bool:
        found[:] = await made.dead_letters.find(Selection())
        return len(found) == count

    await eventually(there)
    return found


class TestBackPressure:
    async def test_a_full_worker_pauses_its_partitions_stays_in_its_group_and_loses_nothing(
        self, broker: Broker
    ) -> None:
        broker.settings = broker.settings.model_copy(
            update={"max_poll_interval_ms": 1_000, "session_timeout_ms": 6_000, "heartbeat_interval_ms": 500}
        )
        reader = Reader(concurrency=1, time_limit=60)
        events = [uploaded() for _ in range(60)]
        gate = reader.hold(events[0])
        made = await broker.run(reader.service)
        for event in events:
            await broker.send(event, partition=0)
        full = consumer_of(made)
        await eventually(lambda: full._paused)
        started = time.monotonic()
        await eventually(lambda: time.monotonic() - started > 8)  # past the poll interval and the session
        assert reader.running == 1
        assert len(full._work) <= 1 + consumer.BACKLOG
        gate.set()
        await eventually(lambda: len(reader.handled) == 60)
        await eventually(lambda: finished(made))
        assert Counter(reader.handled) == Counter(event.document_id for event in events)

    async def test_retries_in_wait_hold_no_more_than_so_many_bytes(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(consumer, "RETRY_BYTES_WAITING", 600)
        broker.settings = broker.settings.model_copy(update={"retry_delays_seconds": (2.0,)})
        reader = Reader()
        events = [uploaded() for _ in range(12)]
        for event in events:
            reader.errors[event.document_id] = [TransientError("store_unavailable", "Try again.")]
        made = await broker.run(reader.service)
        for event in events:
            await broker.send(event, partition=0)
        most = 0

        async def all_are_handled() -> bool:
            nonlocal most
            most = max(most, consumer_of(made)._bytes["document.uploaded.retry"])
            return len(reader.handled) == len(events)

        await eventually(all_are_handled, seconds=60)
        assert 0 < most < 2_000
        assert sorted(reader.handled) == sorted(event.document_id for event in events)


class TestRebalances:
    @REAL
    async def test_a_handler_that_ends_in_time_keeps_its_document_when_a_member_joins(self, broker: Broker) -> None:
        first, second = Reader(), Reader()
        events = [uploaded() for _ in range(4)]
        gates = [first.hold(event) for event in events]
        made = await broker.run(first.service)
        for partition, event in enumerate(events):
            await broker.send(event, partition=partition)
        await eventually(lambda: first.running == 4)
        asyncio.get_running_loop().call_later(0.5, lambda: [gate.set() for gate in gates])
        await broker.run(second.service)
        await eventually(lambda: finished(made))
        assert sorted(first.handled) == sorted(event.document_id for event in events)
        assert second.handled == []

    @REAL
    async def test_a_handler_past_the_grace_period_is_stopped_and_its_document_handled_once(
        self, broker: Broker
    ) -> None:
        broker.settings = broker.settings.model_copy(update={"drain_seconds": 0.3})
        first, second = Reader(), Reader()
        events = [uploaded() for _ in range(4)]
        gates = [first.hold(event) for event in events]
        made = await broker.run(first.service)
        for partition, event in enumerate(events):
            await broker.send(event, partition=partition)
        await eventually(lambda: first.running == 4)
        await broker.run(second.service)
        for gate in gates:
            gate.set()
        await eventually(lambda: finished(made))
        assert sorted(first.handled + second.handled) == sorted(event.document_id for event in events)
        assert second.handled

    @REAL
    async def test_members_that_come_and_go_under_load_lose_and_double_nothing(self, broker: Broker) -> None:
        stays = Reader(concurrency=2)
        made = await broker.run(stays.service)
        readers, events = [stays], [uploaded() for _ in range(120)]
        for number, event in enumerate(events):
            await broker.send(event)
            if number % 40 == 20:
                readers.append(Reader(concurrency=2))
                leaving = await broker.run(readers[-1].service)
            if number % 40 == 39:
                await leaving.stop()
        await eventually(lambda: finished(made), seconds=60)
        handled = Counter(document for reader in readers for document in reader.handled)
        assert handled == Counter(event.document_id for event in events)

    @REAL
    async def test_a_static_member_that_restarts_takes_nothing_from_the_others(self, broker: Broker) -> None:
        def named(name: str) -> Broker:
            # Static members do not leave: the group is empty once their sessions are over.
            settings = broker.settings.model_copy(update={"group_instance_id": name, "session_timeout_ms": 15_000})
            return Broker(broker.address, settings)

        first, second, again = named("ocr-0"), named("ocr-1"), named("ocr-0")
        readers = [Reader(), Reader(), Reader()]
        try:
            leaves = await first.run(readers[0].service)
            stays = await second.run(readers[1].service)
            await eventually(lambda: len(consumer_of(leaves)._owned) == len(consumer_of(stays)._owned) == 4)
            kept, revoked = set(consumer_of(stays)._owned), list[Any]()
            consumer_of(stays).on_partitions_revoked = revoked.append  # type: ignore[method-assign,assignment]
            await leaves.stop()
            await again.run(readers[2].service)
            events = [uploaded() for _ in range(20)]
            for event in events:
                await broker.send(event)
            await eventually(lambda: finished(stays))
            handled = Counter(document for reader in readers for document in reader.handled)
            assert handled == Counter(event.document_id for event in events)
            assert (consumer_of(stays)._owned, revoked) == (kept, [])
        finally:
            for each in (first, second, again):
                await each.close()

    async def test_a_record_on_its_way_while_its_partition_goes_is_left_to_the_next_owner(self, broker: Broker) -> None:
        reader = Reader()
        made = await broker.run(reader.service)
        await broker.send(uploaded(), partition=0)
        await eventually(lambda: len(reader.handled) == 1)
        (record,) = await broker.read(TOPIC, 1)
        one = consumer_of(made)
        await one.on_partitions_revoked(set(one._owned))
        await one._take(record)
        assert (one._work, one._trackers) == (set(), {})

    async def test_a_handler_that_does_not_stop_does_not_hold_the_others_up(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(consumer, "CANCEL_SECONDS", 0.2)
        broker.settings = broker.settings.model_copy(update={"drain_seconds": 0.1})
        reader = Reader()
        event, gate = uploaded(), asyncio.Event()

        class Stubborn(asyncio.Event):
            async def wait(self) -> Any:
                while not gate.is_set():
                    try:
                        await gate.wait()
                    except asyncio.CancelledError:
                        continue

        reader.gates[event.document_id] = Stubborn()
        made = await broker.run(reader.service)
        await broker.send(event, partition=0)
        await eventually(lambda: reader.running == 1)
        one = consumer_of(made)
        async with asyncio.timeout(5):
            await one.on_partitions_revoked(set(one._owned))
        # What it finishes late is nobody's to commit.
        gate.set()
        await eventually(lambda: not one._work)
        assert one._trackers == {}
        assert await lag(made) == 1


class TestProducer:
    async def test_outputs_that_cannot_be_published_are_insisted_on_and_only_then_committed(
        self, broker: Broker
    ) -> None:
        reader, event = Reader(), uploaded()
        made = await broker.run(reader.service)
        sends, original = Counter[str](), made._producer.send

        async def failing(record: Any) -> None:
            sends[record.topic] += 1
            if record.topic == "document.progress" and sends[record.topic] <= 2:
                raise TransientError("broker_unavailable", "Try again.")
            await original(record)

        made._producer.send = failing  # type: ignore[method-assign]
        await broker.send(event)
        await eventually(lambda: sends["document.progress"] == 2)
        assert await lag(made) == 1
        await eventually(lambda: finished(made))
        (record,) = await broker.read("document.progress", 1)
        _, output = decode(record.value, record.headers, accept=(DocumentProgressV1,))
        assert output == progressed(event)
        assert reader.attempts == [1]

    async def test_a_producer_that_the_brokers_refuse_for_good_is_replaced(self, broker: Broker) -> None:
        reader = Reader()
        made = await broker.run(reader.service)
        broken = made._producer._producer
        assert broken is not None
        broken._message_accumulator.fail_all(OutOfOrderSequenceNumber())
        await broker.send(uploaded())
        await eventually(lambda: finished(made))
        assert made._producer._producer is not broken
        assert len(await broker.read("document.progress", 1)) == 1


class TestStuck:
    async def test_a_record_that_cannot_be_settled_makes_its_consumer_count_as_stuck(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = await broker.run(Reader().service)

        async def broken(*_: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(consumer_of(made)._processor, "process", broken)
        await broker.send(uploaded())
        await eventually(lambda: consumer_of(made).is_stuck(3600))
        assert list(await made.stuck()) == ["ocr"]

    async def test_a_consumer_that_no_longer_commits_counts_as_stuck(self, broker: Broker) -> None:
        made = await broker.run(Reader().service)
        committer = consumer_of(made)._committer
        assert committer is not None
        committer.cancel()
        await eventually(lambda: consumer_of(made).is_stuck(3600))


class TestPoisonOfSize:
    async def test_what_is_larger_than_may_be_sent_is_dead_lettered_with_its_beginning(self, broker: Broker) -> None:
        reader, good = Reader(), uploaded()
        made = await broker.run(reader.service)
        size = 12 * 1024 * 1024
        upstream = Producer(
            {
                "bootstrap.servers": broker.address,
                "log_level": 0,
                "compression.type": "gzip",
                "message.max.bytes": 2 * size,
            }
        )
        upstream.produce(TOPIC, value=b"0" * size, headers=[("ce_id", b"4711")], partition=1)
        await asyncio.to_thread(upstream.flush, 20)
        await broker.send(good, partition=1)
        await eventually(lambda: reader.handled == [good.document_id], seconds=60)
        (letter,) = await letters(made, 1)
        payload = await made.dead_letters.payload(letter)
        assert payload is not None
        assert payload.value == b"0" * 64 * 1024
        headers = dict(payload.headers)
        assert (headers["invoiceflow_cut_from"], headers["ce_id"]) == (str(size).encode(), b"4711")
        assert not await made.dead_letters.redrive(letter)
        await eventually(lambda: finished(made))

    async def test_no_header_makes_a_retry_wait_longer_than_retries_do(self, broker: Broker) -> None:
        reader, event = Reader(), uploaded()
        made = await broker.run(reader.service)
        value, headers = encode(event, event_id=uuid4(), source="/test", time=event.received_at)
        forged = [("invoiceflow_group", b"invoiceflow-ocr"), ("invoiceflow_not_before", b"9999-12-31T00:00:00+00:00")]
        await broker.send_raw("document.uploaded.retry", value, [*headers, *forged])
        await eventually(lambda: reader.handled == [event.document_id])
        await eventually(lambda: finished(made))


@pytest.mark.engine
class TestBroker:
    @REAL
    async def test_a_broker_that_stops_and_comes_back_is_gone_on_with(
        self, broker: Broker, kafka_node: tuple[str, Any]
    ) -> None:
        _, container = kafka_node
        reader = Reader()
        under_way, before, after = uploaded(), uploaded(), uploaded()
        gate = reader.hold(under_way)
        made = await broker.run(reader.service)
        await broker.send(before)
        await eventually(lambda: reader.handled == [before.document_id])
        await broker.send(under_way)
        await eventually(lambda: reader.running == 1)
        await asyncio.to_thread(container.stop, timeout=10)
        gate.set()  # its output cannot be published now
        with pytest.raises(TransientError):
            await made.publisher("ocr").publish(progressed(before), event_id=uuid4())
        assert await made.stuck() == {}
        await asyncio.to_thread(container.start)
        await eventually(lambda: _sent(broker, after), seconds=90)
        await eventually(
            lambda: {before.document_id, under_way.document_id, after.document_id} <= {*reader.handled}, 90
        )

        async def all_are_done() -> bool:
            try:
                return await finished(made)
            except TransientError:
                return False

        await eventually(all_are_done, 90)
        await made.check_ready()
        assert not await consumer_of(made).is_stuck(0)

    @REAL
    async def test_a_stop_without_kafka_comes_to_an_end(
        self, broker: Broker, kafka_node: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(consumer, "STOP_SECONDS", 1.0)
        _, container = kafka_node
        reader, event = Reader(), uploaded()
        gate = reader.hold(event)
        made = await broker.run(reader.service)
        await broker.send(event)
        await eventually(lambda: reader.running == 1)
        await asyncio.to_thread(container.pause)
        try:
            gate.set()
            async with asyncio.timeout(30):
                await made.stop()
        finally:
            await asyncio.to_thread(container.unpause)
        successor = Reader()
        again = await broker.run(successor.service)
        await eventually(lambda: successor.handled == [event.document_id], seconds=90)
        await eventually(lambda: finished(again))


async def _sent(broker: Broker, event: Any) -> bool:
    """Publish once the broker takes it; the client's own queue keeps what it cannot."""
    await broker.send(event, event_id=event.document_id)
    return broker._producer.flush(0) == 0
