"""Invoices as one JSON array."""

from collections.abc import AsyncIterator

from invoiceflow_query.ports import StoredInvoice

__all__ = ["json_chunks"]


async def json_chunks(batches: AsyncIterator[list[StoredInvoice]]) -> AsyncIterator[bytes]:
    """Yield the array, an invoice to a line."""
    before = "["
    async for batch in batches:
        for stored in batch:
            yield f"{before}\n{stored.view.model_dump_json()}".encode()
            before = ","
    yield b"\n]\n" if before == "," else b"[]\n"
