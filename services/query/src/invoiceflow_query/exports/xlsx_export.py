"""Invoices as an Excel workbook: a sheet of invoices and one of their lines."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable
from decimal import Decimal
from typing import IO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from invoiceflow_chassis.problems import ProblemError
from invoiceflow_query.exports.rows import INVOICE_COLUMNS, LINE_COLUMNS, Cell, invoice_row, line_rows
from invoiceflow_query.ports import StoredInvoice

__all__ = ["xlsx_chunks"]

_MOST_ROWS = 1_048_576
_LONGEST_TEXT = 32_767
_IN_MEMORY = 8 * 1024 * 1024
_CHUNK = 256 * 1024


class _Sheet:
    def __init__(self, workbook: Workbook, title: str, columns: Iterable[str]) -> None:
        self._sheet = workbook.create_sheet(title)
        self._sheet.freeze_panes = "A2"
        self._rows = 0
        self.append(tuple(columns))

    def append(self, row: tuple[Cell, ...]) -> None:
        self._rows += 1
        if self._rows > _MOST_ROWS:
            raise ProblemError(
                422,
                "export_too_large",
                f"A sheet holds {_MOST_ROWS} rows at most. Export with narrower filters, or as csv or json.",
            )
        self._sheet.append([self._cell(value) for value in row])

    def discard(self) -> None:
        """Remove the temporary file that openpyxl would leave behind a workbook that is never saved."""
        if not self._sheet.closed:
            self._sheet.close()
            self._sheet._writer.cleanup()  # noqa: SLF001 -- there is no public way

    def _cell(self, value: Cell) -> object:
        if isinstance(value, str):
            # As text, whatever it begins with: openpyxl would write "=..." as a formula.
            cell = WriteOnlyCell(self._sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:_LONGEST_TEXT])
            cell.data_type = "s"
            return cell
        if isinstance(value, Decimal):
            cell = WriteOnlyCell(self._sheet)
            cell.value = value
            cell.number_format = "#,##0.00##"
            return cell
        return value


async def xlsx_chunks(batches: AsyncIterator[list[StoredInvoice]]) -> AsyncIterator[bytes]:
    """Build the workbook in a temporary file, off the event loop, and return it piece by piece.

    Raises:
        ProblemError: 422 ``export_too_large``, there are more rows than a sheet can hold.
    """
    workbook = Workbook(write_only=True)
    invoices = _Sheet(workbook, "Invoices", INVOICE_COLUMNS)
    lines = _Sheet(workbook, "Lines", LINE_COLUMNS)

    def append(batch: list[StoredInvoice]) -> None:
        for stored in batch:
            invoices.append(invoice_row(stored))
            for row in line_rows(stored):
                lines.append(row)

    def save() -> IO[bytes]:
        file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 -- closed when it was sent
        workbook.save(file)
        file.seek(0)
        return file

    try:
        async for batch in batches:
            await asyncio.to_thread(append, batch)
        return _pieces(await asyncio.to_thread(save))
    finally:
        invoices.discard()
        lines.discard()


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := file.read(_CHUNK):
            yield piece
