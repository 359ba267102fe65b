"""Records as they come from and go to Kafka, and the headers the delivery puts on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from invoiceflow_contracts.topics import DEAD_LETTER_SUFFIX, RETRY_SUFFIX

__all__ = ["OutgoingRecord", "Record", "Retry", "dead_letter", "retry_record"]

Headers = Sequence[tuple[str, bytes | None]]

ATTEMPT = "invoiceflow_attempt"
NOT_BEFORE = "invoiceflow_not_before"
GROUP = "invoiceflow_group"
ERROR_CODE = "invoiceflow_error_code"
ERROR_MESSAGE = "invoiceflow_error_message"
ORIGIN_TOPIC = "invoiceflow_origin_topic"
ORIGIN_PARTITION = "invoiceflow_origin_partition"
ORIGIN_OFFSET = "invoiceflow_origin_offset"
DEAD_AT = "invoiceflow_dead_at"

_RETRY_HEADERS = (ATTEMPT, NOT_BEFORE, GROUP, ERROR_CODE, ORIGIN_TOPIC, ORIGIN_PARTITION, ORIGIN_OFFSET)


@dataclass(frozen=True)
class Record:
    """A record read from a partition, undecoded."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def main_topic(self) -> str:
        """The topic without ``.retry``."""
        return self.topic.removesuffix(RETRY_SUFFIX)

    @property
    def is_retry(self) -> bool:
        return self.topic.endswith(RETRY_SUFFIX)

    def header(self, name: str) -> str | None:
        """Return the first header of that name, or None; never fails on odd bytes."""
        for key, value in self.headers:
            if key == name and value is not None:
                return value.decode("utf-8", "replace")
        return None


@dataclass(frozen=True)
class OutgoingRecord:
    """A record to be sent."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True)
class Retry:
    """Where a record stands in its attempts."""

    attempt: int = 1
    not_before: datetime | None = None
    group: str | None = None
    origin: tuple[str, int, int] | None = None
    """Topic, partition and offset where the record first stood."""

    @classmethod
    def of(cls, record: Record) -> "Retry":
        """Read the retry headers; whatever cannot be read counts as absent, so that the record is handled."""
        if not record.is_retry:
            return cls(origin=(record.topic, record.partition, record.offset))
        try:
            attempt = max(1, int(record.header(ATTEMPT) or 1))
        except ValueError:
            attempt = 1
        try:
            stamp = record.header(NOT_BEFORE)
            not_before = datetime.fromisoformat(stamp).astimezone(UTC) if stamp else None
        except (ValueError, OverflowError):
            not_before = None
        try:
            origin = (
                record.header(ORIGIN_TOPIC) or record.topic,
                int(record.header(ORIGIN_PARTITION) or record.partition),
                int(record.header(ORIGIN_OFFSET) or record.offset),
            )
        except ValueError:
            origin = (record.topic, record.partition, record.offset)
        return cls(attempt, not_before, record.header(GROUP), origin)


def _text(**headers: object) -> list[tuple[str, bytes | None]]:
    return [(name, str(value).encode()) for name, value in headers.items()]


def _without_ours(headers: Headers) -> list[tuple[str, bytes | None]]:
    return [(name, value) for name, value in headers if name not in _RETRY_HEADERS]


def retry_record(
    record: Record, *, group: str, attempt: int, delay: timedelta, code: str, now: datetime
) -> OutgoingRecord:
    """Return the record for ``<topic>.retry``: the same bytes, to be handled by ``group`` after ``delay``."""
    topic, partition, offset = Retry.of(record).origin or (record.topic, record.partition, record.offset)
    ours = _text(
        **{
            ATTEMPT: attempt,
            NOT_BEFORE: (now + delay).isoformat(),
            GROUP: group,
            ERROR_CODE: code,
            ORIGIN_TOPIC: topic,
            ORIGIN_PARTITION: partition,
            ORIGIN_OFFSET: offset,
        }
    )
    return OutgoingRecord(
        record.main_topic + RETRY_SUFFIX, record.key, record.value, [*_without_ours(record.headers), *ours]
    )


def dead_letter(record: Record, *, group: str, attempts: int, code: str, message: str, now: datetime) -> OutgoingRecord:
    """Return the record for ``<topic>.dlq``: key, value and headers as they came, and why it is there."""
    topic, partition, offset = Retry.of(record).origin or (record.topic, record.partition, record.offset)
    ours = _text(
        **{
            ATTEMPT: attempts,
            GROUP: group,
            ERROR_CODE: code,
            ERROR_MESSAGE: message,
            ORIGIN_TOPIC: topic,
            ORIGIN_PARTITION: partition,
            ORIGIN_OFFSET: offset,
            DEAD_AT: now.isoformat(),
        }
    )
    # The client refuses a record with neither key nor value: an empty key stands for none.
    key = b"" if record.key is None and record.value is None else record.key
    return OutgoingRecord(
        record.main_topic + DEAD_LETTER_SUFFIX, key, record.value, [*_without_ours(record.headers), *ours]
    )
