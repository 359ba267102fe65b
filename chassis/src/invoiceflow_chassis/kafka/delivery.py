"""What happens to one record: decode, handle, publish, or retry, fail, dead-letter.

``Processor.process`` returns only when the record's outcome is safe with the broker, so its offset may be
committed. A crash before that means the record comes again, and the same outputs with the same ids.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from invoiceflow_chassis.errors import InvoiceflowError, PermanentError, TransientError, UnavailableError
from invoiceflow_chassis.kafka.records import OutgoingRecord, Record, Retry, cut, dead_letter, retry_record
from invoiceflow_chassis.logs import log_context
from invoiceflow_chassis.metrics import DEAD_LETTERS, DELIVERIES, DELIVERY_SECONDS
from invoiceflow_chassis.ports import Publisher
from invoiceflow_chassis.service import Service, Subscription
from invoiceflow_chassis.trace import start_trace
from invoiceflow_contracts.cloudevents import DecodeError, Envelope, decode
from invoiceflow_contracts.events import DocumentEvent, DocumentFailedV1, Event
from invoiceflow_contracts.identity import event_id
from invoiceflow_contracts.topics import topic_of

__all__ = ["Processor", "Sender"]

_log = logging.getLogger(__name__)

UNFORESEEN_ATTEMPTS = 3
"""A programming error is tried this often: it may be a passing state, but is more likely to stay."""

ANNOUNCE_SECONDS = 2.0

LONGEST_WAIT = 5.0
"""Seconds between two looks of a patient subscription for its store: all that has waited goes on so soon after it is back."""
LONGEST_SPREAD = 1.1
"""Waits differ by a tenth, so that what failed together is not tried again together."""


class Sender(Protocol):
    """Sends raw records (see ``KafkaProducer.send``)."""

    async def send(self, record: OutgoingRecord) -> None: ...


@dataclass(frozen=True)
class _Delivery:
    event_id: str
    attempt: int
    publisher: Publisher
    version: str

    async def announce(self, event: Event) -> None:
        try:
            async with asyncio.timeout(ANNOUNCE_SECONDS):
                made = event_id(self.event_id, event.ce_type(), self.version, time.time_ns())
                await self.publisher.publish(event, event_id=made)
        except (TimeoutError, InvoiceflowError):
            _log.debug("An announcement was not acknowledged; it is left out.")


@dataclass(frozen=True)
class _Failure:
    code: str
    message: str
    may_pass: bool
    """Whether another attempt may succeed."""
    attempts_at_most: int
    not_within: float = 0.0
    """Seconds before which another attempt is in vain: somebody asked to wait."""


def _failure(error: Exception, subscription: Subscription[Any], attempts: int) -> _Failure:
    match error:
        case PermanentError():
            return _Failure(error.code, error.message, may_pass=False, attempts_at_most=1)
        case TransientError():
            return _Failure(
                error.code,
                error.message,
                may_pass=True,
                attempts_at_most=attempts,
                not_within=error.retry_after or 0.0,
            )
        case TimeoutError():
            message = f"The work took longer than {subscription.time_limit:g} seconds."
            return _Failure("time_limit", message, may_pass=True, attempts_at_most=attempts)
        case _:
            message = f"An unforeseen error ({type(error).__name__}) stopped the work; the log has the details."
            return _Failure(
                "internal_error", message, may_pass=True, attempts_at_most=min(attempts, UNFORESEEN_ATTEMPTS)
            )


class Processor:
    """Settles the records of one service.

    Args:
        service: whose subscriptions handle the records.
        group: the consumer group; a retry record made by another group is none of ours, one that names none is everybody's.
        sender: sends retry and dead-letter records.
        publisher: publishes events.
        retry_delays: seconds before each further attempt.
    """

    def __init__(
        self, service: Service, *, group: str, sender: Sender, publisher: Publisher, retry_delays: Sequence[float]
    ) -> None:
        self._service = service
        self._group = group
        self._sender = sender
        self._publisher = publisher
        self._retry_delays = tuple(retry_delays)
        self._subscriptions = {topic_of(one.event).name: one for one in service.subscriptions}
        self._slots = {
            topic: asyncio.Semaphore(subscription.concurrency) for topic, subscription in self._subscriptions.items()
        }

    def concurrency(self, topic: str) -> int:
        """How many records of ``topic`` are handled at the same time."""
        return self._subscriptions[topic].concurrency

    async def process(self, record: Record, on_running: Callable[[bool], None]) -> None:
        """Settle ``record``.

        ``on_running`` is told whether its handler runs: yes once it has a slot, no while it waits there for its store.
        """
        retry = Retry.of(record)
        if record.is_retry:
            if retry.group not in {None, self._group}:
                return
            if retry.not_before is not None:
                # No longer than we would have it wait, whatever the header says: it holds its partition's offset.
                wait = (retry.not_before - datetime.now(UTC)).total_seconds()
                await asyncio.sleep(min(wait, max(self._retry_delays, default=0) * LONGEST_SPREAD))
        async with self._slots[record.main_topic]:
            on_running(True)  # noqa: FBT003 -- a state, not a flag
            await self._settle(record, retry.attempt, on_running)

    async def _settle(self, record: Record, attempt: int, on_running: Callable[[bool], None]) -> None:
        subscription = self._subscriptions[record.main_topic]
        try:
            envelope, event = decode(record.value, record.headers, accept=(subscription.event,))
        except DecodeError as error:
            await self._dead_letter(record, attempt, str(error.reason_code), error.message)
            return
        document = str(event.document_id) if isinstance(event, DocumentEvent) else (envelope.subject or "")
        start_trace(envelope.traceparent)
        with log_context(tenant=event.tenant, document_id=document, event_id=envelope.id):
            delivery = _Delivery(envelope.id, attempt, self._publisher, self._service.version)
            try:
                outputs = await self._handle(subscription, event, delivery, on_running)
                await self._publish_all(envelope, outputs)
            except Exception as error:  # noqa: BLE001  # whatever a handler raises is settled here, never swallowed
                await self._give_up_or_retry(record, envelope, event, attempt, error)
            else:
                self._count(record, "done")

    async def _handle(
        self, subscription: Subscription[Any], event: Event, delivery: _Delivery, on_running: Callable[[bool], None]
    ) -> Sequence[Event]:
        """Run the handler; where it is patient, until its store is there."""
        wait = 0.25
        while True:
            started = time.perf_counter()
            try:
                async with asyncio.timeout(subscription.time_limit):
                    outputs = await subscription.handler(event, delivery)
            except UnavailableError as error:
                if not subscription.patient:
                    raise
                _log.warning("%s Waiting for it; looking again in %.1f s.", error.message, wait)
                on_running(False)  # noqa: FBT003
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
                on_running(True)  # noqa: FBT003
            else:
                seconds = time.perf_counter() - started
                DELIVERY_SECONDS.labels(self._service.name, topic_of(subscription.event).name).observe(seconds)
                return outputs

    async def _publish_all(self, envelope: Envelope, outputs: Sequence[Event]) -> None:
        ordinals: dict[str, int] = {}
        for event in outputs:
            kind = event.ce_type()
            ordinal = ordinals[kind] = ordinals.get(kind, -1) + 1
            made = event_id(envelope.id, kind, self._service.version, ordinal)
            await self._insist(partial(self._publisher.publish, event, event_id=made))

    async def _give_up_or_retry(
        self, record: Record, envelope: Envelope, event: Event, attempt: int, error: Exception
    ) -> None:
        subscription = self._subscriptions[record.main_topic]
        failure = _failure(error, subscription, len(self._retry_delays) + 1)
        unforeseen = failure.code == "internal_error"
        if (
            failure.may_pass
            and attempt < failure.attempts_at_most
            and await self._try_again_later(record, attempt, failure, error if unforeseen else None)
        ):
            return
        _log.error("Gave up after attempt %d: %s", attempt, failure.code, exc_info=error if unforeseen else None)
        fails_document = subscription.fails_document and isinstance(event, DocumentEvent)
        if failure.may_pass or not fails_document:
            await self._dead_letter(record, attempt, failure.code, failure.message)
        if fails_document and isinstance(event, DocumentEvent):
            failed = DocumentFailedV1.model_validate(
                {
                    "tenant": event.tenant,
                    "document_id": event.document_id,
                    "stage": self._service.name,
                    "code": failure.code,
                    "message": failure.message,
                    "attempts": attempt,
                    "failed_at": datetime.now(UTC),
                }
            )
            made: UUID = event_id(envelope.id, failed.ce_type(), self._service.version)
            await self._insist(partial(self._publisher.publish, failed, event_id=made))
            self._count(record, "failed")

    async def _try_again_later(
        self, record: Record, attempt: int, failure: _Failure, unforeseen: Exception | None
    ) -> bool:
        """Put the record on its retry topic; False where it is larger than that takes."""
        spread = random.uniform(2 - LONGEST_SPREAD, LONGEST_SPREAD)  # noqa: S311  # no secret
        # Who asks for more than the longest of the waits gets that one: no document waits without end.
        delay = max(self._retry_delays[attempt - 1] * spread, min(failure.not_within, max(self._retry_delays)))
        again = retry_record(
            record,
            group=self._group,
            attempt=attempt + 1,
            delay=timedelta(seconds=delay),
            code=failure.code,
            now=datetime.now(UTC),
        )
        _log.warning(
            "Attempt %d did not succeed (%s); next in %.1f s.", attempt, failure.code, delay, exc_info=unforeseen
        )
        try:
            await self._insist(partial(self._sender.send, again))
        except PermanentError:
            return False
        self._count(record, "retry")
        return True

    async def _dead_letter(self, record: Record, attempts: int, code: str, message: str) -> None:
        _log.error("A record of %s goes to the dead letters: %s", record.topic, code)
        DEAD_LETTERS.labels(self._service.name, record.main_topic, code).inc()
        self._count(record, "dead_letter")
        letter = dead_letter(
            record, group=self._group, attempts=attempts, code=code, message=message, now=datetime.now(UTC)
        )
        try:
            await self._insist(partial(self._sender.send, letter))
        except PermanentError:
            await self._insist(partial(self._sender.send, cut(letter)))

    async def _insist(self, send: Callable[[], Awaitable[None]]) -> None:
        """Repeat ``send`` until the broker has acknowledged it: until then nothing is committed, so nothing is lost."""
        wait = 0.5
        while True:
            try:
                await send()
            except TransientError as error:
                _log.warning("Publishing did not succeed (%s); trying again in %.1f s.", error.code, wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 15.0)
            else:
                return

    def _count(self, record: Record, outcome: str) -> None:
        DELIVERIES.labels(self._service.name, record.main_topic, outcome).inc()
