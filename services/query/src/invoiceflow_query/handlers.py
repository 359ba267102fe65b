"""Use cases on events, and on what is told to operators."""

from datetime import UTC, datetime, timedelta

from invoiceflow_contracts.events import DocumentEvent
from invoiceflow_query.changes import Changes
from invoiceflow_query.comparing import compare
from invoiceflow_query.ports import ReadModel
from invoiceflow_query.projection import Status, change_of
from invoiceflow_query.queries import DocumentQuery, Sort
from invoiceflow_query.views import DocumentView

__all__ = ["oldest_unfinished", "project"]

UNFINISHED: tuple[Status, ...] = ("received", "processing")
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


async def project(
    event: DocumentEvent, event_id: str, read_model: ReadModel, changes: Changes, *, young: timedelta
) -> None:
    """Merge the event into the read model, an invoice with what others of its seller say of it; durable on return."""
    change = change_of(event, event_id)
    changed = {event.document_id} if await read_model.apply(event.tenant, change) else set()
    if change.invoice:
        changed |= await compare(read_model, event.tenant, change.invoice, young)
    for document_id in changed:
        changes.notify(event.tenant, document_id)


async def oldest_unfinished(tenant: str, read_model: ReadModel) -> DocumentView | None:
    """Return the tenant's document that was received first of those in no terminal state."""
    views = [
        stored.view
        for status in UNFINISHED
        # With a bound, since what has no time of receipt would stand first.
        for stored in await read_model.documents(
            tenant, DocumentQuery(status=status, received_from=LONG_AGO, sort=Sort(field="received_at")), limit=1
        )
    ]
    return min(views, key=lambda view: view.received_at or LONG_AGO, default=None)
