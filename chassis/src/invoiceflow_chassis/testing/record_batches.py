"""Record batches that no Python client makes, sent as they are: what a client in C or Go can put on a topic."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NotLeaderForPartitionError, UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

__all__ = ["RawRecord", "record_batch", "send_batch"]

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
MOVING = {NotLeaderForPartitionError, UnknownTopicOrPartitionError}
"""Nothing was written: a topic that was just made is not known everywhere."""
PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class RawRecord:
    """A record whose header names may be any bytes."""

    value: bytes | None
    headers: Sequence[tuple[bytes, bytes | None]] = ()
    key: bytes | None = None
    timestamp: int | None = None
    """Milliseconds since 1970; None is now, and -1 is Kafka's own for none."""


class _Name(str):
    """A header's name that the client's builder takes for text and writes as the bytes it was made of."""

    __slots__ = ("_raw",)
    _raw: bytes

    @classmethod
    def of(cls, raw: bytes) -> "_Name":
        name = cls(raw.decode(errors="replace"))
        name._raw = raw
        return name

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        del encoding, errors
        return self._raw


def record_batch(records: Sequence[RawRecord], *, compression: str = "none") -> bytes:
    """Return one batch (magic 2) of these records, in this order, at offsets from 0.

    Args:
        records: what it holds.
        compression: ``none``, ``gzip``, ``snappy``, ``lz4`` or ``zstd``. A batch that would not become smaller is not
            compressed.
    """
    builder = _DefaultRecordBatchBuilderPy(
        magic=2,
        compression_type=CODECS[compression],
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 30,
    )
    for offset, record in enumerate(records):
        names = [(_Name.of(name), value) for name, value in record.headers]
        builder.append(offset, record.timestamp, record.key, record.value, list(names))
    return bytes(builder.build())


async def send_batch(address: str, partition: TopicPartition, batch: bytes) -> int:
    """Put the batch on the partition of the broker at ``address``, and return the offset of its first record.

    Raises:
        KafkaError: the broker does not take it.
        TimeoutError: the partition has no leader.
    """
    client = AIOKafkaClient(bootstrap_servers=address)
    await client.bootstrap()
    try:
        client.set_topics([partition.topic])
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                await client.force_metadata_update()
                if (node := client.cluster.leader_for_partition(partition)) is not None:
                    code, offset = await _produce(client, node, partition, batch)
                    if for_code(code) not in MOVING:
                        break
                await asyncio.sleep(0.05)
    finally:
        await client.close()
    if code:
        raise for_code(code)
    return offset


async def _produce(client: AIOKafkaClient, node: int, partition: TopicPartition, batch: bytes) -> tuple[int, int]:
    """Return the error's code and the offset."""
    request = ProduceRequest(None, -1, 10_000, [(partition.topic, [(partition.partition, batch)])])
    response = await client.send(node, request)
    ((_, ((_, code, offset, *_),)),) = response.topics
    return code, offset
