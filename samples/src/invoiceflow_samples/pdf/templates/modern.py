"""Two columns under a coloured band: parties left and right, a zebra table, a filled total."""

from reportlab.lib.colors import HexColor

from invoiceflow_samples.pdf.pen import HEIGHT, WIDTH, Pen
from invoiceflow_samples.pdf.table import Frame, TableStyle
from invoiceflow_samples.pdf.templates.parts import GREY, body, meta_rows, page_number, party
from invoiceflow_samples.sheet import Sheet

__all__ = ["draw"]

_WHITE = HexColor(0xFFFFFF)


def draw(pen: Pen, sheet: Sheet) -> None:
    """Draw the band, the parties and the zebra table."""
    margin, right = pen.look.margin, WIDTH - pen.look.margin

    def furniture() -> None:
        pen.rule(margin, HEIGHT - 46, right, HEIGHT - 46, color=pen.tint(0.5))
        pen.text(margin, HEIGHT - 34, "  |  ".join((sheet.seller.name, *sheet.contact)), size=7, color=GREY)
        page_number(pen, sheet, HEIGHT - 34)

    pen.furniture = furniture
    pen.box(0, 0, WIDTH, 78, fill=pen.look.accent)
    pen.text(margin, 48, sheet.title, size=24, bold=True, color=_WHITE)
    pen.text(right, 48, sheet.seller.name, size=12, bold=True, color=_WHITE, align="right")

    half = margin + (right - margin) * 0.56
    left_end = party(pen, sheet.seller, margin, 104)
    left_end = party(pen, sheet.buyer, margin, left_end + 14)
    height = 22 + len(sheet.meta) * pen.look.size * 1.45
    pen.box(half - 10, 92, right - half + 10, height, fill=pen.tint(0.1), radius=4)
    meta_end = meta_rows(pen, sheet.meta, half, 92 + 12 + pen.look.size / 2, right=right - 10)
    style = TableStyle(rules="none", header="filled", zebra=True, row_gap=5)
    frame = Frame(margin, right - margin, HEIGHT - 70)
    body(pen, sheet, style, frame, max(left_end, meta_end) + 18, top=60, emphasis="filled")
