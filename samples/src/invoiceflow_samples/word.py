"""A sheet as a Word document, as small firms write their invoices."""

import io
import zipfile
from datetime import UTC, datetime

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.table import Table

from invoiceflow_samples.sheet import Block, Sheet

__all__ = ["write_docx"]

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_ZIP_EPOCH = (2000, 1, 1, 0, 0, 0)


def _fill(table: Table, rows: list[tuple[str, ...]], right: frozenset[int]) -> None:
    for line, values in enumerate(rows):
        for place, (cell, value) in enumerate(zip(table.rows[line].cells, values, strict=True)):
            cell.text = value
            if place in right:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _block(block: Block) -> str:
    return "\n".join((block.name, *block.lines, *(f"{pair.label} {pair.value}" for pair in block.ids)))


def _same_bytes(data: bytes) -> bytes:
    """The archive again with fixed dates, so that the same document has the same bytes."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as fixed,
    ):
        for name in sorted(source.namelist(), key=lambda entry: (entry != "[Content_Types].xml", entry)):
            info = zipfile.ZipInfo(name, _ZIP_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            fixed.writestr(info, source.read(name))
    return target.getvalue()


def write_docx(sheet: Sheet) -> bytes:
    """The sheet as a ``.docx`` file: paragraphs for the parties, tables for data, lines and totals."""
    document = Document()
    properties = document.core_properties
    properties.author, properties.title = sheet.seller.name, f"{sheet.title} {sheet.number}"
    properties.created = properties.modified = _EPOCH
    document.add_paragraph(_block(sheet.seller))
    document.add_heading(sheet.title, level=1)
    document.add_paragraph(f"{sheet.buyer.label}\n{_block(sheet.buyer)}")

    meta = document.add_table(rows=len(sheet.meta), cols=2)
    _fill(meta, [(pair.label, pair.value) for pair in sheet.meta], frozenset())
    document.add_paragraph(sheet.opening)

    lines = document.add_table(rows=len(sheet.rows) + 1, cols=len(sheet.columns), style="Table Grid")
    header = tuple(column.label for column in sheet.columns)
    cells = [
        tuple(
            f"{row.cells[column.key]}\n{row.more}"
            if column.key == "description" and row.more
            else row.cells[column.key]
            for column in sheet.columns
        )
        for row in sheet.rows
    ]
    right = frozenset(place for place, column in enumerate(sheet.columns) if column.align == "right")
    _fill(lines, [header, *cells], right)
    document.add_paragraph()

    totals = document.add_table(rows=len(sheet.totals), cols=2)
    _fill(totals, [(row.label, row.value) for row in sheet.totals], frozenset({1}))
    for text in (*sheet.notes, sheet.terms):
        if text:
            document.add_paragraph(text)
    if sheet.bank:
        document.add_paragraph("\n".join(f"{pair.label} {pair.value}" for pair in sheet.bank))
    document.add_paragraph(sheet.closing)
    buffer = io.BytesIO()
    document.save(buffer)
    return _same_bytes(buffer.getvalue())
