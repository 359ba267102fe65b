"""PDF documents: each page by its own characters where they are usable, otherwise from its picture."""

from typing import Any

from invoiceflow_contracts.layout import Line, Page
from invoiceflow_ocr.engines.native.pdf_text import Frame, read_characters
from invoiceflow_ocr.engines.native.recognition import Recogniser
from invoiceflow_ocr.lines import compose
from invoiceflow_ocr.pages import make_lines, make_page
from invoiceflow_ocr.ports import Progress, Reading, ReadingLimits

__all__ = ["read_pdf"]

RENDER_DPI = 150


def read_pdf(data: bytes, limits: ReadingLimits, recogniser: Recogniser, progress: Progress) -> Reading:
    """Read every page of a PDF."""
    import pypdfium2  # noqa: PLC0415

    pages: list[Page] = []
    document = pypdfium2.PdfDocument(data)
    try:
        total = len(document)
        for index in range(total):
            page = document[index]
            try:
                pages.append(_read_page(page, index + 1, recogniser))
            finally:
                page.close()
            progress(index + 1, total)
    finally:
        document.close()
    return Reading(pages=pages)


def _read_page(page: Any, number: int, recogniser: Recogniser) -> Page:
    import pypdfium2.raw as pdfium  # noqa: PLC0415

    rotation = page.get_rotation()
    frame = Frame.of_box(*page.get_bbox(), rotation)
    text_page = pdfium.FPDFText_LoadPage(page)
    try:
        text = read_characters(text_page, frame)
        if text.characters and text.unmapped <= 0.1 * text.characters:
            turned = text.turned
            upright_count = text.characters - sum(turned.values())
            dominant = max(turned, key=lambda angle: turned[angle]) if turned else 0
            if dominant % 90 == 0 and turned.get(dominant, 0) > upright_count:
                rotation = (rotation - dominant) % 360
                frame = Frame.of_box(*page.get_bbox(), rotation)
                text = read_characters(text_page, frame)
            lines: list[Line] = make_lines(compose(text.fragments), frame.width, frame.height)
            for angle in sorted(text.turned):
                other = read_characters(text_page, frame, angle=angle)
                lines += make_lines(compose(other.fragments), frame.width, frame.height, angle=angle)
            return make_page(number, frame.width, frame.height, source="text", lines=lines, rotation=rotation)
    finally:
        pdfium.FPDFText_ClosePage(text_page)
    image = page.render(scale=RENDER_DPI / 72).to_numpy()
    height, width = image.shape[:2]
    return make_page(
        number,
        frame.width,
        frame.height,
        source="ocr",
        rotation=rotation,
        lines=make_lines(compose(recogniser.read(image)), width, height),
    )
