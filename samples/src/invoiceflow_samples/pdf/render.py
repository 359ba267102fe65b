"""A sheet as a PDF in one of the templates."""

from collections.abc import Callable
from random import Random

from invoiceflow_samples.pdf.pen import Look, Pen, random_look
from invoiceflow_samples.pdf.templates import footer, letterhead, minimal, modern, office, ruled, sidebar
from invoiceflow_samples.sheet import Sheet

__all__ = ["TEMPLATES", "render_pdf"]

TEMPLATES: dict[str, Callable[[Pen, Sheet], None]] = {
    "footer": footer.draw,
    "letterhead": letterhead.draw,
    "minimal": minimal.draw,
    "modern": modern.draw,
    "office": office.draw,
    "ruled": ruled.draw,
    "sidebar": sidebar.draw,
}


def render_pdf(sheet: Sheet, template: str, rng: Random, *, embedded_fonts: bool = False) -> bytes:
    """Render the sheet; the same state of ``rng`` gives the same bytes.

    Raises:
        KeyError: there is no such template among ``TEMPLATES``.
    """
    look = random_look(rng, embedded=embedded_fonts)
    data, pages = _draw(sheet, template, look, pages=1)
    if pages > 1:  # the first run was to learn how many there are, for "page 1 of 3"
        data, _ = _draw(sheet, template, look, pages=pages)
    return data


def _draw(sheet: Sheet, template: str, look: Look, *, pages: int) -> tuple[bytes, int]:
    pen = Pen(look, pages=pages, title=f"{sheet.title} {sheet.number}", author=sheet.seller.name)
    TEMPLATES[template](pen, sheet)
    return pen.finish(), pen.page
