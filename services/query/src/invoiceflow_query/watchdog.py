"""Finds documents that came to no end: they are submitted again once, then failed.

A document's last sign of life is the newest event about it. It is overdue when that lies further back than the deadline,
measured on a clock that stands still while records wait: a document in a long queue is not lost, and what was written
before the oldest record that still waits has been handled by every service, retries included. Where the clock has gone
past the deadline and there is still no end, the document's record itself was lost (a topic's retention, a broker that
came back without its disk) or its outcome never got here.

Every replica of the service may watch at the same time. What is published has the same ids whoever does it and however
often, and the read model takes it in any order.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.ports import Backlog, Publisher
from invoiceflow_contracts.events import DocumentFailedV1, DocumentUploadedV1
from invoiceflow_contracts.identity import event_id
from invoiceflow_query.changes import Changes
from invoiceflow_query.ports import ReadModel, StoredDocument
from invoiceflow_query.projection import Change, DocumentState, Resubmitted, stage_of, status_of, updated_at

__all__ = ["Verdict", "Watchdog", "verdict", "watching"]

Verdict = Literal["resubmit", "fail"]

_log = logging.getLogger(__name__)


def verdict(state: DocumentState, *, clock: datetime, deadline: timedelta) -> Verdict | None:
    """Return what is to be done about a document, or None where it has ended or may still be under way.

    Args:
        state: what is known of it.
        clock: the time up to which every service has handled what there was.
        deadline: how long a document may go without a sign of life.
    """
    if status_of(state) in {"extracted", "failed"} or clock - updated_at(state) < deadline:
        return None
    return "resubmit" if state.uploaded and not state.resubmitted else "fail"


@dataclass(frozen=True, kw_only=True)
class Watchdog:
    """Looks through the read model for documents that are overdue."""

    read_model: ReadModel
    publisher: Publisher
    backlog: Backlog
    changes: Changes
    deadline: timedelta

    async def look(self, now: datetime) -> dict[Verdict, int]:
        """Go through all unfinished documents once, and return how many were resubmitted and failed.

        Raises:
            TransientError: Kafka or the read model does not answer; the next look makes up for it.
        """
        waiting = await self.backlog.oldest_waiting()
        clock = min(now, waiting) if waiting else now
        done: dict[Verdict, int] = {"resubmit": 0, "fail": 0}
        async for tenant, document in self._unfinished():
            match verdict(document.state, clock=clock, deadline=self.deadline):
                case "resubmit":
                    await self._resubmit(tenant, document, now)
                    done["resubmit"] += 1
                case "fail":
                    await self._fail(tenant, document, now)
                    done["fail"] += 1
        return done

    async def _unfinished(self) -> AsyncIterator[tuple[str, StoredDocument]]:
        for tenant in await self.read_model.tenants():
            after: UUID | None = None
            while documents := await self.read_model.unfinished(tenant, after=after):
                for document in documents:
                    yield tenant, document
                after = documents[-1].id

    async def _resubmit(self, tenant: str, document: StoredDocument, now: datetime) -> None:
        """Publish the document's first event as it was, then note it; a crash in between repeats both."""
        fact = document.state.uploaded
        assert fact is not None  # noqa: S101 -- the verdict saw it
        event = DocumentUploadedV1(
            tenant=tenant,
            document_id=document.id,
            filename=fact.filename,
            content=fact.content,
            channel=fact.channel,
            received_at=fact.at,
            metadata=fact.metadata,
        )
        await self.publisher.publish(event, event_id=UUID(fact.event_id))
        note = Resubmitted(at=now.astimezone(UTC), event_id=fact.event_id)
        change = Change(document_id=document.id, state=DocumentState(resubmitted=note))
        if await self.read_model.apply(tenant, change):
            self.changes.notify(tenant, document.id)
        _log.warning("A document came to no end and was submitted again.", extra=_named(tenant, document.id))

    async def _fail(self, tenant: str, document: StoredDocument, now: datetime) -> None:
        hours = self.deadline / timedelta(hours=1)
        failed = DocumentFailedV1(
            tenant=tenant,
            document_id=document.id,
            stage=stage_of(document.state),
            code="deadline_exceeded",
            message=f"The document came to no end within {hours:.3g} hours, though it was submitted a second time. "
            "Whoever runs the service finds the cause in the log and the dead letters, and redrives it from there.",
            attempts=2 if document.state.resubmitted else 1,
            failed_at=now,
        )
        made = event_id(str(document.id), failed.ce_type(), "watchdog")
        await self.publisher.publish(failed, event_id=made)
        _log.error("A document came to no end and was failed.", extra=_named(tenant, document.id))


@asynccontextmanager
async def watching(watchdog: Watchdog, *, every: float) -> AsyncIterator[None]:
    """Let ``watchdog`` look every so many seconds, for the first time after as many."""
    task = asyncio.create_task(_look_on(watchdog, every), name="watchdog")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _look_on(watchdog: Watchdog, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            await watchdog.look(datetime.now(UTC))
        except TransientError as error:
            _log.warning("Unfinished documents were not looked through (%s); next in %g s.", error.code, every)
        except Exception:  # noqa: BLE001  # a look that fails must not be the last
            _log.exception("Unfinished documents could not be looked through; next in %g s.", every)


def _named(tenant: str, document_id: UUID) -> dict[str, str]:
    return {"tenant": tenant, "document_id": str(document_id)}
