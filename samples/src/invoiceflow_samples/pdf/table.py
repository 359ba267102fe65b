"""The table of lines over as many pages as it takes, with repeated headers and carried-forward subtotals."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from reportlab.lib.colors import Color, HexColor

from invoiceflow_samples.pdf.pen import Pen
from invoiceflow_samples.sheet import Column, Row, Sheet, TotalRow

__all__ = ["Frame", "TableStyle", "draw_lines", "draw_tax_table", "draw_totals"]

_WHITE = HexColor(0xFFFFFF)
_INK = HexColor(0x1A1A1A)
_GREY = HexColor(0x6B6B6B)
_LINE = HexColor(0x9A9A9A)


@dataclass(frozen=True, slots=True)
class TableStyle:
    """How a table is ruled: not at all, below its header, between rows, or as a full grid."""

    rules: Literal["none", "header", "rows", "grid"] = "header"
    header: Literal["filled", "tinted", "plain"] = "plain"
    zebra: bool = False
    pad: float = 5
    row_gap: float = 4
    capitals: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the table stands: left edge, width, and the lowest ``y`` it may reach on a page."""

    x: float
    width: float
    bottom: float


def _widths(pen: Pen, sheet: Sheet, style: TableStyle, width: float) -> dict[str, float]:
    """Each column as wide as its widest cell and its header's longest word; the description takes the rest."""
    found: dict[str, float] = {}
    for column in sheet.columns:
        if column.key == "description":
            continue
        cells = max(pen.width_of(row.cells[column.key]) for row in sheet.rows)
        if column.key == "amount":
            total = sum((row.net for row in sheet.rows), Decimal(0))
            cells = max(cells, pen.width_of(sheet.money(total), bold=True))
        words = pen.width_of(_header(column, style), bold=True)
        longest = max(pen.width_of(word, bold=True) for word in _header(column, style).split())
        found[column.key] = max(cells, min(words, max(longest, 62))) + 2 * style.pad
    found["description"] = width - sum(found.values())
    return found


def _header(column: Column, style: TableStyle) -> str:
    return column.label.upper() if style.capitals else column.label


class _Table:
    def __init__(self, pen: Pen, sheet: Sheet, style: TableStyle, frame: Frame) -> None:
        self.pen, self.sheet, self.style, self.frame = pen, sheet, style, frame
        self.widths = _widths(pen, sheet, style, frame.width)
        self.leading = pen.look.size * 1.3

    def _edges(self) -> list[tuple[Column, float, float]]:
        x, found = self.frame.x, []
        for column in self.sheet.columns:
            found.append((column, x, x + self.widths[column.key]))
            x += self.widths[column.key]
        return found

    def _cell(
        self, column: Column, left: float, right: float, y: float, text: str, *, bold: bool = False, color: Color = _INK
    ) -> None:
        if column.align == "right":
            self.pen.text(right - self.style.pad, y, text, bold=bold, color=color, align="right")
        else:
            self.pen.text(left + self.style.pad, y, text, bold=bold, color=color)

    def _borders(self, top: float, bottom: float, *, header: bool = False) -> None:
        x, right = self.frame.x, self.frame.x + self.frame.width
        if self.style.rules == "grid":
            for _, left, _ in self._edges():
                self.pen.rule(left, top, left, bottom, color=_LINE)
            self.pen.rule(right, top, right, bottom, color=_LINE)
            self.pen.rule(x, bottom, right, bottom, color=_LINE)
            if header:
                self.pen.rule(x, top, right, top, color=_LINE)
        elif self.style.rules == "rows" or (self.style.rules == "header" and header):
            self.pen.rule(x, bottom, right, bottom, color=self.pen.look.accent if header else _LINE)

    def header(self, y: float) -> float:
        """Draw the header with its top at ``y``; answers its bottom."""
        edges = self._edges()
        wrapped = [
            (
                column,
                left,
                right,
                self.pen.wrap(_header(column, self.style), right - left - 2 * self.style.pad, bold=True),
            )
            for column, left, right in edges
        ]
        height = max(len(lines) for *_, lines in wrapped) * self.leading + 2 * self.style.row_gap
        fills = {"filled": self.pen.look.accent, "tinted": self.pen.tint(0.15)}
        if self.style.header in fills:
            self.pen.box(self.frame.x, y, self.frame.width, height, fill=fills[self.style.header])
        color = _WHITE if self.style.header == "filled" else _INK
        for column, left, right, lines in wrapped:
            baseline = y + self.style.row_gap + self.pen.look.size
            for line in lines:
                self._cell(column, left, right, baseline, line, bold=True, color=color)
                baseline += self.leading
        self._borders(y, y + height, header=True)
        return y + height

    def _description(self, row: Row) -> tuple[list[str], list[str]]:
        width = self.widths["description"] - 2 * self.style.pad
        more = self.pen.wrap(row.more, width, self.pen.look.size - 1) if row.more else []
        return self.pen.wrap(row.cells["description"], width), more

    def height(self, row: Row) -> float:
        name, more = self._description(row)
        return (len(name) + len(more)) * self.leading + 2 * self.style.row_gap

    def row(self, y: float, row: Row, number: int) -> float:
        """Draw a row with its top at ``y``; answers its bottom."""
        height = self.height(row)
        if self.style.zebra and number % 2:
            self.pen.box(self.frame.x, y, self.frame.width, height, fill=self.pen.tint(0.07))
        first = y + self.style.row_gap + self.pen.look.size
        for column, left, right in self._edges():
            if column.key != "description":
                self._cell(column, left, right, first, row.cells[column.key])
                continue
            name, more = self._description(row)
            baseline = first
            for line in name:
                self._cell(column, left, right, baseline, line)
                baseline += self.leading
            for line in more:
                self.pen.text(left + self.style.pad, baseline, line, size=self.pen.look.size - 1, color=_GREY)
                baseline += self.leading
        self._borders(y, y + height)
        return y + height

    def carry(self, y: float, label: str, amount: Decimal) -> float:
        """Draw a subtotal row (carried or brought forward); answers its bottom."""
        height = self.leading + 2 * self.style.row_gap
        right = self.frame.x + self.frame.width - self.style.pad
        baseline = y + self.style.row_gap + self.pen.look.size
        self.pen.text(right, baseline, self.sheet.money(amount), bold=True, align="right")
        self.pen.text(right - self.widths["amount"], baseline, label, bold=True, align="right")
        return y + height


