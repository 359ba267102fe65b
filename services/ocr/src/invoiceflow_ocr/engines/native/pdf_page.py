"""One page of a PDF: by its own characters where they are usable, otherwise from its picture.

| what the page has | where its words come from |
|---|---|
| characters that make sense | these |
| such characters and a large picture | these, and what is recognised in the picture and not known already |
| a scan with invisible characters that make good sense | the invisible characters, as less certain |
| characters without meaning, a scan, a drawing | the rendered page |
| nothing | an empty page |
"""

from typing import Any

from invoiceflow_contracts.layout import Line, Page
from invoiceflow_ocr.engines.native.pdf_objects import Area, survey
from invoiceflow_ocr.engines.native.pdf_text import Frame, PageText, read_characters
from invoiceflow_ocr.engines.native.plausibility import sense
from invoiceflow_ocr.engines.native.recognition import Recogniser, text_height
from invoiceflow_ocr.lines import Fragment, compose
from invoiceflow_ocr.pages import make_lines, make_page

__all__ = ["PageReader"]

DPI = 150
FINE_DPI = 225
"""For pages whose small letters have fewer rows than ``FINE_PRINT`` at the usual resolution."""
FINE_PRINT = 6.5
LARGEST_SIDE = 4000
"""Pixels of the longer side of a rendered page: a plan of several metres is read coarsely rather than refused."""

UNMAPPED_SHARE = 0.1
"""A text layer with a larger share of characters without meaning is not used; a few icons are no harm."""
LEAST_SENSE = 0.75
"""A text layer of which a smaller share could be words is not used."""
LEAST_SENSE_OF_SCAN = 0.85
"""The same for invisible text that a scanner has put under its picture."""
SCANNER_CONFIDENCE = 0.9
"""Given to the words of such a layer: recognised by a program that did not say how sure it was."""
PICTURE_SHARE = 0.05
"""A picture of a larger share of the page may hold text of its own."""
SCAN_SHARE = 0.5
"""A picture of a larger share of the page is the page."""


STAMP = 100
"""Fewer characters than this on a scan are a stamp or an address line, not the text of the page."""


