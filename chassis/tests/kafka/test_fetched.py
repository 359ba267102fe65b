"""What was fetched and is not read to its end is freed without the garbage collector, and what that leans on is still there."""

import gc
import inspect
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.memory_records import MemoryRecords

from invoiceflow_chassis.kafka.fetched import let_go_of_fetched_records
from invoiceflow_chassis.testing.record_batches import RawRecord, record_batch

COUNT = 5


class Reader:
    """aiokafka's reader of what was fetched of a partition; its end can be seen."""

    def __init__(self) -> None:
        records = MemoryRecords(record_batch([RawRecord(b"%d" % number, []) for number in range(COUNT)]))
        self.has_next, self.next_batch = records.has_next, records.next_batch


@pytest.fixture(autouse=True)
def _without_the_collector() -> Iterator[None]:
    let_go_of_fetched_records()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def fetched(reader: Reader) -> Any:
    return fetcher.PartitionRecords(TopicPartition("t", 0), reader, [], 0, None, None, True, fetcher.READ_UNCOMMITTED)


@pytest.mark.parametrize("read", [0, 1, COUNT - 1, COUNT])
def test_however_much_of_it_was_read_it_goes_with_its_last_reader(read: int) -> None:
    reader = Reader()
    seen = weakref.ref(reader)
    records = fetched(reader)
    del reader
    assert [next(records).offset for _ in range(read)] == list(range(read))
    assert records.next_fetch_offset == read
    del records
    assert seen() is None


def test_all_of_it_is_read_in_order() -> None:
    assert [record.value for record in fetched(Reader())] == [b"%d" % number for number in range(COUNT)]


def test_the_fetcher_still_takes_the_name_from_its_module() -> None:
    source = inspect.getsource(fetcher.Fetcher)
    assert " PartitionRecords(" in source
