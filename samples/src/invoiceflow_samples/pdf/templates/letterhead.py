"""A business letter after DIN 5008: address window, information block, subject line, footer in columns."""

from invoiceflow_samples.pdf.pen import HEIGHT, WIDTH, Pen
from invoiceflow_samples.pdf.table import Frame, TableStyle
from invoiceflow_samples.pdf.templates.parts import GREY, body, meta_rows, page_number
from invoiceflow_samples.sheet import Sheet

__all__ = ["draw"]

_MM = 72 / 25.4


def _footer(pen: Pen, sheet: Sheet, x: float, right: float) -> None:
    """Address, contact, bank and tax identifiers side by side, as the letter paper has them printed."""
    columns = [
        (sheet.seller.name, *sheet.seller.lines),
        sheet.contact,
        tuple(f"{pair.label} {pair.value}" for pair in sheet.bank),
        tuple(f"{pair.label} {pair.value}" for pair in sheet.seller.ids),
    ]
    columns = [column for column in columns if column]
    pen.rule(x, HEIGHT - 66, right, HEIGHT - 66, color=pen.look.accent)
    size = 6.4
    widths = [max(pen.width_of(line, size) for line in column) for column in columns]
    gap = max(6.0, (right - x - sum(widths)) / max(1, len(columns) - 1))
    for column, width in zip(columns, widths, strict=True):
        pen.stack(x, HEIGHT - 55, column, size=size, color=GREY)
        x += width + gap


def draw(pen: Pen, sheet: Sheet) -> None:
    """Draw a business letter."""
    margin, right = 25 * _MM, WIDTH - 20 * _MM

    def furniture() -> None:
        _footer(pen, sheet, margin, right)
        page_number(pen, sheet, HEIGHT - 74)

    pen.furniture = furniture
    pen.text(right, 50, sheet.seller.name, size=14, bold=True, color=pen.look.accent, align="right")
    if pen.look.logo != "none":
        pen.logo(right - 30, 60, 30)

    window = 45 * _MM
    sender = " · ".join((sheet.seller.name, *sheet.seller.lines))
    pen.text(margin, window + 10, sender, size=6, color=GREY)
    pen.rule(margin, window + 13, margin + 80 * _MM, window + 13, color=GREY)
    y = pen.paragraph(margin, window + 28, sheet.buyer.name, 80 * _MM)
    y = pen.stack(margin, y, sheet.buyer.lines)
    pen.stack(margin, y, (f"{pair.label} {pair.value}" for pair in sheet.buyer.ids))
    info_end = meta_rows(pen, sheet.meta, 122 * _MM, window + 18)

    subject = max(98 * _MM, info_end + 14)
    pen.text(margin, subject, f"{sheet.title} {sheet.number}", size=13, bold=True)
    y = pen.paragraph(margin, subject + 22, sheet.opening, right - margin)
    style = TableStyle(rules="rows", header="plain", row_gap=2.6, pad=4)
    frame = Frame(margin, right - margin, HEIGHT - 88)
    body(pen, sheet, style, frame, y + 4, top=56, emphasis="double", bank=False)
