"""Batches with header names that are not UTF-8 are read, and what that leans on in aiokafka is still there."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords, _MemoryRecordsPy

from invoiceflow_chassis.kafka import header_names
from invoiceflow_chassis.kafka.header_names import printable_name, take_any_header_name
from invoiceflow_chassis.testing.record_batches import CODECS, RawRecord, record_batch

PARTITION = TopicPartition("t", 0)
ODD = b"\xff\xfe"
Unpacked = tuple[int, int, bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]


@pytest.fixture(params=["in C", "in Python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of aiokafka's two parsers."""
    if request.param == "in Python":
        monkeypatch.setattr("aiokafka.record.memory_records.DefaultRecordBatch", _DefaultRecordBatchPy)
        monkeypatch.setattr(header_names, "MemoryRecords", _MemoryRecordsPy)
    elif MemoryRecords is _MemoryRecordsPy:
        pytest.skip("aiokafka was installed without its extension in C")
    return str(request.param)


def at(offset: int, batch: bytes) -> bytes:
    """Return the batch as a broker gives it back that has put it at ``offset``: the checksum does not cover that."""
    return offset.to_bytes(8, "big") + batch[8:]


def unpack(data: bytes, fetch_offset: int = 0) -> list[Unpacked]:
    """Return what the fetcher makes of the bytes that were fetched from ``fetch_offset`` on."""
    take_any_header_name()
    records: Any = fetcher.PartitionRecords(
        PARTITION, fetcher.MemoryRecords(data), [], fetch_offset, None, None, True, fetcher.READ_UNCOMMITTED
    )
    return [(one.offset, one.timestamp, one.key, one.value, one.headers) for one in records]


def records_with_an_odd_name_at(place: int, count: int = 5) -> list[RawRecord]:
    return [
        RawRecord(
            f"value {number} ".encode() * 40,
            [(b"plain", None), (ODD if number == place else b"name", b"\x80"), ("\u540d".encode(), b"")],
            key=None if number % 2 else b"\xff%d" % number,
            timestamp=1_700_000_000_000 - number,
        )
        for number in range(count)
    ]


def as_unpacked(records: Sequence[RawRecord], base: int = 0) -> list[Unpacked]:
    return [
        (
            base + number,
            record.timestamp or 0,
            record.key,
            record.value,
            tuple((name.decode(errors="surrogateescape"), value) for name, value in record.headers),
        )
        for number, record in enumerate(records)
    ]


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("compression", CODECS)
@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_batch_is_read_whole_and_in_order_wherever_the_odd_name_stands(compression: str, place: int) -> None:
    records = records_with_an_odd_name_at(place)
    batch = record_batch(records, compression=compression)
    assert batch[22] & 7 == CODECS[compression]
    assert unpack(batch) == as_unpacked(records)


@pytest.mark.usefixtures("parser")
def test_what_stands_before_the_position_is_passed_over_and_the_batches_around_are_read() -> None:
    before, odd, after = (records_with_an_odd_name_at(place) for place in (9, 3, 9))
    batches = [at(100, record_batch(before)), at(105, record_batch(odd)), at(200, record_batch(after))]
    wanted = [*as_unpacked(before, 100), *as_unpacked(odd, 105), *as_unpacked(after, 200)]
    for position in range(100, 105):
        assert unpack(b"".join(batches), position) == wanted[position - 100 :]
    for position in range(105, 110):
        assert unpack(b"".join(batches[1:]), position) == wanted[position - 100 :]
    # The last batch was cut short by the size of the answer; it is fetched again.
    assert unpack(b"".join(batches)[:-1], 100) == wanted[:10]


@pytest.mark.usefixtures("parser")
def test_the_time_of_the_log_counts_where_the_topic_says_so() -> None:
    batch = bytearray(record_batch(records_with_an_odd_name_at(1)))
    batch[22] |= 8  # LogAppendTime; a broker sets the largest timestamp to it
    take_any_header_name()
    times = {record.timestamp for record in fetcher.MemoryRecords(bytes(batch)).next_batch()}
    assert times == {1_700_000_000_000}


@pytest.mark.usefixtures("parser")
def test_a_batch_that_is_damaged_is_refused_as_ever() -> None:
    batch = bytearray(record_batch([RawRecord(b"value")]))
    batch[-1] ^= 1
    with pytest.raises(CorruptRecordException):
        unpack(bytes(batch))
    uncovered = record_batch([RawRecord(b"value")])[:-1] + b"\x02"  # a header that is not there
    take_any_header_name()
    with pytest.raises(Exception, match=r"(?i)record|read|range|bytes"):
        list(fetcher.MemoryRecords(uncovered).next_batch())


def test_a_name_is_shown_as_it_came_as_far_as_it_can_be_read() -> None:
    assert printable_name("ce_type") == "ce_type"
    assert printable_name("caf\u00e9") == "caf\u00e9"
    assert printable_name(b"caf\xe9 \xe5\x90\x8d".decode(errors="surrogateescape")) == "caf\\xe9 \u540d"


# -- what of aiokafka is leant on: where one of these fails, read header_names again before the version is raised --------


def test_the_fetcher_makes_its_records_by_the_name_that_is_replaced() -> None:
    source = inspect.getsource(fetcher.Fetcher._proc_fetch_request)
    assert "records = MemoryRecords(part_data[-1])" in source
    assert {"has_next", "size_in_bytes"} <= _asked_of("records", source)
    unpacking = inspect.getsource(PartitionRecords._unpack_records)
    assert _asked_of("records", unpacking) == {"has_next", "next_batch"}
    assert "for record in next_batch:" in unpacking


def test_without_the_help_both_parsers_give_up() -> None:
    """Once this fails aiokafka reads such names by itself, and the module may go."""
    batch = record_batch(records_with_an_odd_name_at(0))
    makers: list[Callable[[bytes], Any]] = [DefaultRecordBatch, _DefaultRecordBatchPy]
    for make in makers:
        with pytest.raises((UnicodeDecodeError, CorruptRecordException)):
            list(make(batch))


def _asked_of(name: str, source: str) -> set[str]:
    return {part.split("(")[0] for part in source.replace("self._records", "").split(f"{name}.")[1:]}
