"""Records as they come from and go to Kafka, and the headers the delivery puts on them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from invoiceflow_contracts.topics import DEAD_LETTER_SUFFIX, RETRY_SUFFIX

__all__ = [
    "OutgoingRecord",
    "Record",
    "Retry",
    "cut",
    "dead_letter",
    "number_in",
    "redrive_mark",
    "redriven_record",
    "retry_record",
]

KEPT_OF_KEY = 1024
KEPT_OF_VALUE = 64 * 1024
"""Bytes that are left of a letter which is larger than may be sent."""

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
REDRIVES = "invoiceflow_redrives"
REDRIVEN_AT = "invoiceflow_redriven_at"
CUT_FROM = "invoiceflow_cut_from"

OURS = frozenset(
    {
        ATTEMPT,
        NOT_BEFORE,
        GROUP,
        ERROR_CODE,
        ERROR_MESSAGE,
        ORIGIN_TOPIC,
        ORIGIN_PARTITION,
        ORIGIN_OFFSET,
        DEAD_AT,
        REDRIVES,
        REDRIVEN_AT,
        CUT_FROM,
    }
)
"""The headers that only the delivery sets; of a record that comes in with one of them it is dropped."""


@dataclass(frozen=True)
class Record:
    """A record read from a partition, undecoded."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    """A name that is not UTF-8 holds lone surrogates (see ``header_names``)."""

    @property
    def main_topic(self) -> str:
        """The topic without ``.retry`` or ``.dlq``."""
        return self.topic.removesuffix(RETRY_SUFFIX).removesuffix(DEAD_LETTER_SUFFIX)

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
    partition: int | None = None
    """Where to, if not where the key leads."""


@dataclass(frozen=True)
class Retry:
    """Where a record stands in its attempts."""

    attempt: int = 1
    not_before: datetime | None = None
    group: str | None = None
    origin: tuple[str, int, int] | None = None
    """Topic, partition and offset where the record first stood."""
    redrives: int = 0
    """How often it has come back from the dead letters."""

    @classmethod
    def of(cls, record: Record) -> "Retry":
        """Read the retry headers; whatever cannot be read counts as absent, so that the record is handled."""
        if not record.is_retry:
            return cls(origin=(record.topic, record.partition, record.offset))
        attempt, redrives = max(1, number_in(record, ATTEMPT)), number_in(record, REDRIVES)
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
        return cls(attempt, not_before, record.header(GROUP), origin, redrives)


def number_in(record: Record, header: str) -> int:
    """Return the number that the header holds; 0 where it holds none, or a negative one."""
    try:
        return max(0, int(record.header(header) or 0))
    except ValueError:
        return 0


def _text(**headers: object) -> list[tuple[str, bytes | None]]:
    return [(name, str(value).encode()) for name, value in headers.items()]


def _without_ours(headers: Headers) -> list[tuple[str, bytes | None]]:
    return [(name, value) for name, value in headers if name not in OURS]


def _origin(record: Record) -> tuple[str, int, int]:
    return Retry.of(record).origin or (record.topic, record.partition, record.offset)


def _origin_headers(origin: tuple[str, int, int], group: str, redrives: int) -> dict[str, object]:
    topic, partition, offset = origin
    return {
        GROUP: group,
        ORIGIN_TOPIC: topic,
        ORIGIN_PARTITION: partition,
        ORIGIN_OFFSET: offset,
        **({REDRIVES: redrives} if redrives else {}),
    }


def retry_record(
    record: Record, *, group: str, attempt: int, delay: timedelta, code: str, now: datetime
) -> OutgoingRecord:
    """Return the record for ``<topic>.retry``: the same bytes, to be handled by ``group`` after ``delay``."""
    ours = {
        ATTEMPT: attempt,
        NOT_BEFORE: (now + delay).isoformat(),
        ERROR_CODE: code,
        **_origin_headers(_origin(record), group, Retry.of(record).redrives),
    }
    return OutgoingRecord(
        record.main_topic + RETRY_SUFFIX, record.key, record.value, [*_without_ours(record.headers), *_text(**ours)]
    )


def dead_letter(record: Record, *, group: str, attempts: int, code: str, message: str, now: datetime) -> OutgoingRecord:
    """Return the record for ``<topic>.dlq``: key, value and headers as they came, and why it is there."""
    ours = {
        ATTEMPT: attempts,
        ERROR_CODE: code,
        ERROR_MESSAGE: message,
        DEAD_AT: now.isoformat(),
        **_origin_headers(_origin(record), group, Retry.of(record).redrives),
    }
    return OutgoingRecord(
        record.main_topic + DEAD_LETTER_SUFFIX,
        _sendable_key(record),
        record.value,
        [*_without_ours(record.headers), *_text(**ours)],
    )


def cut(letter: OutgoingRecord) -> OutgoingRecord:
    """Return the letter with only the beginning of what is large in it, for one that is larger than may be sent.

    A compressed record counts by its compressed size where it comes in, so it may be of any size once it is read.
    """
    value = letter.value or b""
    kept = [
        (name, content)
        for name, content in letter.headers
        if name in OURS or (name.startswith("ce_") and len(content or b"") <= KEPT_OF_KEY)
    ]
    return replace(
        letter,
        key=letter.key and letter.key[:KEPT_OF_KEY],
        value=value[:KEPT_OF_VALUE],
        headers=[*kept, (CUT_FROM, str(len(value)).encode())],
    )


def redriven_record(letter: Record, *, group: str, origin: tuple[str, int, int], number: int) -> OutgoingRecord:
    """Return the record for ``<topic>.retry`` that gives ``letter`` back to ``group`` at once, as it first came."""
    ours = {ATTEMPT: 1, **_origin_headers(origin, group, number)}
    return OutgoingRecord(
        letter.main_topic + RETRY_SUFFIX,
        _sendable_key(letter),
        letter.value,
        [*_without_ours(letter.headers), *_text(**ours)],
    )


def redrive_mark(
    letter: Record, *, group: str, origin: tuple[str, int, int], number: int, now: datetime
) -> OutgoingRecord:
    """Return the record that says that ``letter`` has been redriven for the ``number``-th time.

    It goes to the letter's partition, where it is kept at least as long as the letter.
    """
    ours = {REDRIVEN_AT: now.isoformat(), **_origin_headers(origin, group, number)}
    return OutgoingRecord(letter.topic, letter.key or b"", None, _text(**ours), partition=letter.partition)


def _sendable_key(record: Record) -> bytes | None:
    """Return the key; empty where there is neither key nor value, which the client refuses to send."""
    return b"" if record.key is None and record.value is None else record.key
