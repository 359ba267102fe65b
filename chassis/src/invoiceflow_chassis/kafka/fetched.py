"""What was fetched of a partition and is not wanted any more, let go of at once.

aiokafka 0.14 reads the bytes of a fetch through a generator that refers to the object that holds it. Where a partition is
paused before they are read to their end, as back-pressure does all the time, the two keep each other and the bytes alive until
the garbage collector comes by, which counts objects and not bytes: a service grew by 8 KB with every document.

What of aiokafka is leant on, each held by a test in ``tests/kafka/test_fetched.py``:

- ``aiokafka.consumer.fetcher`` calls ``PartitionRecords``, a name of that module;
- it iterates over what it gets, and asks it for ``next_fetch_offset``;
- the generator is ``PartitionRecords._records_iterator``.
"""

from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import PartitionRecords

__all__ = ["let_go_of_fetched_records"]


def let_go_of_fetched_records() -> None:
    """Make every consumer of this process free what it fetched once nobody reads it; again is the same as once."""
    fetcher.PartitionRecords = _FetchedRecords


class _FetchedRecords:
    """aiokafka's own records, in which nothing refers to this: it goes with its last reader, and the bytes with it."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._records = PartitionRecords(*arguments, **named)

    @property
    def next_fetch_offset(self) -> int:
        offset: int = self._records.next_fetch_offset
        return offset

    def __iter__(self) -> "_FetchedRecords":
        return self

    def __next__(self) -> Any:
        return next(self._records)

    def __del__(self) -> None:
        self._records._records_iterator = None  # noqa: SLF001 -- the generator that refers back to its records
