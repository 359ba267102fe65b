"""Records whose header names are not UTF-8, which aiokafka cannot unpack.

Kafka's protocol says that a header's name is a string, but no broker looks, and clients in C or Go write any bytes
there. aiokafka 0.14 decodes names strictly while it goes through a fetched batch, so such a record raises
``UnicodeDecodeError`` at each attempt to read it: FastStream begins its loop again and again, and the partition
stands still for good.

Here such a batch, and only such a one, is read on from the record that could not be unpacked. A name that is not UTF-8 then
holds lone surrogates (PEP 383), so that no byte of it is lost and everybody can tell: the contracts' decoder refuses
it, ``printable_name`` makes of it what can be sent and shown.

What of aiokafka is leant on, each held by a test in ``tests/kafka/test_header_names.py``:

- ``aiokafka.consumer.fetcher`` calls ``MemoryRecords``, a name of that module, with the bytes of a partition's answer;
- it asks that for ``has_next``, ``next_batch`` and ``size_in_bytes``, and goes through a batch by iteration;
- a batch tells its offsets, times and compression (``aiokafka.record._protocols``), and goes on doing so once it is read;
- ``DefaultRecord``, ``decode_varint`` and the codecs.

The format of a batch itself is Kafka's (KIP-98) and does not change within its magic number, 2.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from aiokafka import codec
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecord, DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import decode_varint

__all__ = ["printable_name", "take_any_header_name"]

_PLACE = struct.Struct(">qi")
"""Of a batch: the offset of its first record, and how many bytes follow."""
_COUNT = struct.Struct(">i")
_COUNT_AT: Final = 57
_RECORDS_AT: Final = 61

_DECOMPRESS: Final[Mapping[int, Callable[[bytes], bytes]]] = {
    DefaultRecordBatch.CODEC_NONE: bytes,
    DefaultRecordBatch.CODEC_GZIP: codec.gzip_decode,
    DefaultRecordBatch.CODEC_SNAPPY: codec.snappy_decode,
    DefaultRecordBatch.CODEC_LZ4: codec.lz4_decode,
    DefaultRecordBatch.CODEC_ZSTD: codec.zstd_decode,
}


def take_any_header_name() -> None:
    """Make every consumer of this process take records whatever their header names are; again is the same as once."""
    fetcher.MemoryRecords = _Fetched


def printable_name(name: str) -> str:
    r"""Return the name of a header with what is not UTF-8 in it written as ``\xff``."""
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


class _Fetched:
    """What was fetched of a partition: aiokafka's own reader, and the bytes that it keeps to itself."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._records = MemoryRecords(data)
        self.has_next = self._records.has_next
        self.size_in_bytes = self._records.size_in_bytes

    def next_batch(self) -> "_Batch | None":
        batch = self._records.next_batch()
        return None if batch is None else _Batch(batch, self._data)


class _Batch:
    """aiokafka's batch in everything but that iteration goes on where that one gives up."""

    def __init__(self, batch: Any, data: bytes) -> None:
        self._batch = batch
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        given = 0
        try:
            for record in self._batch:
                given += 1
                yield record
        except (UnicodeDecodeError, CorruptRecordException) as error:
            # The parser in Python, which serves where the one in C is not built, tells the one as the other.
            if not isinstance(error if isinstance(error, UnicodeDecodeError) else error.__cause__, UnicodeDecodeError):
                raise
        else:
            return
        yield from islice(_unpack(self._batch, _bytes_of(self._batch, self._data)), given, None)


def _bytes_of(batch: Any, data: bytes) -> bytes:
    """Return the batch's own part of what was fetched."""
    start = 0
    while True:
        base_offset, length = _PLACE.unpack_from(data, start)
        end = start + _PLACE.size + length
        if base_offset == batch.base_offset:
            return data[start:end]
        start = end


def _unpack(batch: Any, data: bytes) -> Iterator[DefaultRecord]:
    """Yield all records of a batch that is sound but for its header names.

    Args:
        batch: which tells what stands in the batch's head.
        data: its bytes, as they were fetched.
    """
    (count,) = _COUNT.unpack_from(data, _COUNT_AT)
    reader = _Reader(_DECOMPRESS[batch.compression_type](data[_RECORDS_AT:]))
    for _ in range(count):
        reader.number()  # the record's length
        reader.number()  # attributes, of which none is in use
        time_delta, offset_delta = reader.number(), reader.number()
        key, value = reader.nullable(), reader.nullable()
        headers: list[tuple[str, bytes | None]] = []
        for _ in range(reader.number()):
            name = (reader.nullable() or b"").decode("utf-8", "surrogateescape")
            headers.append((name, reader.nullable()))
        yield DefaultRecord(
            batch.base_offset + offset_delta,
            batch.max_timestamp if batch.timestamp_type else batch.first_timestamp + time_delta,
            batch.timestamp_type,
            key,
            value,
            headers,
        )


class _Reader:
    """Reads what records are made of: numbers of variable length, and bytes after their length."""

    def __init__(self, data: bytes) -> None:
        self._data = bytearray(data)
        self._at = 0

    def number(self) -> int:
        value: int
        value, self._at = decode_varint(self._data, self._at)
        return value

    def nullable(self) -> bytes | None:
        size = self.number()
        if size < 0:
            return None
        start, self._at = self._at, self._at + size
        return bytes(self._data[start : self._at])
