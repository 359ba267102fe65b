"""A form as office software brings it: title in the middle, two boxes for the parties, data in one row."""

from invoiceflow_samples.pdf.pen import HEIGHT, WIDTH, Pen
from invoiceflow_samples.pdf.table import Frame, TableStyle
from invoiceflow_samples.pdf.templates.parts import GREY, INK, body, meta_rows, page_number, party
from invoiceflow_samples.sheet import Sheet

__all__ = ["draw"]


def draw(pen: Pen, sheet: Sheet) -> None:
    """Draw the form of office software."""
    margin, right = pen.look.margin, WIDTH - pen.look.margin
    middle = WIDTH / 2

    def furniture() -> None:
        pen.text(margin, HEIGHT - 30, " - ".join(sheet.contact), size=pen.look.size - 1.5, color=GREY)
        page_number(pen, sheet, HEIGHT - 30)

    pen.furniture = furniture
    pen.text(middle, 50, sheet.seller.name, size=15, bold=True, align="center")
    address = ", ".join(sheet.seller.lines)
    ids = "  ".join(f"{pair.label} {pair.value}" for pair in sheet.seller.ids)
    pen.text(middle, 64, address, size=pen.look.size - 0.5, align="center")
    pen.text(middle, 76, ids, size=pen.look.size - 0.5, align="center")
    pen.rule(margin, 86, right, 86, color=INK, width=1.2)
    pen.text(middle, 112, sheet.title, size=18, bold=True, color=pen.look.accent, align="center")
    top = 132.0
    buyer_end = party(pen, sheet.buyer, margin + 8, top + 14, width=middle - margin - 24)
    meta_end = meta_rows(pen, sheet.meta, middle + 14, top + 14, right=right - 8)
    height = max(buyer_end, meta_end) - top + 2
    pen.box(margin, top, middle - margin - 6, height, stroke=GREY)
    pen.box(middle + 6, top, right - middle - 6, height, stroke=GREY)
    style = TableStyle(rules="rows", header="tinted", row_gap=3.5, pad=4)
    frame = Frame(margin, right - margin, HEIGHT - 55)
    body(pen, sheet, style, frame, top + height + 16, top=50, emphasis="rule")
