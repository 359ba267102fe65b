"""The dead-letter topics, read as a log, and what is put back from them.

A letter's metadata is kept in memory and its value is not: that is read when somebody wants to see it or to redrive it.
"""

import asyncio
import logging
from datetime import UTC, datetime
from uuid import UUID

from aiokafka import TopicPartition

from invoiceflow_chassis.dead_letters import DeadLetter, Fold, Origin, Payload, Place, Redriven, Selection
from invoiceflow_chassis.kafka import records
from invoiceflow_chassis.kafka.delivery import Sender
from invoiceflow_chassis.kafka.groups import consumed_topics, group_of
from invoiceflow_chassis.kafka.header_names import printable_name
from invoiceflow_chassis.kafka.log_reader import Bounds, LogReader
from invoiceflow_chassis.kafka.records import Record, redrive_mark, redriven_record
from invoiceflow_chassis.kafka.settings import KafkaSettings
from invoiceflow_contracts.topics import DEAD_LETTER_SUFFIX, RETRY_SUFFIX, TOPICS

__all__ = ["KafkaDeadLetters"]

_log = logging.getLogger(__name__)

LETTERS_AT_MOST = 20_000
PORTION_BYTES = 1024 * 1024
LONGEST_TEXT = 500
"""Characters kept of what a sender may have made of any length."""


class KafkaDeadLetters:
    """The ``DeadLetters`` port on a cluster; connects when first asked.

    Args:
        settings: how to reach the cluster.
        sender: puts back what is redriven.
        limit: how many letters are known at a time (see ``Fold``).
    """

    def __init__(self, settings: KafkaSettings, sender: Sender, *, limit: int = LETTERS_AT_MOST) -> None:
        self._sender = sender
        self._limit = limit
        self._reader = LogReader(
            settings, [topic + DEAD_LETTER_SUFFIX for topic in TOPICS], portion_bytes=PORTION_BYTES
        )
        self._fold = Fold(limit)
        self._positions: dict[TopicPartition, int] = {}
        self._lock = asyncio.Lock()

    async def find(self, selection: Selection) -> list[DeadLetter]:
        async with self._lock:
            await self._catch_up()
            return [letter for letter in self._fold.letters() if selection.matches(letter)]

    async def payload(self, letter: DeadLetter) -> Payload | None:
        record = await self._record_of(letter)
        if record is None:
            return None
        headers = tuple((printable_name(name), value) for name, value in record.headers)
        return Payload(record.key, record.value, headers)

    async def redrive(self, letter: DeadLetter) -> bool:
        record = await self._record_of(letter)
        if record is None or record.header(records.CUT_FROM) is not None:
            return False
        if not _is_consumed_by(letter.origin.topic, letter.origin.group):
            return False
        origin = (letter.origin.topic, letter.origin.partition, letter.origin.offset)
        number = letter.redrives + 1
        # In this order: a stop in between means that it is redriven once more, never that it is taken for redriven.
        await self._sender.send(redriven_record(record, group=letter.origin.group, origin=origin, number=number))
        await self._sender.send(
            redrive_mark(record, group=letter.origin.group, origin=origin, number=number, now=datetime.now(UTC))
        )
        return True

    async def close(self) -> None:
        """Disconnect."""
        await self._reader.close()

    async def _catch_up(self) -> None:
        """Read what has been added since, up to the end of now."""
        bounds = await self._reader.bounds()
        if any(
            position > bounds[partition][1] for partition, position in self._positions.items() if partition in bounds
        ):
            _log.warning("A dead-letter topic is shorter than it was; all are read anew.")
            self._fold, self._positions = Fold(self._limit), {}
        starts = {partition: max(self._positions.get(partition, 0), first) for partition, (first, _) in bounds.items()}
        ends = {partition: end for partition, (_, end) in bounds.items()}
        async for raw in self._reader.read(starts, ends):
            entry = _entry(Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, raw.headers))
            if entry is not None:
                self._fold.add(entry)
        self._positions = ends
        self._forget(bounds)

    def _forget(self, bounds: Bounds) -> None:
        beyond = self._fold.forget(
            {(partition.topic, partition.partition): first for partition, (first, _) in bounds.items()}
        )
        if beyond:
            _log.warning("There are more than %d dead letters; %d are not listed.", self._limit, beyond)

    async def _record_of(self, letter: DeadLetter) -> Record | None:
        partition, offset = TopicPartition(letter.place.topic, letter.place.partition), letter.place.offset
        first, end = (await self._reader.bounds()).get(partition, (0, 0))
        if not first <= offset < end:
            return None
        raw = (await self._reader.first({partition: offset}))[partition]
        if raw.offset != offset:
            return None
        return Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, raw.headers)


def _is_consumed_by(topic: str, group: str) -> bool:
    return any(topic in topics for service, topics in consumed_topics().items() if group_of(service) == group)


def _entry(record: Record) -> DeadLetter | Redriven | None:
    """Return what the record says, or None where it is none of ours."""
    origin, redrives = _origin(record), records.number_in(record, records.REDRIVES)
    if origin is None:
        return None
    redriven_at = _time(record, records.REDRIVEN_AT)
    if redriven_at is not None:
        return Redriven(origin, redrives, redriven_at)
    return DeadLetter(
        origin=origin,
        place=Place(record.topic, record.partition, record.offset),
        code=_text(record, records.ERROR_CODE) or "",
        message=_text(record, records.ERROR_MESSAGE) or "",
        attempts=records.number_in(record, records.ATTEMPT),
        redrives=redrives,
        dead_at=_time(record, records.DEAD_AT) or datetime.fromtimestamp(0, UTC),
        document_id=_document(record),
        event_id=_text(record, "ce_id"),
        event_type=_text(record, "ce_type"),
        source=_text(record, "ce_source"),
        size=len(record.value or b""),
    )


def _origin(record: Record) -> Origin | None:
    topic, group = record.header(records.ORIGIN_TOPIC), record.header(records.GROUP)
    try:
        partition = int(record.header(records.ORIGIN_PARTITION) or "")
        offset = int(record.header(records.ORIGIN_OFFSET) or "")
    except ValueError:
        return None
    if not topic or not group or topic.removesuffix(RETRY_SUFFIX) != record.main_topic:
        return None
    return Origin(topic, partition, offset, group)


def _time(record: Record, header: str) -> datetime | None:
    try:
        return datetime.fromisoformat(record.header(header) or "").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(record: Record, header: str) -> str | None:
    text = record.header(header)
    return None if text is None else text[:LONGEST_TEXT]


def _document(record: Record) -> UUID | None:
    """Return the document's id as the event's subject names it, or the key of an event that is none."""
    key = (record.key or b"").decode("utf-8", "replace")
    for text in (record.header("ce_subject"), key):
        try:
            return UUID(text or "")
        except ValueError:
            continue
    return None
