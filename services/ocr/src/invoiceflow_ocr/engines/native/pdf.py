"""PDF documents: each page by its own characters where they are usable, otherwise from its picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.layout import Line, Page
from invoiceflow_ocr.engines.native.pdf_attachments import read_attachments
from invoiceflow_ocr.engines.native.pdf_objects import Area, Survey, survey
from invoiceflow_ocr.engines.native.pdf_text import Frame, PageText, read_characters
from invoiceflow_ocr.engines.native.plausibility import sense
from invoiceflow_ocr.engines.native.recognition import Recogniser, text_height
from invoiceflow_ocr.lines import Fragment, compose
from invoiceflow_ocr.pages import make_lines, make_page
from invoiceflow_ocr.ports import Progress, Reading, ReadingLimits

__all__ = ["read_pdf"]

DPI = 150
FINE_DPI = 225
"""For pages whose small letters have fewer rows than ``FINE_PRINT`` at the usual resolution."""
FINE_PRINT = 6.5
LARGEST_SIDE = 4000
"""Pixels of the longer side of a rendered page: a plan of several metres is read coarsely rather than refused."""

UNMAPPED_SHARE = 0.1
"""A text layer with a larger share of characters without meaning is not used; a few icons are no harm."""
LEAST_SENSE = 0.6
"""A text layer of which a smaller share could be words is not used."""
LEAST_SENSE_OF_SCAN = 0.85
"""The same for invisible text that a scanner has put under its picture."""
SCANNER_CONFIDENCE = 0.9
"""Given to the words of such a layer: recognised by a program that did not say how sure it was."""
PICTURE_SHARE = 0.05
"""A picture of a larger share of the page may hold text of its own."""
SCAN_SHARE = 0.5
"""A picture of a larger share of the page is the page."""


def read_pdf(data: bytes, limits: ReadingLimits, recogniser: Recogniser, progress: Progress) -> Reading:
    """Read every page of a PDF and the e-invoices attached to it.

    Raises:
        PermanentError: ``pdf_encrypted``, ``document_unreadable`` or ``too_many_pages``.
    """
    pages: list[Page] = []
    with _opened(data) as document:
        total = len(document)
        if total == 0:
            raise PermanentError("document_unreadable", "The PDF has no pages. Save it anew and send it again.")
        if total > limits.max_pages:
            raise PermanentError(
                "too_many_pages",
                f"The document has {total} pages; at most {limits.max_pages} are read. Split it and send the parts.",
            )
        for index in range(total):
            pages.append(_read_page(document, index, recogniser))
            progress(index + 1, total)
        attachments = read_attachments(document, limits.max_attachment_bytes)
    return Reading(pages=pages, attachments=attachments)


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    import pypdfium2  # noqa: PLC0415
    import pypdfium2.raw as pdfium  # noqa: PLC0415

    try:
        # Without a password pdfium tries the empty one, which opens what is only protected against changes.
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pdfium.FPDF_ERR_PASSWORD:
            raise PermanentError(
                "pdf_encrypted", "The PDF is protected by a password. Remove the protection and send it again."
            ) from None
        raise _damaged() from None
    try:
        yield document
    finally:
        document.close()


def _damaged() -> PermanentError:
    return PermanentError(
        "document_unreadable", "The PDF is damaged or not a PDF at all. Save it anew and send it again."
    )


@contextmanager
def _page(document: Any, index: int) -> Iterator[Any]:
    import pypdfium2  # noqa: PLC0415
    import pypdfium2.raw as pdfium  # noqa: PLC0415

    try:
        page = document[index]
        # What stands in form fields and stamps becomes part of the page, for characters and picture alike.
        if (
            pdfium.FPDFPage_GetAnnotCount(page) > 0
            and pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS
        ):
            page.close()
            page = document[index]
    except pypdfium2.PdfiumError:
        raise _damaged() from None
    try:
        yield page
    finally:
        page.close()


def _read_page(document: Any, index: int, recogniser: Recogniser) -> Page:
    import pypdfium2.raw as pdfium  # noqa: PLC0415

    with _page(document, index) as page:
        rotation = page.get_rotation()
        frame = Frame.of_box(page.get_bbox(), rotation)
        found = survey(page, frame)
        text_page = pdfium.FPDFText_LoadPage(page)
        try:
            text = read_characters(text_page, frame, hidden=False if found.hidden_text else None)
            if _is_usable(text) and not _is_stamp_on_scan(text, found, frame):
                return _text_page(page, text_page, index + 1, rotation, text, found, recogniser)
            if found.hidden_text and _is_scan(found, frame):
                layer = read_characters(text_page, frame, hidden=True)
                if _is_usable(layer, LEAST_SENSE_OF_SCAN) and not layer.turned:
                    return _scanned_page(index + 1, rotation, frame, layer)
        finally:
            pdfium.FPDFText_ClosePage(text_page)
        if not found.drawn and not text.characters:
            return make_page(index + 1, frame.width, frame.height, source="text", lines=())
        return _recognised_page(page, index + 1, rotation, frame, recogniser)


def _is_usable(text: PageText, least_sense: float = LEAST_SENSE) -> bool:
    if not text.characters or text.unmapped > UNMAPPED_SHARE * text.characters:
        return False
    return not text.upright or sense(fragment.text for fragment in text.fragments) >= least_sense


def _is_scan(found: Survey, frame: Frame) -> bool:
    return sum(picture.size for picture in found.pictures) > SCAN_SHARE * frame.width * frame.height


def _is_stamp_on_scan(text: PageText, found: Survey, frame: Frame) -> bool:
    """Whether the text is only what a scanner or a mail gateway has printed on the picture of a page."""
    return _is_scan(found, frame) and text.characters < 100


def _text_page(
    page: Any, text_page: Any, number: int, rotation: int, text: PageText, found: Survey, recogniser: Recogniser
) -> Page:
    hidden = False if found.hidden_text else None
    frame = Frame.of_box(page.get_bbox(), rotation)
    if text.turned:
        [(direction, most)] = text.turned.most_common(1)
        if direction % 90 == 0 and most > text.upright:
            # The page is meant to be read from another side.
            rotation = (rotation - direction) % 360
            frame = Frame.of_box(page.get_bbox(), rotation)
            found = survey(page, frame)
            text = read_characters(text_page, frame, hidden=hidden)
    fragments = text.fragments
    pictures = [area for area in found.pictures if area.size > PICTURE_SHARE * frame.width * frame.height]
    if pictures:
        fragments = fragments + _text_in_pictures(page, rotation, frame, pictures, fragments, recogniser)
    lines: list[Line] = make_lines(compose(fragments), frame.width, frame.height)
    for angle in sorted(text.turned):
        turned = read_characters(text_page, frame, angle=angle, hidden=hidden)
        lines += make_lines(compose(turned.fragments), frame.width, frame.height, angle=angle)
    return make_page(number, frame.width, frame.height, source="text", lines=lines, rotation=rotation)


def _text_in_pictures(
    page: Any, rotation: int, frame: Frame, pictures: list[Area], known: list[Fragment], recogniser: Recogniser
) -> list[Fragment]:
    """Words that stand in pictures on the page and nowhere in its text."""
    import numpy as np  # noqa: PLC0415

    image, scale = _rendered(page, rotation, frame)
    # All but the pictures is blanked, so that the detector looks at nothing else.
    masked = np.full_like(image, 255)
    for area in pictures:
        rows = slice(int(area.y0 * scale), int(area.y1 * scale) + 1)
        columns = slice(int(area.x0 * scale), int(area.x1 * scale) + 1)
        masked[rows, columns] = image[rows, columns]
    nowhere = (0.0, 0.0, 0.0, 0.0)
    read = recogniser.read(
        masked, known=[nowhere, *((f.x0 * scale, f.top * scale, f.x1 * scale, f.bottom * scale) for f in known)]
    )
    return [fragment.scaled(1 / scale) for fragment in read.fragments]


def _scanned_page(number: int, rotation: int, frame: Frame, layer: PageText) -> Page:
    for fragment in layer.fragments:
        fragment.confidence = SCANNER_CONFIDENCE
    lines = make_lines(compose(layer.fragments), frame.width, frame.height)
    return make_page(number, frame.width, frame.height, source="ocr", lines=lines, rotation=rotation)


def _recognised_page(page: Any, number: int, rotation: int, frame: Frame, recogniser: Recogniser) -> Page:
    image, _ = _rendered(page, rotation, frame)
    read = recogniser.read(image)
    width, height = (frame.width, frame.height) if read.rotation % 180 == 0 else (frame.height, frame.width)
    lines = make_lines(compose(read.fragments), read.width, read.height, angle=read.skew)
    lines += make_lines(read.aside, read.width, read.height)
    return make_page(number, width, height, source="ocr", lines=lines, rotation=(rotation + read.rotation) % 360)


def _rendered(page: Any, rotation: int, frame: Frame) -> tuple[Any, float]:
    """The page as a BGR picture, and its pixels per point."""
    extra = (rotation - page.get_rotation()) % 360
    longest = max(frame.width, frame.height)
    scale = min(DPI / 72, LARGEST_SIDE / longest)
    image = page.render(scale=scale, rotation=extra).to_numpy()
    fine = min(FINE_DPI / 72, LARGEST_SIDE / longest)
    if fine > scale and 0 < text_height(image) < FINE_PRINT:
        scale = fine
        image = page.render(scale=scale, rotation=extra).to_numpy()
    return image, scale
