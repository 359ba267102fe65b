"""Office files and HTML by docling, whose parsers for them need no models."""

import zipfile
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.layout import Cell
from invoiceflow_ocr.engines.native.typesetting import Typesetter
from invoiceflow_ocr.ports import Progress, Reading, ReadingLimits

__all__ = ["OFFICE_TYPES", "load_parsers", "read_office"]

_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"

OFFICE_TYPES = {
    f"{_OOXML}.wordprocessingml.document": "docx",
    f"{_OOXML}.spreadsheetml.sheet": "xlsx",
    f"{_OOXML}.presentationml.presentation": "pptx",
    f"{_ODF}.text": "odt",
    f"{_ODF}.spreadsheet": "ods",
    f"{_ODF}.presentation": "odp",
    "text/html": "html",
    "application/xhtml+xml": "html",
}
"""Media types and docling's name of the format."""

MAX_UNPACKED = 500_000_000
"""Bytes that the parts of a file may have together; more is a decompression bomb or no invoice."""

_converters: dict[str, Any] = {}


def read_office(data: bytes, media_type: str, limits: ReadingLimits, progress: Progress) -> Reading:
    """Read an Office file or HTML; sheets and slides become pages.

    Raises:
        PermanentError: ``document_unreadable``, ``document_too_complex`` or ``too_many_pages``.
    """
    name = OFFICE_TYPES[media_type]
    if name != "html":
        _refuse_bombs(data)
    document = _converted(data, name)
    sheets: dict[int, Typesetter] = {number: Typesetter() for number in sorted(document.pages)} or {1: Typesetter()}
    if len(sheets) > limits.max_pages:
        raise PermanentError(
            "too_many_pages",
            f"The document has {len(sheets)} pages; at most {limits.max_pages} are read. Split it and send the parts.",
        )
    for number, part in _parts(document):
        sheet = sheets.setdefault(number, Typesetter())
        if isinstance(part, str):
            sheet.add_text(part)
        else:
            sheet.add_table(part)
    pages = [sheets[number].page(position) for position, number in enumerate(sorted(sheets), start=1)]
    progress(len(pages), len(pages))
    return Reading(pages=pages)


def load_parsers() -> None:
    """Import docling, which the first Office file would otherwise wait for."""
    import docling.document_converter  # noqa: F401, PLC0415


def _refuse_bombs(data: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
    except zipfile.BadZipFile:
        raise _damaged() from None
    if unpacked > MAX_UNPACKED:
        raise PermanentError(
            "document_too_complex", "Unpacked, the file is too large to read. Send a simpler version of it."
        )


def _damaged() -> PermanentError:
    return PermanentError("document_unreadable", "The file is damaged. Save it anew and send it again.")


def _converted(data: bytes, name: str) -> Any:
    from docling.datamodel.base_models import ConversionStatus, DocumentStream, InputFormat  # noqa: PLC0415
    from docling.document_converter import DocumentConverter  # noqa: PLC0415
    from docling.exceptions import ConversionError  # noqa: PLC0415

    if name not in _converters:
        _converters[name] = DocumentConverter(allowed_formats=[InputFormat(name)])
    try:
        result = _converters[name].convert(DocumentStream(name=f"document.{name}", stream=BytesIO(data)))
    except ConversionError:
        raise _damaged() from None
    if result.status is not ConversionStatus.SUCCESS:
        raise _damaged()
    return result.document


def _parts(document: Any) -> Iterable[tuple[int, str | list[Cell]]]:
    """Yield page number and text or table: page headers first, then the body, then page footers."""
    import docling_core.types.doc as types  # noqa: PLC0415

    model: Any = types  # its names are re-exported without saying so, which strict typing does not accept

    first: list[tuple[int, str | list[Cell]]] = []
    body: list[tuple[int, str | list[Cell]]] = []
    last: list[tuple[int, str | list[Cell]]] = []
    inline: Any = None
    for item, _ in document.iterate_items(
        included_content_layers={model.ContentLayer.BODY, model.ContentLayer.FURNITURE}
    ):
        page = item.prov[0].page_no if item.prov else 1
        if isinstance(item, model.TableItem):
            body.append((page, _cells(item)))
        elif isinstance(item, model.TextItem) and item.text.strip():
            parent = item.parent.resolve(document) if item.parent is not None else None
            if parent is not None and getattr(parent, "label", None) == model.GroupLabel.INLINE:
                if inline == parent.self_ref:
                    # The runs of one paragraph: bold, links and the like.
                    _, begun = body.pop()
                    body.append((page, f"{begun} {item.text}"))
                    continue
                inline = parent.self_ref
            else:
                inline = None
            if item.label == model.DocItemLabel.PAGE_FOOTER:
                last.append((page, item.text))
            elif item.label == model.DocItemLabel.TITLE and item.content_layer == model.ContentLayer.FURNITURE:
                continue  # the name of the browser's window
            elif item.content_layer == model.ContentLayer.FURNITURE:
                first.append((page, item.text))
            else:
                body.append((page, item.text))
    return [*first, *body, *last]


def _cells(table: Any) -> list[Cell]:
    return [
        Cell(
            row=cell.start_row_offset_idx,
            column=cell.start_col_offset_idx,
            row_span=max(1, cell.end_row_offset_idx - cell.start_row_offset_idx),
            column_span=max(1, cell.end_col_offset_idx - cell.start_col_offset_idx),
            # A date without a time in a spreadsheet comes as midnight.
            text=cell.text.strip().removesuffix(" 00:00:00"),
        )
        for cell in table.data.table_cells
    ]
