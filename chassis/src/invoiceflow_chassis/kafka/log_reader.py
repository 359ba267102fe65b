"""Reading partitions without a group: from given offsets up to what is there, with nothing committed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.kafka.fetched import let_go_of_fetched_records
from invoiceflow_chassis.kafka.header_names import take_any_header_name
from invoiceflow_chassis.kafka.settings import KafkaSettings

__all__ = ["Bounds", "LogReader", "broker_unavailable"]

Bounds = Mapping[TopicPartition, tuple[int, int]]
"""By partition, the offset of the first record that is kept, and that of the next one to be written."""

TIMEOUT_SECONDS = 10.0
"""How long one look at the cluster may take; reading what was found is given as long for each portion."""
POLL_MS = 250


def broker_unavailable() -> TransientError:
    """Return what a client is told while the cluster does not answer."""
    return TransientError("broker_unavailable", "Kafka does not answer. Try again in a moment.")


class LogReader:
    """Reads any partition of some topics; connects when first asked, and anew after a failure.

    Every method raises ``TransientError`` when the cluster does not answer.

    Args:
        settings: how to reach the cluster.
        topics: what may be read. They must exist: the client would wait for a missing one.
        portion_bytes: how much is fetched of a partition at a time; a record that is larger is fetched all the same.
    """

    def __init__(self, settings: KafkaSettings, topics: Collection[str], *, portion_bytes: int) -> None:
        self._settings = settings
        self._topics = tuple(topics)
        self._portion_bytes = portion_bytes
        self._consumer: AIOKafkaConsumer | None = None
        self._lock = asyncio.Lock()

    async def bounds(self) -> Bounds:
        """Return what there is of every partition now."""
        async with self._consuming() as consumer, asyncio.timeout(TIMEOUT_SECONDS):
            partitions = consumer.assignment()
            first, end = await asyncio.gather(consumer.beginning_offsets(partitions), consumer.end_offsets(partitions))
            return {partition: (first[partition], end[partition]) for partition in partitions}

    async def first(
        self, offsets: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, "ConsumerRecord[bytes, bytes]"]:
        """Return, for each partition, the first record at or after its offset. There must be one."""
        found: dict[TopicPartition, ConsumerRecord[bytes, bytes]] = {}
        async with self._consuming() as consumer, asyncio.timeout(TIMEOUT_SECONDS):
            _turn_to(consumer, offsets)
            while waiting := offsets.keys() - found.keys():
                for partition, records in (await consumer.getmany(*waiting, timeout_ms=POLL_MS, max_records=1)).items():
                    if records and records[0].offset >= offsets[partition]:
                        found[partition] = records[0]
                        consumer.pause(partition)
        return found

    async def read(
        self, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncGenerator["ConsumerRecord[bytes, bytes]", None]:
        """Yield the records of each partition from its start to before its end, in its order."""
        left = {partition for partition, start in starts.items() if start < ends[partition]}
        async with self._consuming() as consumer:
            _turn_to(consumer, {partition: starts[partition] for partition in left})
            while left:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    portion = await consumer.getmany(*left, timeout_ms=POLL_MS)
                    while not portion and left:
                        # Only what is no record (a transaction's marker, say) may have been left of a partition.
                        left = await _unfinished(consumer, left, ends)
                        portion = await consumer.getmany(*left, timeout_ms=POLL_MS) if left else {}
                for partition, records in portion.items():
                    for record in records:
                        if record.offset < ends[partition]:
                            yield record
                left = await _unfinished(consumer, left, ends)

    async def close(self) -> None:
        """Disconnect."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await consumer.stop()

    @asynccontextmanager
    async def _consuming(self) -> AsyncIterator[AIOKafkaConsumer]:
        async with self._lock:
            try:
                if self._consumer is None:
                    self._consumer = await self._connect()
                yield self._consumer
            except (KafkaError, IllegalStateError, OSError) as error:  # TimeoutError among them
                await self.close()
                raise broker_unavailable() from error

    async def _connect(self) -> AIOKafkaConsumer:
        take_any_header_name()
        let_go_of_fetched_records()
        consumer = AIOKafkaConsumer(
            *self._topics,
            group_id=None,
            enable_auto_commit=False,
            # What retention has deleted meanwhile is passed over.
            auto_offset_reset="earliest",
            fetch_max_wait_ms=self._settings.fetch_max_wait_ms,
            max_partition_fetch_bytes=self._portion_bytes,
            **self._settings.client(),
        )
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await consumer.start()
        except BaseException:
            await consumer.stop()
            raise
        consumer.pause(*consumer.assignment())
        return consumer


def _turn_to(consumer: AIOKafkaConsumer, offsets: Mapping[TopicPartition, int]) -> None:
    """Fetch these partitions from these offsets, and no others."""
    consumer.pause(*consumer.assignment())
    for partition, offset in offsets.items():
        consumer.seek(partition, offset)
        consumer.resume(partition)


async def _unfinished(
    consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition], ends: Mapping[TopicPartition, int]
) -> set[TopicPartition]:
    left: set[TopicPartition] = set()
    for partition in partitions:
        if await consumer.position(partition) < ends[partition]:
            left.add(partition)
        else:
            consumer.pause(partition)
    return left
