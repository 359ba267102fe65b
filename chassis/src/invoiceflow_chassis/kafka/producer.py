"""The producer: idempotent, acknowledged by every in-sync replica, and never waiting without end."""

import asyncio
import logging
from datetime import UTC, datetime
from uuid import UUID

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from invoiceflow_chassis.errors import PermanentError, TransientError
from invoiceflow_chassis.kafka.header_names import printable_name
from invoiceflow_chassis.kafka.records import OutgoingRecord
from invoiceflow_chassis.kafka.settings import KafkaSettings
from invoiceflow_chassis.metrics import PUBLISHED
from invoiceflow_chassis.trace import current_traceparent
from invoiceflow_contracts.cloudevents import encode
from invoiceflow_contracts.events import DocumentEvent, Event
from invoiceflow_contracts.topics import topic_of, topic_specs

__all__ = ["KafkaProducer", "KafkaPublisher"]

_log = logging.getLogger(__name__)


class KafkaProducer:
    """One connection for everything a process publishes."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._renewing = asyncio.Lock()

    async def start(self) -> None:
        """Connect; raises ``KafkaError`` while no broker answers."""
        self._producer = await self._connect()

    async def _connect(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            acks="all",
            enable_idempotence=True,
            # Evidence is repetitive: an extracted invoice shrinks to a third and less.
            compression_type="gzip",
            max_request_size=max(topic.max_message_bytes for topic in topic_specs()),
            **self._settings.client(),
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    async def stop(self) -> None:
        """Send what is buffered and disconnect."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await self._close(producer)

    async def _close(self, producer: AIOKafkaProducer) -> None:
        # Not cancelled where it takes too long: halfway it would leave its connections open.
        closing = asyncio.create_task(producer.stop(), name="producer-close")
        _, still = await asyncio.wait([closing], timeout=self._settings.send_timeout_seconds)
        if still or closing.exception():
            _log.warning("The producer could not be closed in order; what it held will be published again.")

    async def send(self, record: OutgoingRecord) -> None:
        """Return once the record is acknowledged.

        Raises:
            TransientError: no acknowledgement in time; the record may still arrive.
            PermanentError: the record is larger than its topic takes.
        """
        producer = self._producer
        if producer is None:
            raise TransientError("broker_unavailable", "Kafka is not connected yet. Try again in a moment.")
        try:
            async with asyncio.timeout(self._settings.send_timeout_seconds):
                await producer.send_and_wait(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    headers=[(printable_name(name), value) for name, value in record.headers],
                    partition=record.partition,
                )
        except MessageSizeTooLargeError as error:
            raise PermanentError(
                "event_too_large", f"The event is larger than topic {record.topic} takes. Split the document."
            ) from error
        except (TimeoutError, KafkaError) as error:
            if isinstance(error, KafkaError) and not error.retriable:
                await self._renew(producer)
            raise TransientError(
                "broker_unavailable", "Kafka did not acknowledge the event in time. Try again in a moment."
            ) from error

    async def _renew(self, broken: AIOKafkaProducer) -> None:
        """Replace the producer by one that sends again.

        An idempotent producer whose sequence the brokers have lost, or that was fenced, refuses everything from then on. What
        it had not sent is sent again by whoever waited for it, with the same ids.
        """
        async with self._renewing:
            if self._producer is not broken:
                return
            try:
                async with asyncio.timeout(self._settings.send_timeout_seconds):
                    renewed = await self._connect()
            except (TimeoutError, KafkaError, OSError):
                return  # the next one that fails tries again
            if self._producer is not broken:  # stopped meanwhile
                await renewed.stop()
                return
            self._producer = renewed
            _log.warning("The producer was replaced: the brokers do not take its records any more.")
            await self._close(broken)


class KafkaPublisher:
    """The ``Publisher`` port for one service."""

    def __init__(self, producer: KafkaProducer, service: str) -> None:
        self._producer = producer
        self._service = service

    async def publish(self, event: Event, *, event_id: UUID, key: str | None = None) -> None:
        topic = topic_of(type(event)).name
        subject = str(event.document_id) if isinstance(event, DocumentEvent) else None
        value, headers = encode(
            event,
            event_id=event_id,
            source=f"/invoiceflow/{self._service}",
            time=datetime.now(UTC),
            subject=subject,
            traceparent=current_traceparent(),
        )
        chosen = key or subject
        await self._producer.send(OutgoingRecord(topic, chosen.encode() if chosen else None, value, list(headers)))
        PUBLISHED.labels(self._service, topic).inc()
