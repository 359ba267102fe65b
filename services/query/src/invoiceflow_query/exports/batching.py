"""All invoices of a question, a few at a time."""

from collections.abc import AsyncIterator

from invoiceflow_query.ports import ReadModel, StoredInvoice
from invoiceflow_query.queries import InvoiceQuery, invoice_position

__all__ = ["BATCH", "batches"]

BATCH = 200


async def batches(read_model: ReadModel, tenant: str, query: InvoiceQuery) -> AsyncIterator[list[StoredInvoice]]:
    """Yield the invoices in the question's order, at most ``BATCH`` at once; nothing is held in between."""
    after = None
    while True:
        page = await read_model.invoices(tenant, query, after=after, limit=BATCH)
        if page:
            yield await read_model.invoices_by_id(tenant, [summary.id for summary in page])
        if len(page) < BATCH:
            return
        after = invoice_position(page[-1], query.sort.field)