class PageReader:
    """Reads one open page."""

    def __init__(self, page: Any, number: int) -> None:
        self._page = page
        self._number = number
        self._turn_to(page.get_rotation())

    def read(self, recogniser: Recogniser) -> Page:
        """Read the page, by its picture where its characters are not usable."""
        return self._by_characters(recogniser) or self._by_picture(recogniser)

    def read_characters(self) -> Page | None:
        """Read the page by its characters alone; None where these are not usable."""
        return self._by_characters(None)

    def _turn_to(self, rotation: int) -> None:
        """See the page turned clockwise by ``rotation`` degrees."""
        self._rotation = rotation
        self._frame = Frame.of_box(self._page.get_bbox(), rotation)
        self._found = survey(self._page, self._frame)

    def _by_characters(self, recogniser: Recogniser | None) -> Page | None:
        import pypdfium2.raw as pdfium  # noqa: PLC0415

        text_page = pdfium.FPDFText_LoadPage(self._page)
        try:
            return self._page_of(text_page, recogniser)
        finally:
            pdfium.FPDFText_ClosePage(text_page)

    def _page_of(self, text_page: Any, recogniser: Recogniser | None) -> Page | None:
        found = self._found
        visible = read_characters(text_page, self._frame, hidden=False if found.hidden_text else None)
        is_scan = self._share(found.pictures) > SCAN_SHARE
        if _is_usable(visible) and not (is_scan and visible.characters < STAMP):
            return self._text_page(text_page, visible, recogniser)
        if found.hidden_text and is_scan:
            layer = read_characters(text_page, self._frame, hidden=True)
            if _is_usable(layer, LEAST_SENSE_OF_SCAN) and not layer.turned:
                return self._scanned_page(layer)
        if not found.drawn and not visible.characters:
            return make_page(self._number, self._frame.width, self._frame.height, source="text", lines=())
        return None

    def _text_page(self, text_page: Any, text: PageText, recogniser: Recogniser | None) -> Page:
        hidden = False if self._found.hidden_text else None
        if text.turned:
            [(direction, most)] = text.turned.most_common(1)
            if direction % 90 == 0 and most > text.upright:
                # The page is meant to be read from another side.
                self._turn_to((self._rotation - direction) % 360)
                text = read_characters(text_page, self._frame, hidden=hidden)
        frame = self._frame
        pictures = [picture for picture in self._found.pictures if self._share([picture]) > PICTURE_SHARE]
        fragments = text.fragments
        if pictures and recogniser is not None:
            fragments = [*fragments, *self._in_pictures(recogniser, pictures, fragments)]
        lines: list[Line] = make_lines(compose(fragments), frame.width, frame.height)
        for angle in sorted(text.turned):
            turned = read_characters(text_page, frame, angle=angle, hidden=hidden)
            lines += make_lines(compose(turned.fragments), frame.width, frame.height, angle=angle)
        return make_page(self._number, frame.width, frame.height, source="text", lines=lines, rotation=self._rotation)

    def _in_pictures(self, recogniser: Recogniser, pictures: list[Area], known: list[Fragment]) -> list[Fragment]:
        """Words that stand in pictures on the page and nowhere in its text."""
        import numpy as np  # noqa: PLC0415

        image, scale = self._rendered()
        # All but the pictures is blanked, so that the detector looks at nothing else.
        masked = np.full_like(image, 255)
        for area in pictures:
            rows = slice(int(area.y0 * scale), int(area.y1 * scale) + 1)
            columns = slice(int(area.x0 * scale), int(area.x1 * scale) + 1)
            masked[rows, columns] = image[rows, columns]
        boxes = [(f.x0 * scale, f.top * scale, f.x1 * scale, f.bottom * scale) for f in known]
        return [fragment.scaled(1 / scale) for fragment in recogniser.read(masked, known=boxes).fragments]

    def _scanned_page(self, layer: PageText) -> Page:
        for fragment in layer.fragments:
            fragment.confidence = SCANNER_CONFIDENCE
        width, height = self._frame.width, self._frame.height
        lines = make_lines(compose(layer.fragments), width, height)
        return make_page(self._number, width, height, source="ocr", lines=lines, rotation=self._rotation)

    def _by_picture(self, recogniser: Recogniser) -> Page:
        image, _ = self._rendered()
        read = recogniser.read(image)
        width, height = self._frame.width, self._frame.height
        if read.rotation % 180:
            width, height = height, width
        lines = make_lines(compose(read.fragments), read.width, read.height, angle=read.skew)
        lines += make_lines(read.aside, read.width, read.height)
        rotation = (self._rotation + read.rotation) % 360
        return make_page(self._number, width, height, source="ocr", lines=lines, rotation=rotation)

    def _rendered(self) -> tuple[Any, float]:
        """The page as a BGR picture, and its pixels per point."""
        extra = (self._rotation - self._page.get_rotation()) % 360
        coarsest = LARGEST_SIDE / max(self._frame.width, self._frame.height)
        scale = min(DPI / 72, coarsest)
        image = self._page.render(scale=scale, rotation=extra).to_numpy()
        fine = min(FINE_DPI / 72, coarsest)
        if fine > scale and 0 < text_height(image) < FINE_PRINT:
            scale = fine
            image = self._page.render(scale=scale, rotation=extra).to_numpy()
        return image, scale

    def _share(self, pictures: list[Area]) -> float:
        return sum(picture.size for picture in pictures) / (self._frame.width * self._frame.height)


def _is_usable(text: PageText, least_sense: float = LEAST_SENSE) -> bool:
    if not text.characters or text.unmapped > UNMAPPED_SHARE * text.characters:
        return False
    return not text.upright or sense(fragment.text for fragment in text.fragments) >= least_sense
