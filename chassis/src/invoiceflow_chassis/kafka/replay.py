"""What a service consumes, read once more beside its consumer group and without touching the group's offsets."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from faststream.kafka.security import parse_security

from invoiceflow_chassis.kafka.groups import consumed_topics, group_of
from invoiceflow_chassis.kafka.log_reader import TIMEOUT_SECONDS, LogReader, broker_unavailable
from invoiceflow_chassis.kafka.settings import KafkaSettings
from invoiceflow_contracts.cloudevents import DecodeError, decode
from invoiceflow_contracts.events import Event
from invoiceflow_contracts.topics import RETRY_SUFFIX, topic_of

__all__ = ["Replay", "replaying"]

PORTION_BYTES = 1024 * 1024
EVENTS_AT_ONCE = 200


class Replay:
    """The records of a service's topics and their retry partners, from fixed offsets on."""

    def __init__(
        self, reader: LogReader, accepted: Sequence[type[Event]], starts: Mapping[TopicPartition, int]
    ) -> None:
        self._reader = reader
        self._accepted = {topic_of(event).name: event for event in accepted}
        self._next = dict(starts)
        self.undecodable = 0
        """Records passed over, as they are no events; the service has put them to the dead letters."""

    async def until_now(self) -> AsyncIterator[list[tuple[Event, str]]]:
        """Yield events and their ids from where the last call ended, to the topics' ends at the time of this one.

        Raises:
            TransientError: the cluster does not answer.
        """
        bounds = await self._reader.bounds()
        ends = {partition: end for partition, (_, end) in bounds.items()}
        starts = {partition: self._next.get(partition, first) for partition, (first, _) in bounds.items()}
        events: list[tuple[Event, str]] = []
        async for record in self._reader.read(starts, ends):
            if event := self._event(record):
                events.append(event)
            if len(events) == EVENTS_AT_ONCE:
                yield events
                events = []
        if events:
            yield events
        self._next = ends

    def _event(self, record: "ConsumerRecord[bytes, bytes]") -> tuple[Event, str] | None:
        accepted = self._accepted[record.topic.removesuffix(RETRY_SUFFIX)]
        try:
            envelope, event = decode(record.value, record.headers, accept=(accepted,))
        except DecodeError:
            self.undecodable += 1
            return None
        return event, envelope.id


@asynccontextmanager
async def replaying(
    settings: KafkaSettings, service: str, events: Sequence[type[Event]], *, uncommitted_only: bool = False
) -> AsyncIterator[Replay]:
    """Give what ``service`` consumes; where it begins is fixed now.

    Args:
        settings: how to reach the cluster.
        service: whose topics to read.
        events: what they hold; a record that is no such event is passed over.
        uncommitted_only: begin with what the service's group has not committed, instead of all that is kept.

    Raises:
        TransientError: the cluster does not answer.
    """
    topics = consumed_topics()[service]
    reader = LogReader(settings, topics, portion_bytes=PORTION_BYTES)
    try:
        starts = {partition: first for partition, (first, _) in (await reader.bounds()).items()}
        if uncommitted_only:
            committed = await _committed(settings, group_of(service), list(starts))
            starts = {partition: max(first, committed[partition]) for partition, first in starts.items()}
        yield Replay(reader, events, starts)
    finally:
        await reader.close()


async def _committed(
    settings: KafkaSettings, group: str, partitions: list[TopicPartition]
) -> dict[TopicPartition, int]:
    """Return the group's offsets; -1 where it has committed none."""
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers, **parse_security(settings.security()))
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await admin.start()
            answer = await admin.list_consumer_group_offsets(group, partitions=partitions)
    except (KafkaError, OSError) as error:
        raise broker_unavailable() from error
    finally:
        await admin.close()
    if answer.keys() != set(partitions):
        # The client drops the error of the whole answer; see ``lag``.
        raise broker_unavailable()
    return {partition: answer[partition].offset for partition in partitions}
