"""How far the groups are behind, on the embedded broker and on a real Kafka."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.kafka import KafkaSettings
from invoiceflow_chassis.kafka.lag import KafkaBacklog
from invoiceflow_chassis.lag import TopicLag
from invoiceflow_chassis.testing.documents import Reader, uploaded
from invoiceflow_chassis.testing.kafka import Broker, eventually
from invoiceflow_chassis.testing.record_batches import RawRecord
from invoiceflow_contracts.topics import TOPICS

pytestmark = pytest.mark.slow


async def lag_of(backlog: KafkaBacklog, group: str, topic: str) -> TopicLag:
    (found,) = [one for one in await backlog.lag() if (one.group, one.topic) == (group, topic)]
    return found


async def test_every_group_is_listed_with_its_topics_and_their_retries(broker: Broker) -> None:
    transport = await broker.run(Reader().service)
    assert {(one.group, one.topic) for one in await transport.backlog.lag()} == {
        (f"invoiceflow-{service}", name)
        for topic in TOPICS.values()
        for service in set(topic.consumers) - {"upstream", "downstream"}
        for name in (topic.name, topic.retry)
    }
    assert all(one.partitions == 4 for one in await transport.backlog.lag())


async def test_nothing_waits_where_nothing_was_published(broker: Broker) -> None:
    transport = await broker.run(Reader().service)
    assert sum(one.lag for one in await transport.backlog.lag()) == 0
    assert await transport.backlog.oldest_waiting() is None


@pytest.mark.parametrize("bootstrap", ["embedded"], indirect=True)  # Kafka from 4.0 on refuses a time to come
@pytest.mark.parametrize("timestamp", [-(2**62), -1, 0, 2**62])
async def test_a_time_that_no_clock_shows_is_taken_for_the_nearest_that_may_be(broker: Broker, timestamp: int) -> None:
    transport = await broker.run(Reader().service)
    await broker.send_batch("document.failed", [RawRecord(b"", timestamp=timestamp)], partition=0)
    absent = await lag_of(transport.backlog, "invoiceflow-query", "document.failed")
    assert absent.lag == 1
    assert absent.oldest_waiting is not None
    assert datetime.fromtimestamp(0, UTC) <= absent.oldest_waiting <= datetime.now(UTC)


async def test_a_group_that_has_finished_has_no_lag_and_one_that_never_came_has_it_all(broker: Broker) -> None:
    reader = Reader()
    transport = await broker.run(reader.service)
    before = datetime.now(UTC)
    for _ in range(5):
        await broker.send(uploaded())
    await eventually(lambda: len(reader.handled) == 5)

    async def is_finished() -> bool:
        return (await lag_of(transport.backlog, "invoiceflow-ocr", "document.uploaded")).lag == 0

    await eventually(is_finished)
    finished = await lag_of(transport.backlog, "invoiceflow-ocr", "document.uploaded")
    assert (finished.committed, finished.end, finished.oldest_waiting) == (5, 5, None)
    assert finished.seconds(datetime.now(UTC)) == 0
    absent = await lag_of(transport.backlog, "invoiceflow-query", "document.uploaded")
    assert (absent.committed, absent.end, absent.lag) == (0, 5, 5)
    assert absent.oldest_waiting is not None
    assert before - timedelta(seconds=1) <= absent.oldest_waiting <= datetime.now(UTC)
    assert absent.seconds(absent.oldest_waiting + timedelta(minutes=2)) == 120


async def test_the_oldest_record_that_waits_is_the_first_unfinished_one(broker: Broker) -> None:
    reader = Reader()
    slow, quick = uploaded(), [uploaded() for _ in range(3)]
    gate = reader.hold(slow)
    transport = await broker.run(reader.service)
    await broker.send(quick[0], partition=0)
    await eventually(lambda: len(reader.handled) == 1)
    await broker.send(slow, partition=0)
    for event in quick[1:]:
        await broker.send(event, partition=0)
    await eventually(lambda: len(reader.handled) == 3)

    async def waits_for_the_slow_one() -> bool:
        return (await lag_of(transport.backlog, "invoiceflow-ocr", "document.uploaded")).committed == 1

    await eventually(waits_for_the_slow_one)
    records = await broker.read("document.uploaded", 4)
    held = await lag_of(transport.backlog, "invoiceflow-ocr", "document.uploaded")
    assert held.lag == 3
    assert held.oldest_waiting == datetime.fromtimestamp(records[1].timestamp / 1000, UTC)
    # Query has consumed nothing, so the very first record waits for it.
    assert await transport.backlog.oldest_waiting() == datetime.fromtimestamp(records[0].timestamp / 1000, UTC)
    gate.set()

    async def is_finished() -> bool:
        one = await lag_of(transport.backlog, "invoiceflow-ocr", "document.uploaded")
        return (one.lag, one.oldest_waiting) == (0, None)

    await eventually(is_finished)


async def test_a_record_that_waits_for_its_next_attempt_is_lag_of_the_retry_topic(broker: Broker) -> None:
    reader = Reader()
    event = uploaded()
    reader.errors[event.document_id] = [TransientError("store_unavailable", "Try again.")]
    broker.settings = broker.settings.model_copy(update={"retry_delays_seconds": (3600.0,)})
    transport = await broker.run(reader.service)
    await broker.send(event, event_id=uuid4())

    async def waits() -> bool:
        one = await lag_of(transport.backlog, "invoiceflow-ocr", "document.uploaded.retry")
        return one.lag == 1 and one.oldest_waiting is not None

    await eventually(waits)


async def test_while_kafka_does_not_answer_nothing_is_claimed() -> None:
    backlog = KafkaBacklog(KafkaSettings(bootstrap_servers="127.0.0.1:1"))
    with pytest.raises(TransientError, match="broker_unavailable"):
        await backlog.oldest_waiting()
    await backlog.close()
