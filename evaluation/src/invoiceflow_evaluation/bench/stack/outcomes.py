"""How documents end, as seen on Kafka by a consumer of the benchmark's own."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

__all__ = ["Outcomes", "UnfinishedError"]

EXTRACTED, FAILED = "invoice.extracted", "document.failed"
_PROJECTOR = "invoiceflow-query"
_POLL_SECONDS = 0.05


class UnfinishedError(Exception):
    """Documents came to no end in time."""


class Outcomes:
    """Collects the ends of documents by their ids."""

    def __init__(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        self._consumer = consumer
        self._admin = admin
        self.extracted: dict[str, float] = {}
        """By this clock (``time.perf_counter``), when the event was here."""
        self.failed: dict[str, float] = {}
        self._heard = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def followed(cls, port: int) -> "AsyncIterator[Outcomes]":
        """Listen from now on."""
        servers = f"127.0.0.1:{port}"
        consumer = AIOKafkaConsumer(
            EXTRACTED,
            FAILED,
            bootstrap_servers=servers,
            auto_offset_reset="latest",
            fetch_max_wait_ms=500,
            max_partition_fetch_bytes=8 << 20,
        )
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        await consumer.start()
        await admin.start()
        outcomes = cls(consumer, admin)
        await consumer.seek_to_end()
        listening = asyncio.create_task(outcomes._listen())
        try:
            yield outcomes
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await consumer.stop()
            await admin.close()

    async def _listen(self) -> None:
        async for record in self._consumer:
            ends = self.extracted if record.topic == EXTRACTED else self.failed
            ends.setdefault(record.key.decode(), time.perf_counter())
            self._heard.set()

    async def all_ended(self, document_ids: Iterable[str], *, seconds: float) -> None:
        """Return once each of the documents was extracted or has failed.

        Raises:
            UnfinishedError: some did not within ``seconds``.
        """
        waiting = set(document_ids)
        try:
            async with asyncio.timeout(seconds):
                while waiting := waiting - self.extracted.keys() - self.failed.keys():
                    self._heard.clear()
                    await self._heard.wait()
        except TimeoutError:
            raise UnfinishedError(f"{len(waiting)} documents came to no end in {seconds:g} seconds") from None

    async def all_shown(self, *, seconds: float) -> float:
        """Return when the read model holds all that has ended: its consumer has committed every end.

        Raises:
            UnfinishedError: it was behind for longer than ``seconds``.
        """
        try:
            async with asyncio.timeout(seconds):
                while await self._behind():  # noqa: ASYNC110 - nobody would tell
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise UnfinishedError(f"the read model was still behind after {seconds:g} seconds") from None
        return time.perf_counter()

    async def _behind(self) -> bool:
        committed = await self._admin.list_consumer_group_offsets(_PROJECTOR)
        ends = await self._consumer.end_offsets(self._consumer.assignment())
        return any(end > (committed[one].offset if one in committed else 0) for one, end in ends.items())
