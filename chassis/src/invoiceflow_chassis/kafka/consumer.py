"""A service's consumer: many records at a time, committed in order, in one group.

FastStream drives the consumer with manual acknowledgement; each record is handed to a task of its own at once,
so the client keeps polling whatever a handler takes. When enough records of a topic are in flight its partitions
are paused, which keeps the consumer in its group (kafka: max.poll.interval.ms counts from the last poll).
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import KafkaAckableMessage, KafkaMessage

from invoiceflow_chassis.kafka.delivery import Processor
from invoiceflow_chassis.kafka.fetched import let_go_of_fetched_records
from invoiceflow_chassis.kafka.header_names import take_any_header_name
from invoiceflow_chassis.kafka.offsets import OffsetTracker
from invoiceflow_chassis.kafka.records import Record
from invoiceflow_chassis.kafka.settings import KafkaSettings
from invoiceflow_chassis.metrics import IN_FLIGHT
from invoiceflow_contracts.topics import RETRY_SUFFIX, TOPICS, topic_specs

if TYPE_CHECKING:
    from faststream.kafka.subscriber.usecase import DefaultSubscriber

__all__ = ["GroupConsumer"]

_log = logging.getLogger(__name__)

BACKLOG = 16
"""Records of a topic taken beyond those that are being handled, so that a free slot never waits for a fetch."""
COMMIT_SECONDS = 0.2
"""Between two commits while records are settled: an offset is worth a request only now and then, and what a killed
process had settled meanwhile comes again and changes nothing."""
RETRIES_WAITING = 1_000
"""Records of a retry topic that wait for their time at once."""
RETRY_BYTES_WAITING = 32 * 1024 * 1024
"""What those may hold: they wait for minutes, and a document may be in each."""
ANSWER_SECONDS = 2.0
"""Within this time Kafka tells offsets, or counts as away."""
CANCEL_SECONDS = 5.0
"""How long a handler that is stopped may take to see it."""
STOP_SECONDS = 10.0
"""How long committing and leaving the group may take at the end; without Kafka the client would wait for ever."""


class _Work:
    """A record on its way, and the task that settles it."""

    def __init__(self, record: Record, tracker: OffsetTracker) -> None:
        self.record = record
        self.tracker = tracker
        self.running = False
        """Whether its handler runs, and does not wait: for a slot, for its time, for its store."""
        self.task: asyncio.Task[None] | None = None


class GroupConsumer(ConsumerRebalanceListener):  # type: ignore[misc]
    """Consumes the topics of one service, and their retry partners, as one member of one group."""

    def __init__(
        self,
        processor: Processor,
        *,
        service: str,
        group: str,
        topics: Collection[str],
        settings: KafkaSettings,
    ) -> None:
        self._processor = processor
        self._service = service
        self._settings = settings
        self._owned: set[TopicPartition] = set()
        self._trackers: dict[TopicPartition, OffsetTracker] = {}
        self._work: set[_Work] = set()
        self._per_topic: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._unsettled = False
        self._paused: set[str] = set()
        self._dirty = asyncio.Event()
        self._committed: dict[TopicPartition, int] = {}
        self._committer: asyncio.Task[None] | None = None
        self._stopping = False
        self._revoking = False
        self._joined = False
        self._last_progress = time.monotonic()
        self._topics = tuple(topics)
        take_any_header_name()
        let_go_of_fetched_records()
        retries = [topic + RETRY_SUFFIX for topic in topics]
        # Producing is not FastStream's business here (see producer.py), so it opens no connection for it.
        self._broker = KafkaBroker(
            settings.servers,
            request_timeout_ms=settings.request_timeout_ms,
            security=settings.security(),
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,  # the handler takes the raw record; to work that out for each costs more than the rest
            graceful_timeout=1.0,
            logger=None,
        )
        self._subscriber: DefaultSubscriber = self._broker.subscriber(
            *topics,
            *retries,
            group_id=group,
            group_instance_id=settings.group_instance_id,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=settings.fetch_max_wait_ms,
            max_partition_fetch_bytes=max(
                spec.max_message_bytes for spec in topic_specs({topic: TOPICS[topic] for topic in topics})
            ),
            max_poll_interval_ms=settings.max_poll_interval_ms,
            session_timeout_ms=settings.session_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            rebalance_timeout_ms=settings.rebalance_timeout_ms,
            listener=self,
            parser=self._parse,
            decoder=self._pass_on,
            no_reply=True,
        )
        self._subscriber(self._take)

    @property
    def assigned(self) -> bool:
        """Whether the group has given this member its partitions; none, where others have them all.

        A group whose topics do not exist gives none either, and that is not taken for an assignment.
        """
        consumer = self._subscriber.consumer
        if consumer is None or not self._joined:
            return False
        return bool(consumer.assignment()) or all(map(consumer.partitions_for_topic, self._topics))

    async def is_stuck(self, patience: float) -> bool:
        """Return whether there is lag and nothing was taken or settled for ``patience`` seconds.

        A record that could not be settled holds its partition's offset back for good, so there is no waiting then. A broker
        that does not answer is no reason: restarting the consumer would not bring it back.
        """
        consumer = self._subscriber.consumer
        if consumer is None:
            return False
        if self._unsettled or (self._committer is not None and self._committer.done()):
            return True
        return time.monotonic() - self._last_progress >= patience and await self._has_work(consumer)

    async def _has_work(self, consumer: AIOKafkaConsumer) -> bool:
        """Return whether something is under way or could be fetched; not while Kafka does not answer."""
        assignment = consumer.assignment()
        finding_positions = asyncio.timeout(ANSWER_SECONDS)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                ends: dict[TopicPartition, int] = await consumer.end_offsets(assignment)
            if any(work.running or not work.record.is_retry for work in self._work):
                return True
            async with finding_positions:
                positions = {partition: await consumer.position(partition) for partition in assignment}
        except TimeoutError:
            # Where Kafka answers and the client does not even find where to begin, it is the client that is stuck.
            return finding_positions.expired()
        except KafkaError:
            return False
        return any(ends[partition] > positions[partition] for partition in assignment)

    # -- taking records -----------------------------------------------------------------------------------------------

    async def _parse(self, record: "ConsumerRecord[bytes, bytes]") -> KafkaMessage:
        """Wrap the raw record without looking at it: FastStream's own parser fails on headers that are not UTF-8."""
        return KafkaAckableMessage(
            body=record.value or b"",
            headers={},
            raw_message=record,
            message_id=f"{record.topic}-{record.partition}-{record.offset}",
            consumer=self._consumer(),
        )

    async def _pass_on(self, message: KafkaMessage) -> Any:
        return message.raw_message

    async def _take(self, raw: Any) -> None:
        partition = TopicPartition(raw.topic, raw.partition)
        if self._stopping or self._revoking or partition not in self._owned:
            # On its way to here while the partition was taken away: it is its next owner's.
            return
        tracker = self._trackers.setdefault(partition, OffsetTracker())
        tracker.begin(raw.offset)
        record = Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, raw.headers)
        work = _Work(record, tracker)
        self._work.add(work)
        self._last_progress = time.monotonic()
        self._per_topic[record.topic] += 1
        self._bytes[record.topic] += len(record.value or b"")
        IN_FLIGHT.labels(self._service, record.topic).inc()
        work.task = asyncio.create_task(self._settle(work), name=f"{record.topic}-{record.partition}-{record.offset}")
        if self._is_full(record):
            self._paused.add(record.topic)
            self._apply_pauses()

    async def _settle(self, work: _Work) -> None:
        record = work.record
        try:
            await self._processor.process(record, partial(self._note, work))
        except asyncio.CancelledError:
            # Handed back: not finished, so not committed, so delivered again.
            pass
        except Exception:  # noqa: BLE001  # logged with its trace; raising would end the task unseen
            # Nothing of this record may count as done; its partition stays behind it until the process is restarted.
            self._unsettled = True
            _log.exception("A record could not be settled: %s-%d-%d", record.topic, record.partition, record.offset)
        else:
            work.tracker.finish(record.offset)
            self._last_progress = time.monotonic()
            self._dirty.set()
        finally:
            self._work.discard(work)
            IN_FLIGHT.labels(self._service, record.topic).dec()
            self._per_topic[record.topic] -= 1
            self._bytes[record.topic] -= len(record.value or b"")
            if record.topic in self._paused and self._has_room(record):
                self._paused.discard(record.topic)
                self._apply_pauses()

    def _note(self, work: _Work, running: bool) -> None:  # noqa: FBT001 -- a state, not a flag
        """One that begins again and again because its store is away is waiting, not stuck."""
        work.running = running
        self._last_progress = time.monotonic()

    def _limit(self, record: Record) -> int:
        return RETRIES_WAITING if record.is_retry else self._processor.concurrency(record.topic) + BACKLOG

    def _is_full(self, record: Record) -> bool:
        waiting = record.is_retry and self._bytes[record.topic] >= RETRY_BYTES_WAITING
        return waiting or self._per_topic[record.topic] >= self._limit(record)

    def _has_room(self, record: Record) -> bool:
        """Whether there is room for some records, so that not every single one pauses and resumes the topic."""
        waiting = record.is_retry and self._bytes[record.topic] >= RETRY_BYTES_WAITING // 2
        return not waiting and self._per_topic[record.topic] < self._limit(record) - BACKLOG // 2

    def _apply_pauses(self) -> None:
        consumer = self._subscriber.consumer
        if consumer is None:
            return
        for partition in consumer.assignment():
            if self._stopping or partition.topic in self._paused:
                consumer.pause(partition)
            else:
                consumer.resume(partition)

    # -- committing ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Join the group and begin to consume; raises ``KafkaError`` while no broker answers."""
        await self._broker.start()
        self._committer = asyncio.create_task(self._commit_as_finished(), name=f"{self._service}-commit")

    async def _commit_as_finished(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            if await self._commit(list(self._trackers)):
                await asyncio.sleep(COMMIT_SECONDS)
            else:
                await asyncio.sleep(1)
                self._dirty.set()

    async def _commit(self, partitions: Collection[TopicPartition]) -> bool:
        offsets = {
            partition: offset
            for partition in partitions
            # Offered with one that is another member's, none would be committed.
            if partition in self._owned
            and partition in self._trackers
            and (offset := self._trackers[partition].committable) is not None
            and self._committed.get(partition) != offset
        }
        if not offsets:
            return True
        try:
            await self._consumer().commit(offsets)
        except (KafkaError, IllegalStateError) as error:
            # The records come again, here or at another member; they are handled idempotently.
            _log.warning("Offsets were not committed (%s).", type(error).__name__)
            return False
        self._committed.update(offsets)
        return True

    # -- rebalance and shutdown ---------------------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Finish what runs, hand back what waits, commit; then the partitions may go to another member."""
        self._revoking = True
        await self._drain(
            [work for work in self._work if TopicPartition(work.record.topic, work.record.partition) in revoked]
        )
        await self._commit(revoked)
        self._owned.difference_update(revoked)
        for partition in revoked:
            self._trackers.pop(partition, None)
            self._committed.pop(partition, None)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        self._joined = True
        self._revoking = False
        self._owned.update(assigned)
        self._last_progress = time.monotonic()
        self._apply_pauses()
        _log.info("%d partitions assigned.", len(assigned))

    async def stop(self) -> None:
        """Take nothing more, drain, commit, leave the group."""
        self._stopping = True
        if self._subscriber.consumer is not None:
            self._apply_pauses()
            await self._drain(list(self._work))
        if self._committer is not None:
            self._committer.cancel()
            await asyncio.wait([self._committer])
        # Not cancelled where it takes too long: halfway it would leave its connections open.
        leaving = asyncio.create_task(self._leave(), name=f"{self._service}-leave")
        _, still = await asyncio.wait([leaving], timeout=STOP_SECONDS)
        if still:
            _log.warning(
                "Kafka does not answer: the group is left without a word, and what was not committed comes again."
            )
        elif error := leaving.exception():
            _log.warning("The group could not be left in order (%s).", type(error).__name__)

    async def _leave(self) -> None:
        if self._subscriber.consumer is not None:
            await self._commit(list(self._trackers))
        await self._broker.stop()

    async def _drain(self, works: list[_Work]) -> None:
        tasks = {work: work.task for work in works if work.task is not None}
        for work, task in tasks.items():
            if not work.running:
                task.cancel()
        if tasks:
            await asyncio.wait(tasks.values(), timeout=self._settings.drain_seconds)
            for task in tasks.values():
                task.cancel()
            _, running = await asyncio.wait(tasks.values(), timeout=CANCEL_SECONDS)
            if running:
                # What they still finish is not committed: their partitions' trackers are gone.
                _log.error("%d handlers did not stop when they were told to.", len(running))

    def _consumer(self) -> AIOKafkaConsumer:
        consumer = self._subscriber.consumer
        if consumer is None:
            msg = "the consumer is not running"
            raise RuntimeError(msg)
        return consumer
