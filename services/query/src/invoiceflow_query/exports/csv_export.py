"""Invoices as CSV (RFC 4180), one row for each."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

from invoiceflow_query.exports.rows import INVOICE_COLUMNS, Cell, invoice_row
from invoiceflow_query.ports import StoredInvoice

__all__ = ["csv_chunks"]

_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
"""With these a spreadsheet begins a formula (OWASP, CSV injection)."""


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case Decimal():
            return format(cell, "f")
        case date():
            return cell.isoformat()
        case str() if cell and (cell[0] in _FORMULA or cell.lstrip()[:1] in _FORMULA):
            return f"'{cell}"
    return str(cell)


def _lines(rows: list[tuple[Cell, ...]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([_text(cell) for cell in row] for row in rows)
    return buffer.getvalue().encode()


async def csv_chunks(batches: AsyncIterator[list[StoredInvoice]]) -> AsyncIterator[bytes]:
    """Yield the head, then the rows of each batch."""
    yield _lines([INVOICE_COLUMNS])
    async for batch in batches:
        yield _lines([invoice_row(stored) for stored in batch])
