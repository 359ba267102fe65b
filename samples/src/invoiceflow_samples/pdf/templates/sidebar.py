"""A coloured column on the left with the seller and the payment; the invoice itself beside it."""

from reportlab.lib.colors import HexColor

from invoiceflow_samples.pdf.pen import HEIGHT, WIDTH, Pen
from invoiceflow_samples.pdf.table import Frame, TableStyle
from invoiceflow_samples.pdf.templates.parts import GREY, body, page_number, party
from invoiceflow_samples.sheet import Sheet

__all__ = ["draw"]

_WHITE = HexColor(0xFFFFFF)
_BAR = 150.0


def _bar(pen: Pen, sheet: Sheet) -> None:
    pen.box(0, 0, _BAR, HEIGHT, fill=pen.look.accent)
    if pen.page > 1:
        return
    y = party(pen, sheet.seller, 18, 70, width=_BAR - 30, label=False, color=_WHITE)
    for line in sheet.contact:
        y = pen.paragraph(18, y, line, _BAR - 26, size=pen.look.size - 1, color=_WHITE)
    y += 26
    for pair in sheet.meta:
        pen.text(18, y, pair.label, size=pen.look.size - 1.5, color=pen.tint(0.25))
        pen.text(18, y + pen.look.size * 1.3, pair.value, bold=True, color=_WHITE)
        y += pen.look.size * 3.1
    y += 14
    if sheet.bank:
        y = pen.paragraph(18, y, sheet.bank_label, _BAR - 30, bold=True, color=_WHITE)
    for pair in sheet.bank:
        pen.text(18, y, pair.label, size=pen.look.size - 1.5, color=pen.tint(0.25))
        pen.text(18, y + 10, pair.value, size=6.4, color=_WHITE)
        y += 24


def draw(pen: Pen, sheet: Sheet) -> None:
    """Draw the coloured column and the invoice beside it."""
    left, right = _BAR + 24, WIDTH - 34

    def furniture() -> None:
        page_number(pen, sheet, HEIGHT - 30)
        if pen.page < pen.pages:
            return
        pen.text(left, HEIGHT - 30, sheet.seller.name, size=pen.look.size - 1.5, color=GREY)

    pen.furniture = furniture
    _bar(pen, sheet)
    pen.text(left, 84, sheet.title, size=26, bold=True, color=pen.look.accent)
    y = party(pen, sheet.buyer, left, 116)
    style = TableStyle(rules="header", header="plain", pad=3, row_gap=5)
    frame = Frame(left, right - left, HEIGHT - 56)
    body(pen, sheet, style, frame, y + 18, top=56, emphasis="rule", bank=False)
