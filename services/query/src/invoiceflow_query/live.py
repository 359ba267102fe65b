"""A document's changes as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

from invoiceflow_chassis.errors import TransientError
from invoiceflow_query.changes import Changes
from invoiceflow_query.ports import ReadModel, StoredDocument

__all__ = ["document_events", "document_soon", "last_seen"]


def last_seen(last_event_id: str | None) -> int | None:
    """Return the version that a client has seen, from its ``Last-Event-ID``; None where it has seen none."""
    return int(last_event_id) if last_event_id and last_event_id.isascii() and last_event_id.isdigit() else None


def _event(document: StoredDocument) -> str:
    return f"id: {document.version}\nevent: document\ndata: {document.view.model_dump_json()}\n\n"


async def document_soon(
    read_model: ReadModel, changes: Changes, tenant: str, document_id: UUID, *, patience: float, poll: float
) -> StoredDocument | None:
    """Return the document, waiting up to ``patience`` seconds for it to become known.

    Ingest has answered a moment before its event gets here, and its answer links to this document.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + patience
    with changes.watch(tenant, document_id) as changed:
        while (document := await read_model.document(tenant, document_id)) is None and clock() < until:
            try:
                async with asyncio.timeout(min(poll, until - clock())):
                    await changed.wait()
            except TimeoutError:
                continue
            changed.clear()
    return document


async def document_events(
    read_model: ReadModel,
    changes: Changes,
    tenant: str,
    document_id: UUID,
    seen: int | None,
    *,
    poll: float,
    heartbeat: float,
) -> AsyncIterator[str]:
    """Yield the document's state now, unless version ``seen`` is that state, then after each change; end with the terminal one.

    Each event carries the whole state, so of changes in quick succession the last is enough. The document is looked
    at again after ``poll`` seconds at the latest, since other replicas change it too; a comment goes out whenever
    nothing else did for ``heartbeat`` seconds, so that proxies keep the connection.
    """
    clock = asyncio.get_running_loop().time
    quiet_since = clock()
    with changes.watch(tenant, document_id) as changed:
        while True:
            try:
                document = await read_model.document(tenant, document_id)
            except TransientError:
                # The answer has begun and can turn into no problem document: it is silent until the store is back.
                pass
            else:
                if document is None:
                    return
                if document.version != seen:
                    seen, quiet_since = document.version, clock()
                    yield _event(document)
                if document.view.terminal:
                    return
            if clock() - quiet_since >= heartbeat:
                quiet_since = clock()
                yield ": still here\n\n"
            try:
                async with asyncio.timeout(poll):
                    await changed.wait()
            except TimeoutError:
                continue
            changed.clear()
