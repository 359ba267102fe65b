"""Everything of Kafka in one process: the producer, a consumer for each service, and what is asked of the cluster."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence

from aiokafka.errors import KafkaError

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.kafka.consumer import GroupConsumer
from invoiceflow_chassis.kafka.dead_letters import KafkaDeadLetters
from invoiceflow_chassis.kafka.delivery import Processor
from invoiceflow_chassis.kafka.diagnosis import why_not_connected
from invoiceflow_chassis.kafka.groups import group_of
from invoiceflow_chassis.kafka.lag import KafkaBacklog
from invoiceflow_chassis.kafka.producer import KafkaProducer, KafkaPublisher
from invoiceflow_chassis.kafka.settings import KafkaSettings
from invoiceflow_chassis.kafka.topic_check import missing_topics
from invoiceflow_chassis.service import Service
from invoiceflow_contracts.topics import TOPICS, TopicSpec, topic_of, topic_specs

__all__ = ["KafkaTransport"]

_log = logging.getLogger(__name__)

RECONNECT_SECONDS = 2.0
TOPICS_PATIENCE_SECONDS = 15.0
"""How long Kafka must say that a topic is not as declared before that is believed: just after its start it knows but some."""
TOPICS_POLL_SECONDS = 0.5
MAKE_TOPICS = "Make what is missing with `python -m invoiceflow_chassis.kafka.topics create`, and start again."
STUCK_MARGIN_SECONDS = 60.0


class KafkaTransport:
    """Connects services to Kafka.

    ``publisher`` is usable (and raises ``TransientError``) before the connection stands, so that services can be
    built first and then given to ``attach``.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer = KafkaProducer(settings)
        self._backlog: KafkaBacklog | None = None
        self._dead_letters: KafkaDeadLetters | None = None
        self._services: list[Service] = []
        self._consumers: dict[str, GroupConsumer] = {}
        self._starter: asyncio.Task[None] | None = None
        self._connected = False

    def publisher(self, service: str) -> KafkaPublisher:
        """Return the publisher of the service of that name."""
        return KafkaPublisher(self._producer, service)

    @property
    def backlog(self) -> KafkaBacklog:
        """How far the services are behind. Who asks for it needs every topic."""
        if self._backlog is None:
            self._backlog = KafkaBacklog(self._settings)
        return self._backlog

    @property
    def dead_letters(self) -> KafkaDeadLetters:
        """What the services gave up. Who asks for it needs every topic."""
        if self._dead_letters is None:
            self._dead_letters = KafkaDeadLetters(self._settings, self._producer)
        return self._dead_letters

    def attach(self, service: Service) -> None:
        """Consume what ``service`` subscribes to, from the next ``start`` on."""
        self._services.append(service)

    async def start(self, refuse: Callable[[Sequence[str]], None]) -> None:
        """Begin to connect, and go on trying in the background until Kafka is there.

        Args:
            refuse: called with a sentence for each topic that is missing or has too few partitions, once that is certain.
                Nothing is consumed then, and no topic is made.
        """
        self._starter = asyncio.create_task(self._connect(refuse), name="kafka-connect")

    async def _connect(self, refuse: Callable[[Sequence[str]], None]) -> None:
        while True:
            try:
                if sentences := await self._shortcomings():
                    refuse([*sentences, MAKE_TOPICS])
                    return
                await self._producer.start()
                await self._consume()
            except (KafkaError, OSError):
                _log.warning("%s Trying again.", await why_not_connected(self._settings))
            except Exception:  # noqa: BLE001
                # The task has nobody to raise to, and without it the process would be of no use and not say why.
                _log.exception("Kafka could not be connected to; trying again.")
            else:
                self._connected = True
                _log.info("Connected to Kafka.")
                return
            await self._close()
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _shortcomings(self) -> list[str]:
        """Return a sentence for each needed topic that is not as declared, and stays so."""
        started = time.monotonic()
        while sentences := await missing_topics(self._settings, self._needed()):
            if time.monotonic() - started > TOPICS_PATIENCE_SECONDS:
                return sentences
            _log.warning("%s Looking again.", sentences[0])
            await asyncio.sleep(TOPICS_POLL_SECONDS)
        return []

    def _needed(self) -> tuple[TopicSpec, ...]:
        """Return what must be there: the topics that the services consume or publish, and their partners."""
        if self._backlog is not None or self._dead_letters is not None:
            return topic_specs()
        names = {service.name for service in self._services}
        return topic_specs(
            {name: topic for name, topic in TOPICS.items() if names & {*topic.consumers, *topic.producers}}
        )

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
        # Side by side: joining a group takes its time. All have come to an end before any is closed again.
        outcomes = await asyncio.gather(
            *(consumer.start() for consumer in self._consumers.values()), return_exceptions=True
        )
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def stop(self) -> None:
        """Finish or hand back what is in flight, commit, leave the groups, disconnect."""
        if self._starter is not None:
            self._starter.cancel()
            await asyncio.wait([self._starter])
        for inspection in (self._backlog, self._dead_letters):
            if inspection is not None:
                await inspection.close()
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
