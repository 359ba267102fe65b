"""What the consumer groups have not finished, and since when the oldest of it has been waiting.

A look costs a dozen requests however much there is: offsets are asked for, and of each partition with lag the one record
that stands at the committed offset is read for its timestamp, once.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from invoiceflow_chassis.kafka.groups import consumed_topics, group_of
from invoiceflow_chassis.kafka.log_reader import TIMEOUT_SECONDS, Bounds, LogReader, broker_unavailable
from invoiceflow_chassis.kafka.settings import KafkaSettings
from invoiceflow_chassis.lag import TopicLag, earliest

__all__ = ["KafkaBacklog"]

PORTION_BYTES = 64 * 1024

Offsets = dict[TopicPartition, int]


class KafkaBacklog:
    """The ``Backlog`` port on a cluster; connects when first asked."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._topics = {group_of(service): topics for service, topics in consumed_topics().items()}
        every = {topic for topics in self._topics.values() for topic in topics}
        self._reader = LogReader(settings, sorted(every), portion_bytes=PORTION_BYTES)
        self._admin: AIOKafkaAdminClient | None = None
        self._lock = asyncio.Lock()
        self._read: dict[TopicPartition, dict[int, datetime]] = {}
        """Timestamps of records at committed offsets: a record never changes, so it is read once."""

    async def lag(self) -> tuple[TopicLag, ...]:
        async with self._lock:
            bounds = await self._reader.bounds()
            partitions = {
                group: [partition for partition in bounds if partition.topic in topics]
                for group, topics in self._topics.items()
            }
            committed = {group: await self._committed(group, partitions[group], bounds) for group in self._topics}
            await self._read_times(committed.values(), bounds)
            return tuple(
                self._topic_lag(group, topic, committed[group], bounds)
                for group, topics in self._topics.items()
                for topic in topics
            )

    async def oldest_waiting(self) -> datetime | None:
        return earliest(one.oldest_waiting for one in await self.lag())

    async def close(self) -> None:
        """Disconnect."""
        await self._reader.close()
        await self._close_admin()

    def _topic_lag(self, group: str, topic: str, committed: Offsets, bounds: Bounds) -> TopicLag:
        of_topic = [partition for partition in committed if partition.topic == topic]
        return TopicLag(
            group=group,
            topic=topic,
            partitions=len(of_topic),
            committed=sum(committed[partition] for partition in of_topic),
            end=sum(bounds[partition][1] for partition in of_topic),
            oldest_waiting=earliest(
                self._read.get(partition, {}).get(committed[partition])
                for partition in of_topic
                if committed[partition] < bounds[partition][1]
            ),
        )

    async def _committed(self, group: str, partitions: list[TopicPartition], bounds: Bounds) -> Offsets:
        """Return the group's offsets; the first kept one where it has committed none, or what is deleted by now."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                if self._admin is None:
                    self._admin = await self._connect()
                # Named one by one: the embedded broker gives nothing to whom asks for all.
                answer = await self._admin.list_consumer_group_offsets(group, partitions=partitions)
        except (KafkaError, OSError) as error:
            await self._close_admin()
            raise broker_unavailable() from error
        if answer.keys() != set(partitions):
            # The client drops the error of the whole answer (a coordinator that is still loading, say). Taken for a
            # group that has committed nothing, everything ever published would count as waiting.
            raise broker_unavailable()
        return {
            # Asked at different times: what was committed since the ends were asked for is no negative lag.
            partition: min(max(answer[partition].offset, bounds[partition][0]), bounds[partition][1])
            for partition in partitions
        }

    async def _read_times(self, committed: Iterable[Offsets], bounds: Bounds) -> None:
        wanted: dict[TopicPartition, set[int]] = {}
        for offsets in committed:
            for partition, offset in offsets.items():
                if offset < bounds[partition][1]:
                    wanted.setdefault(partition, set()).add(offset)
        known = {
            partition: {offset: time for offset, time in times.items() if offset in wanted.get(partition, ())}
            for partition, times in self._read.items()
        }
        while missing := _one_of_each(wanted, known):
            for partition, record in (await self._reader.first(missing)).items():
                known.setdefault(partition, {})[missing[partition]] = _time(record.timestamp)
        self._read = known

    async def _connect(self) -> AIOKafkaAdminClient:
        admin = AIOKafkaAdminClient(**self._settings.client())
        try:
            await admin.start()
        except BaseException:
            await admin.close()
            raise
        return admin

    async def _close_admin(self) -> None:
        admin, self._admin = self._admin, None
        if admin is not None:
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await admin.close()


def _time(timestamp: int) -> datetime:
    """Return the time of a record; its sender chose it, and none waits since before 1970 or from later than now."""
    return datetime.fromtimestamp(min(max(timestamp / 1000, 0), time.time()), UTC)


def _one_of_each(
    wanted: Mapping[TopicPartition, set[int]], known: Mapping[TopicPartition, Mapping[int, object]]
) -> Offsets:
    """Return, for each partition, one wanted offset that is not known yet: groups may stand at different ones."""
    missing = {partition: offsets - known.get(partition, {}).keys() for partition, offsets in wanted.items()}
    return {partition: min(offsets) for partition, offsets in missing.items() if offsets}
