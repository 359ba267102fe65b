"""Pages for documents that have none: Office files, HTML and plain text are set as if printed in one plain face.

Extraction goes by where words stand to each other, so that is what is kept: what follows stands below, what stands
in one row of a table stands on one line, and columns stay apart.
"""

from collections.abc import Sequence

from invoiceflow_contracts.layout import Box, Cell, Line, Page, Table
from invoiceflow_ocr.lines import Fragment, compose
from invoiceflow_ocr.pages import make_lines, make_page

__all__ = ["Typesetter"]

WIDTH, HEIGHT = 595.0, 842.0
"""A4 in points; a page with more lines is longer, never smaller."""
MARGIN = 50.0
EM = 10.0
LEADING = 14.0
ADVANCE = 0.5
"""Width of a character in ems: the mean of common faces."""
GUTTER = 3
"""Characters between two columns of a table."""


class Typesetter:
    """Sets one page from top to bottom."""

    def __init__(self) -> None:
        self._fragments: list[Fragment] = []
        self._tables: list[list[tuple[Cell, tuple[float, float, float, float]]]] = []
        self._top = MARGIN

    def add_text(self, text: str, *, columns: bool = False) -> None:
        """Add lines of text.

        Args:
            text: may have line breaks; a line that is too long is wrapped.
            columns: keep runs of spaces, which stand for columns in plain text; such lines are not wrapped.
        """
        for line in text.split("\n"):
            if columns:
                self._set(line.expandtabs(8), MARGIN, EM)
                self._top += LEADING
            else:
                for part in _wrapped(line, int((WIDTH - 2 * MARGIN) / (EM * ADVANCE))):
                    self._set(part, MARGIN, EM)
                    self._top += LEADING

    def add_table(self, cells: Sequence[Cell]) -> None:
        """Add a table, each row as high as its highest cell and each column as wide as its widest."""
        if not cells:
            return
        rows = max(cell.row + cell.row_span for cell in cells)
        columns = max(cell.column + cell.column_span for cell in cells)
        widths = [1] * columns
        heights = [1] * rows
        for cell in cells:
            lines = cell.text.split("\n")
            if cell.column_span == 1:
                widths[cell.column] = max(widths[cell.column], *map(len, lines))
            if cell.row_span == 1:
                heights[cell.row] = max(heights[cell.row], len(lines))
        # A wide sheet is set in smaller type rather than cut.
        em = min(EM, (WIDTH - 2 * MARGIN) / (sum(width + GUTTER for width in widths) * ADVANCE))
        lefts, tops = [MARGIN], [self._top]
        for width in widths:
            lefts.append(lefts[-1] + (width + GUTTER) * em * ADVANCE)
        for height in heights:
            tops.append(tops[-1] + height * LEADING)
        placed = []
        for cell in cells:
            left, right = lefts[cell.column], lefts[cell.column + cell.column_span]
            top, bottom = tops[cell.row], tops[cell.row + cell.row_span]
            for number, line in enumerate(cell.text.split("\n")):
                self._top = top + number * LEADING
                self._set(line, left, em)
            placed.append((cell, (left, top, right - GUTTER * em * ADVANCE / 2, bottom)))
        self._tables.append(placed)
        self._top = tops[-1] + LEADING / 2

    def page(self, number: int) -> Page:
        """Return the page."""
        height = max(HEIGHT, self._top + MARGIN)
        lines: list[Line] = make_lines(compose(self._fragments), WIDTH, height)
        tables = [
            Table(cells=tuple(cell.model_copy(update={"box": _box(area, height)}) for cell, area in placed))
            for placed in self._tables
        ]
        tables = [
            table.model_copy(update={"box": Box.around(cell.box for cell in table.cells if cell.box is not None)})
            for table in tables
        ]
        return make_page(number, WIDTH, height, source="office", lines=lines, tables=tables)

    def _set(self, line: str, left: float, em: float) -> None:
        """Set the words of one line where they stand in it."""
        position = 0
        advance = min(em * ADVANCE, (WIDTH - MARGIN / 2 - left) / max(1, len(line)))
        size = advance / ADVANCE
        for word in line.split():
            position = line.index(word, position)
            x0 = left + position * advance
            position += len(word)
            self._fragments.append(
                Fragment(
                    word,
                    x0,
                    left + position * advance,
                    self._top,
                    self._top + size,
                    self._top + 0.8 * size,
                    size,
                    spaced=True,
                )
            )


def _wrapped(line: str, width: int) -> list[str]:
    if len(line) <= width:
        return [line]
    parts = [""]
    for word in line.split():
        if parts[-1] and len(parts[-1]) + 1 + len(word) > width:
            parts.append(word)
        else:
            parts[-1] = f"{parts[-1]} {word}".strip()
    return parts


def _box(area: tuple[float, float, float, float], height: float) -> Box:
    x0, y0, x1, y1 = area
    return Box(*(round(min(1.0, max(0.0, side)), 5) for side in (x0 / WIDTH, y0 / height, x1 / WIDTH, y1 / height)))
