"""Everything of Kafka in one process: the producer, a consumer for each service, and what is asked of the cluster."""

import asyncio
import logging
from collections.abc import Mapping

from aiokafka.errors import KafkaError

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.kafka.consumer import GroupConsumer
from invoiceflow_chassis.kafka.delivery import Processor
from invoiceflow_chassis.kafka.groups import group_of
from invoiceflow_chassis.kafka.lag import KafkaBacklog
from invoiceflow_chassis.kafka.producer import KafkaProducer, KafkaPublisher
from invoiceflow_chassis.kafka.settings import KafkaSettings
from invoiceflow_chassis.service import Service
from invoiceflow_contracts.topics import topic_of

__all__ = ["KafkaTransport"]

_log = logging.getLogger(__name__)

RECONNECT_SECONDS = 2.0
STUCK_MARGIN_SECONDS = 60.0


class KafkaTransport:
    """Connects services to Kafka.

    ``publisher`` is usable (and raises ``TransientError``) before the connection stands, so that services can be
    built first and then given to ``attach``.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer = KafkaProducer(settings)
        self.backlog = KafkaBacklog(settings)
        """How far the services are behind; usable once Kafka is connected."""
        self._services: list[Service] = []
        self._consumers: dict[str, GroupConsumer] = {}
        self._starter: asyncio.Task[None] | None = None
        self._connected = False

    def publisher(self, service: str) -> KafkaPublisher:
        """Return the publisher of the service of that name."""
        return KafkaPublisher(self._producer, service)

    def attach(self, service: Service) -> None:
        """Consume what ``service`` subscribes to, from the next ``start`` on."""
        self._services.append(service)

    async def start(self) -> None:
        """Begin to connect, and go on trying in the background until Kafka is there."""
        self._starter = asyncio.create_task(self._connect(), name="kafka-connect")

    async def _connect(self) -> None:
        while True:
            try:
                await self._producer.start()
                await self._consume()
            except (KafkaError, OSError) as error:
                _log.warning("Kafka is not there yet (%s); trying again.", type(error).__name__)
                await self._close()
                await asyncio.sleep(RECONNECT_SECONDS)
            else:
                self._connected = True
                _log.info("Connected to Kafka.")
                return

    async def _consume(self) -> None:
        for service in self._services:
            if not service.subscriptions:
                continue
            group = group_of(service.name)
            processor = Processor(
                service,
                group=group,
                sender=self._producer,
                publisher=self.publisher(service.name),
                retry_delays=self._settings.retry_delays_seconds,
            )
            self._consumers[service.name] = GroupConsumer(
                processor,
                service=service.name,
                group=group,
                topics=[topic_of(one.event).name for one in service.subscriptions],
                settings=self._settings,
            )
        # Side by side: joining a group takes its time.
        await asyncio.gather(*(consumer.start() for consumer in self._consumers.values()))

    async def stop(self) -> None:
        """Finish or hand back what is in flight, commit, leave the groups, disconnect."""
        if self._starter is not None:
            self._starter.cancel()
            await asyncio.wait([self._starter])
        await self.backlog.close()
        await self._close()

    async def _close(self) -> None:
        self._connected = False
        await asyncio.gather(*(consumer.stop() for consumer in self._consumers.values()))
        self._consumers = {}
        await self._producer.stop()

    async def check_ready(self) -> None:
        """Return when Kafka is connected and every consumer has its partitions."""
        waiting = [name for name, consumer in self._consumers.items() if not consumer.assigned]
        if not self._connected or waiting:
            raise TransientError(
                "broker_unavailable", "Kafka is not connected, or the consumers wait for their partitions."
            )

    async def stuck(self) -> Mapping[str, str]:
        """Return, by service, a sentence for each consumer that has lag and makes no progress."""
        found: dict[str, str] = {}
        for service in self._services:
            consumer = self._consumers.get(service.name)
            if consumer is None:
                continue
            patience = max(one.time_limit for one in service.subscriptions) + STUCK_MARGIN_SECONDS
            if await consumer.is_stuck(patience):
                found[service.name] = f"There is lag and no progress for {patience:g} seconds."
        return found
