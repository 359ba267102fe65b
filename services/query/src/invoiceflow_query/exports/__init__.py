"""Invoices for other programs, from the same question as a list."""

from collections.abc import AsyncIterator
from typing import Literal

from invoiceflow_query.exports.batching import batches
from invoiceflow_query.exports.csv_export import csv_chunks
from invoiceflow_query.exports.json_export import json_chunks
from invoiceflow_query.exports.xlsx_export import xlsx_chunks
from invoiceflow_query.ports import ReadModel
from invoiceflow_query.queries import InvoiceQuery

__all__ = ["MEDIA_TYPES", "export_chunks"]

Format = Literal["csv", "json", "xlsx"]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


async def export_chunks(read_model: ReadModel, tenant: str, query: InvoiceQuery, form: Format) -> AsyncIterator[bytes]:
    """Return the export piece by piece. What makes it impossible is raised here, before the first piece."""
    invoices = batches(read_model, tenant, query)
    match form:
        case "csv":
            return csv_chunks(invoices)
        case "json":
            return json_chunks(invoices)
        case "xlsx":
            return await xlsx_chunks(invoices)
