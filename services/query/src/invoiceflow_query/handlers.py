"""Use cases on events."""

from invoiceflow_contracts.events import DocumentEvent
from invoiceflow_query.changes import Changes
from invoiceflow_query.ports import ReadModel
from invoiceflow_query.projection import change_of

__all__ = ["project"]


async def project(event: DocumentEvent, event_id: str, read_model: ReadModel, changes: Changes) -> None:
    """Merge the event into the read model; durable on return."""
    if await read_model.apply(event.tenant, change_of(event, event_id)):
        changes.notify(event.tenant, event.document_id)
