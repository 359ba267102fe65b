"""The texts and tables of a ``DoclingDocument``, page by page, in points from the top left of the page."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from invoiceflow_contracts.layout import Cell
from invoiceflow_ocr.engines.docling_document.estimation import Area

__all__ = ["PageItems", "PlacedCell", "PlacedTable", "PlacedText", "items_by_page"]


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A text and the box around all of it."""

    text: str
    area: Area


@dataclass(frozen=True, slots=True)
class PlacedCell:
    """A cell of a table, and where it stands, where that is known."""

    cell: Cell
    area: Area | None


@dataclass(frozen=True, slots=True)
class PlacedTable:
    """A table and its cells."""

    area: Area
    cells: tuple[PlacedCell, ...]


@dataclass(slots=True)
class PageItems:
    """What stands on one page."""

    width: float
    height: float
    texts: list[PlacedText] = field(default_factory=list)
    tables: list[PlacedTable] = field(default_factory=list)


def items_by_page(document: Any) -> dict[int, PageItems]:
    """Return what stands on each page of the document; what has no place on a page is left out."""
    import docling_core.types.doc as types  # noqa: PLC0415

    model: Any = types  # its names are re-exported without saying so, which strict typing does not accept

    pages = {number: PageItems(page.size.width, page.size.height) for number, page in sorted(document.pages.items())}
    everywhere = {model.ContentLayer.BODY, model.ContentLayer.FURNITURE}
    for item, _ in document.iterate_items(included_content_layers=everywhere, traverse_pictures=True):
        if isinstance(item, model.TableItem):
            for place in item.prov[:1]:
                if (page := pages.get(place.page_no)) is not None:
                    page.tables.append(_table(item, place, page.height))
        elif isinstance(item, model.TextItem):
            for number, text in _texts(item, pages):
                pages[number].texts.append(text)
    return pages


def _texts(item: Any, pages: dict[int, PageItems]) -> Iterator[tuple[int, PlacedText]]:
    """A text, or the parts of one that goes on in another column or on another page."""
    for place in item.prov:
        page = pages.get(place.page_no)
        if page is None:
            continue
        # What was printed, not what docling made of it; parts are only told apart in the latter.
        text = item.orig or item.text if len(item.prov) == 1 else item.text[slice(*place.charspan)]
        if text.strip():
            yield place.page_no, PlacedText(text, _area(place.bbox, page.height))


def _table(item: Any, place: Any, height: float) -> PlacedTable:
    cells = tuple(
        PlacedCell(
            Cell(
                row=cell.start_row_offset_idx,
                column=cell.start_col_offset_idx,
                row_span=max(1, cell.end_row_offset_idx - cell.start_row_offset_idx),
                column_span=max(1, cell.end_col_offset_idx - cell.start_col_offset_idx),
                text=cell.text.strip(),
            ),
            _area(cell.bbox, height) if cell.bbox is not None else None,
        )
        for cell in item.data.table_cells
    )
    return PlacedTable(_area(place.bbox, height), cells)


def _area(box: Any, height: float) -> Area:
    upright = box.to_top_left_origin(height)
    return (
        min(upright.l, upright.r),
        min(upright.t, upright.b),
        max(upright.l, upright.r),
        max(upright.t, upright.b),
    )