def draw_lines(
    pen: Pen, sheet: Sheet, style: TableStyle, frame: Frame, *, y: float, new_page: Callable[[], float]
) -> float:
    """Draw all lines from ``y`` on; ``new_page`` turns the page and answers where the table goes on.

    Answers the ``y`` below the table on its last page.
    """
    table = _Table(pen, sheet, style, frame)
    carry_height = table.leading + 2 * style.row_gap
    y = table.header(y)
    running = Decimal(0)
    for number, row in enumerate(sheet.rows):
        if y + table.height(row) + carry_height > frame.bottom:
            table.carry(y, sheet.carried, running)
            y = table.header(new_page())
            y = table.carry(y, sheet.brought, running)
        y = table.row(y, row, number)
        running += row.net
    return y


def _total_height(pen: Pen, row: TotalRow) -> float:
    return pen.look.size * (2.1 if row.strong else 1.75)


def draw_totals(
    pen: Pen,
    rows: tuple[TotalRow, ...],
    right: float,
    y: float,
    *,
    width: float = 230,
    emphasis: Literal["bold", "filled", "rule", "double"] = "bold",
    boxed: bool = False,
) -> float:
    """Draw the totals block with its right edge at ``right``; answers the ``y`` below it."""
    width = max(
        width, max(pen.width_of(row.label, pen.look.size + 1, bold=True) for row in rows) + 30
        + max(pen.width_of(row.value, pen.look.size + 1, bold=True) for row in rows),
    )  # fmt: skip
    left = right - width
    for row in rows:
        height = _total_height(pen, row)
        size = pen.look.size + (1 if row.strong else 0)
        baseline = y + height / 2 + size * 0.35
        color = _INK
        if row.strong and emphasis == "filled":
            pen.box(left, y, width, height, fill=pen.look.accent)
            color = _WHITE
        elif row.strong and emphasis in {"rule", "double"}:
            pen.rule(left, y, right, y, color=pen.look.accent, width=0.8)
        if boxed:
            pen.box(left, y, width, height, stroke=_LINE)
        pen.text(left + 5, baseline, row.label, size=size, bold=row.strong, color=color)
        pen.text(right - 5, baseline, row.value, size=size, bold=row.strong, color=color, align="right")
        y += height
        if row.strong and emphasis == "double":
            pen.rule(left, y - 1.5, right, y - 1.5, color=pen.look.accent, width=0.6)
            pen.rule(left, y, right, y, color=pen.look.accent, width=0.6)
    return y


def draw_tax_table(pen: Pen, rows: tuple[tuple[str, ...], ...], x: float, y: float) -> float:
    """The small table of rate, basis and tax; answers the ``y`` below it."""
    if not rows:
        return y
    size = pen.look.size - 0.5
    widths = [max(pen.width_of(row[place], size, bold=True) for row in rows) + 14 for place in range(3)]
    for number, row in enumerate(rows):
        right = x
        for cell, width in zip(row, widths, strict=True):
            right += width
            pen.text(right - 4, y + size, cell, size=size, bold=number == 0, align="right")
        y += size * 1.7
        if number == 0:
            pen.rule(x, y - size * 0.4, right, y - size * 0.4, color=_LINE)
    return y
