"""The seller stands in the page's foot only; above are a large name, the buyer on the right, data in one open row."""

from invoiceflow_samples.pdf.pen import HEIGHT, WIDTH, Pen
from invoiceflow_samples.pdf.table import Frame, TableStyle
from invoiceflow_samples.pdf.templates.parts import GREY, INK, body, page_number, party
from invoiceflow_samples.sheet import Sheet

__all__ = ["draw"]


def _data_rows(pen: Pen, sheet: Sheet, x: float, y: float, width: float) -> float:
    """Labels above values in open rows of at most four, a rule below each; answers the ``y`` below them."""
    size = pen.look.size
    for start in range(0, len(sheet.meta), 4):
        pairs = sheet.meta[start : start + 4]
        for place, pair in enumerate(pairs):
            left = x + place * width / 4
            pen.text(left, y + size, pair.label, size=size - 1, bold=True, color=pen.look.accent)
            pen.text(left, y + size * 2.3, pair.value)
        y += size * 3.2
        pen.rule(x, y - size * 0.4, x + width, y - size * 0.4, color=pen.tint(0.5))
    return y


def _foot(pen: Pen, sheet: Sheet, x: float, right: float) -> None:
    ids = tuple(f"{pair.label} {pair.value}" for pair in sheet.seller.ids)
    middle = x + (right - x) / 2
    for place, parts in enumerate(((sheet.seller.name, *sheet.seller.lines), (*sheet.contact, *ids))):
        text = "  -  ".join(parts)
        pen.text(middle, HEIGHT - 42 + place * 10, text, size=6.8, color=GREY, align="center")


def draw(pen: Pen, sheet: Sheet) -> None:
    """Draw the large name, the buyer, the data and the foot."""
    margin, right = pen.look.margin, WIDTH - pen.look.margin

    def furniture() -> None:
        _foot(pen, sheet, margin, right)
        page_number(pen, sheet, HEIGHT - 18, align="center")

    pen.furniture = furniture
    pen.logo(margin, 34, 28)
    indent = margin + (0 if pen.look.logo == "none" else 40)
    pen.text(indent, 56, sheet.seller.name, size=17, bold=True, color=pen.look.accent)
    end = party(pen, sheet.buyer, margin + (right - margin) * 0.6, 100, width=200, label=False)
    pen.text(margin, max(end, 150) + 10, sheet.title, size=15, bold=True, color=INK)
    y = _data_rows(pen, sheet, margin, max(end, 150) + 24, right - margin)
    style = TableStyle(rules="rows", header="tinted", zebra=True, row_gap=3, pad=4)
    frame = Frame(margin, right - margin, HEIGHT - 62)
    body(pen, sheet, style, frame, y + 10, top=50, emphasis="filled")
