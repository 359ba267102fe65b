"""Everything in boxes: a grid of header data, a full grid of lines, totals as further boxes."""

from invoiceflow_samples.pdf.pen import HEIGHT, WIDTH, Pen
from invoiceflow_samples.pdf.table import Frame, TableStyle
from invoiceflow_samples.pdf.templates.parts import GREY, INK, body, page_number, party
from invoiceflow_samples.sheet import Sheet

__all__ = ["draw"]


def _header_grid(pen: Pen, sheet: Sheet, x: float, y: float, width: float) -> float:
    """Labels above values, at most four to a row of boxes."""
    size = pen.look.size
    for start in range(0, len(sheet.meta), 4):
        pairs = sheet.meta[start : start + 4]
        cell = width / len(pairs)
        for place, pair in enumerate(pairs):
            left = x + place * cell
            pen.box(left, y, cell, size * 3.4, stroke=GREY)
            pen.text(left + 5, y + size * 1.2, pair.label, size=size - 1.5, color=GREY)
            pen.text(left + 5, y + size * 2.7, pair.value, bold=True)
        y += size * 3.4
    return y


def draw(pen: Pen, sheet: Sheet) -> None:
    """Draw everything in boxes."""
    margin, right = pen.look.margin, WIDTH - pen.look.margin

    def furniture() -> None:
        page_number(pen, sheet, HEIGHT - 30, align="center")

    pen.furniture = furniture
    pen.logo(margin, 36)
    indent = margin + (0 if pen.look.logo == "none" else 46)
    seller_end = party(pen, sheet.seller, indent, 46, label=False)
    pen.text(right, 52, sheet.title.upper(), size=17, bold=True, align="right")
    contact_end = 68.0
    for line in sheet.contact:
        pen.text(right, contact_end, line, size=pen.look.size - 1, color=GREY, align="right")
        contact_end += pen.look.size * 1.35

    top = max(seller_end, contact_end) + 8
    middle = margin + (right - margin) / 2
    end = party(pen, sheet.buyer, middle + 8, top + pen.look.size * 1.4)
    pen.box(middle, top, right - middle, end - top + 2, stroke=INK)
    table_top = _header_grid(pen, sheet, margin, end + 14, right - margin) + 14
    style = TableStyle(rules="grid", header="tinted", row_gap=3, pad=4)
    frame = Frame(margin, right - margin, HEIGHT - 55)
    body(pen, sheet, style, frame, table_top, top=50, boxed=True)
