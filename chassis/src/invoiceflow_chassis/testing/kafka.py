"""A Kafka broker seen from outside, for tests of what goes over the wire."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Producer

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.kafka import KafkaSettings, KafkaTransport
from invoiceflow_chassis.service import Service
from invoiceflow_chassis.testing.record_batches import RawRecord, record_batch, send_batch
from invoiceflow_contracts.cloudevents import encode
from invoiceflow_contracts.events import Event
from invoiceflow_contracts.topics import topic_of

__all__ = ["Broker", "eventually"]


@dataclass
class Broker:
    """The outside of a broker: what an upstream or a downstream system sees."""

    address: str
    settings: KafkaSettings
    refusals: list[str] = field(default_factory=list)
    """What a transport said that could not do its work."""
    _transports: list[KafkaTransport] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._producer = Producer(
            {
                "bootstrap.servers": self.address,
                "log_level": 0,
                "linger.ms": 0,
                # The client's own limit, below what the topics take.
                "message.max.bytes": 10_000_000,
            }
        )

    async def run(self, service: Service) -> KafkaTransport:
        """Start ``service`` and return once it has its partitions."""
        transport = KafkaTransport(self.settings)
        transport.attach(service)
        self._transports.append(transport)
        await transport.start(self.refusals.extend)
        await eventually(lambda: _ready(transport))
        return transport

    async def send_raw(
        self, topic: str, value: bytes | None, headers: list[tuple[str, bytes | None]], *, partition: int | None = None
    ) -> None:
        """Send any bytes: through librdkafka, which takes what other clients refuse to send."""
        kept: list[tuple[str, str | bytes | None]] = list(headers)
        self._producer.produce(topic, value=value, headers=kept, partition=-1 if partition is None else partition)
        await asyncio.to_thread(self._producer.flush, 10)

    async def send_batch(
        self, topic: str, records: Sequence[RawRecord], *, partition: int, compression: str = "none"
    ) -> int:
        """Send these records as one batch (see ``record_batch``); returns the offset of the first."""
        batch = record_batch(records, compression=compression)
        return await send_batch(self.address, TopicPartition(topic, partition), batch)

    async def send(self, event: Event, *, partition: int | None = None, event_id: UUID | None = None) -> str:
        """Publish as an upstream service would; returns the event's id."""
        made = event_id or uuid4()
        value, headers = encode(event, event_id=made, source="/test", time=datetime.now(UTC))
        await self.send_raw(topic_of(type(event)).name, value, list(headers), partition=partition)
        return str(made)

    async def read(self, topic: str, count: int, *, seconds: float = 20) -> list[Any]:
        """Return the first ``count`` records of ``topic``."""
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=self.address, auto_offset_reset="earliest")
        await consumer.start()
        try:
            records: list[Any] = []
            async with asyncio.timeout(seconds):
                while len(records) < count:
                    records.append(await consumer.getone())
            return records
        finally:
            await consumer.stop()

    async def close(self) -> None:
        for transport in self._transports:
            await transport.stop()


async def _ready(transport: KafkaTransport) -> bool:
    try:
        await transport.check_ready()
    except TransientError:
        return False
    return True


async def eventually(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until ``condition`` (plain or async) holds."""
    async with asyncio.timeout(seconds):
        while True:
            outcome = condition()
            if isinstance(outcome, Awaitable):
                outcome = await outcome
            if outcome:
                return
            await asyncio.sleep(0.02)
