"""White space and no line at all: small labels above their values, totals set off by weight alone."""

from invoiceflow_samples.pdf.pen import HEIGHT, WIDTH, Pen
from invoiceflow_samples.pdf.table import Frame, TableStyle
from invoiceflow_samples.pdf.templates.parts import GREY, body, page_number, party
from invoiceflow_samples.sheet import Sheet

__all__ = ["draw"]


def draw(pen: Pen, sheet: Sheet) -> None:
    """Draw without rules."""
    margin, right = pen.look.margin + 14, WIDTH - pen.look.margin - 14
    size = pen.look.size

    def furniture() -> None:
        page_number(pen, sheet, HEIGHT - 34)

    pen.furniture = furniture
    pen.text(margin, 74, sheet.title, size=22, color=pen.look.accent)
    column = (right - margin) / 3
    ends = []
    for place, block in enumerate((sheet.seller, sheet.buyer)):
        ends.append(party(pen, block, margin + place * column, 110, width=column - 12))
    y = 110.0
    for pair in sheet.meta:
        pen.text(margin + 2 * column + 10, y, pair.label, size=size - 1.5, color=GREY)
        pen.text(margin + 2 * column + 10, y + size * 1.3, pair.value)
        y += size * 3
    style = TableStyle(rules="none", header="plain", pad=3, row_gap=5, capitals=True)
    frame = Frame(margin - 3, right - margin + 6, HEIGHT - 60)
    body(pen, sheet, style, frame, max(*ends, y) + 16, top=64)
