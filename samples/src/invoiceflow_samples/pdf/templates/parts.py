"""Pieces that several templates place: meta data, parties, the payment block, the end of the document."""

from typing import Literal

from reportlab.lib.colors import Color, HexColor

from invoiceflow_samples.pdf.pen import HEIGHT, WIDTH, Pen
from invoiceflow_samples.pdf.table import Frame, TableStyle, draw_lines, draw_tax_table, draw_totals
from invoiceflow_samples.sheet import Block, Pair, Sheet

__all__ = ["GREY", "INK", "Ending", "body", "meta_rows", "page_number", "party"]

INK = HexColor(0x1A1A1A)
GREY = HexColor(0x6B6B6B)

Ending = Literal["bold", "filled", "rule", "double"]


def meta_rows(pen: Pen, pairs: tuple[Pair, ...], x: float, y: float, *, right: float | None = None) -> float:
    """Labels with their values beside them: after the widest label, or flush with ``right``."""
    gap = max(pen.width_of(pair.label) for pair in pairs) + 12
    for pair in pairs:
        pen.text(x, y, pair.label, color=GREY)
        if right is None:
            pen.text(x + gap, y, pair.value)
        else:
            pen.text(right, y, pair.value, align="right")
        y += pen.look.size * 1.45
    return y


def party(
    pen: Pen, block: Block, x: float, y: float, *, width: float = 220, label: bool = True, color: Color = INK
) -> float:
    """A party's heading, name, address and identifiers; answers the baseline after it."""
    if label:
        pen.text(x, y, block.label, size=pen.look.size - 1, color=GREY if color is INK else color)
        y += pen.look.size * 1.6
    y = pen.paragraph(x, y, block.name, width, bold=True, color=color)
    for line in (*block.lines, *(f"{pair.label} {pair.value}" for pair in block.ids)):
        y = pen.paragraph(x, y, line, width, color=color)
    return y


def page_number(pen: Pen, sheet: Sheet, y: float, *, align: Literal["left", "right", "center"] = "right") -> None:
    """Say which page this is, on documents of more than one."""
    if pen.pages == 1:
        return
    x = {"left": pen.look.margin, "right": WIDTH - pen.look.margin, "center": WIDTH / 2}[align]
    pen.text(x, y, sheet.page.format(n=pen.page, m=pen.pages), size=pen.look.size - 1, color=GREY, align=align)


def _ending_height(pen: Pen, sheet: Sheet) -> float:
    totals = sum(pen.look.size * (2.1 if row.strong else 1.75) for row in sheet.totals)
    below = len(sheet.bank) + 2.5 * len(sheet.notes) + (2 if sheet.terms else 0) + 4
    return totals + below * pen.look.size * 1.4 + 20


def body(
    pen: Pen,
    sheet: Sheet,
    style: TableStyle,
    frame: Frame,
    y: float,
    *,
    top: float,
    emphasis: Ending = "bold",
    boxed: bool = False,
    bank: bool = True,
) -> float:
    """Lines, totals, tax table, notes, terms and bank; further pages start at ``top``. Answers the final ``y``."""

    def new_page() -> float:
        pen.next_page()
        return top

    y = draw_lines(pen, sheet, style, frame, y=y, new_page=new_page)
    if y + _ending_height(pen, sheet) > frame.bottom:
        y = new_page()
    right = frame.x + frame.width
    y += 0 if boxed else pen.look.size
    beside = draw_tax_table(pen, sheet.tax_table, frame.x, y + 4) if frame.width > 450 else y
    y = draw_totals(pen, sheet.totals, right, y, emphasis=emphasis, boxed=boxed)
    if frame.width <= 450:
        beside = draw_tax_table(pen, sheet.tax_table, frame.x, y + 8)
    y = max(y, beside) + pen.look.size * 2.4
    for note in sheet.notes:
        y = pen.paragraph(frame.x, y, note, frame.width)
    if sheet.terms:
        y = pen.paragraph(frame.x, y + 2, sheet.terms, frame.width)
    if bank and sheet.bank:
        y += pen.look.size * 0.8
        pen.text(frame.x, y, sheet.bank_label, bold=True)
        y = pen.stack(frame.x, y + pen.look.size * 1.4, (f"{pair.label} {pair.value}" for pair in sheet.bank))
    y = pen.paragraph(frame.x, y + pen.look.size, sheet.closing, frame.width)
    return min(y, HEIGHT)
