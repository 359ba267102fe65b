"""From a ``DoclingDocument`` to the pages of the contract.

Words with a box of their own count first. A text or a cell of the document in whose box there is none of them is
taken as well, its words in places that are estimated (see ``estimation``), so that nothing that was read is lost.
"""

from collections.abc import Callable, Iterable

from invoiceflow_contracts.layout import Box, Cell, Page, Table
from invoiceflow_ocr.engines.docling_document.estimation import Area, estimate_lines
from invoiceflow_ocr.engines.docling_document.items import PageItems, PlacedCell, PlacedTable
from invoiceflow_ocr.engines.docling_document.ports import KnownText
from invoiceflow_ocr.engines.docling_document.turning import turned_box
from invoiceflow_ocr.lines import Fragment, compose
from invoiceflow_ocr.pages import PLACES, make_lines, make_page

__all__ = ["MAPPING", "page_of"]

MAPPING = "1"
"""Version of this mapping, a part of the version of each engine that uses it: to be raised whenever the same
``DoclingDocument`` gives other pages."""


def page_of(number: int, items: PageItems, known: KnownText, *, rotation: int, score: float = 1.0) -> Page:
    """Return a page.

    Args:
        number: from 1.
        items: what the document says of the page.
        known: its words with a box each, as far as they are known.
        rotation: clockwise degrees by which the page is turned in the document already.
        score: how sure the page was recognised on the whole, for the words whose place is estimated.
    """
    width, height = (items.height, items.width) if known.turn % 180 else (items.width, items.height)

    def seen(area: Area) -> Box:
        return turned_box(_box(area, items), known.turn)

    middles = [_middle(word.box) for line in known.lines for word in line.words]
    tables, unknown = [], [(text.text, text.area) for text in items.texts]
    for placed in items.tables:
        tables.append(_table(placed, seen))
        unknown += [(one.cell.text, _cell_area(one, placed)) for one in placed.cells]
    fragments: list[Fragment] = []
    for text, area in unknown:
        box = seen(area)
        if text and not any(box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1 for x, y in middles):
            fragments += estimate_lines(text, _scaled(box, width, height), score)
    return make_page(
        number,
        width,
        height,
        source=known.source,
        lines=(*known.lines, *make_lines(compose(fragments), width, height)),
        rotation=(rotation + known.turn) % 360,
        tables=tables,
    )


def _table(placed: PlacedTable, seen: Callable[[Area], Box]) -> Table:
    cells = (
        one.cell.model_copy(update={"box": seen(one.area)}) if one.area is not None else one.cell
        for one in placed.cells
    )
    return Table(box=seen(placed.area), cells=tuple(cells))


def _cell_area(one: PlacedCell, table: PlacedTable) -> Area:
    """Where a cell stands, or would stand if all rows were equally high and all columns equally wide."""
    if one.area is not None:
        return one.area
    rows, columns = _size(other.cell for other in table.cells)
    left, top, right, bottom = table.area
    across, down = (right - left) / columns, (bottom - top) / rows
    return (
        left + one.cell.column * across,
        top + one.cell.row * down,
        left + (one.cell.column + one.cell.column_span) * across,
        top + (one.cell.row + one.cell.row_span) * down,
    )


def _size(cells: Iterable[Cell]) -> tuple[int, int]:
    ends = [(cell.row + cell.row_span, cell.column + cell.column_span) for cell in cells]
    return max(row for row, _ in ends), max(column for _, column in ends)


def _box(area: Area, items: PageItems) -> Box:
    x0, y0, x1, y1 = area
    width, height = items.width, items.height
    return Box(
        *(round(min(1.0, max(0.0, side)), PLACES) for side in (x0 / width, y0 / height, x1 / width, y1 / height))
    )


def _scaled(box: Box, width: float, height: float) -> Area:
    return box.x0 * width, box.y0 * height, box.x1 * width, box.y1 * height


def _middle(box: Box) -> tuple[float, float]:
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
