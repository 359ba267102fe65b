"""The engine port over whoever makes a ``DoclingDocument`` of PDFs and pictures; all else is read as ``native`` does."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any, Literal

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.layout import Page
from invoiceflow_ocr.engines.docling_document.items import items_by_page
from invoiceflow_ocr.engines.docling_document.pages import page_of
from invoiceflow_ocr.engines.docling_document.ports import Converted, Converter, KnownText
from invoiceflow_ocr.engines.native import NativeEngine
from invoiceflow_ocr.engines.native.office import load_parsers
from invoiceflow_ocr.engines.native.pdf import opened_page, opened_pdf
from invoiceflow_ocr.engines.native.pdf_attachments import read_attachments
from invoiceflow_ocr.engines.native.pdf_page import PageReader
from invoiceflow_ocr.engines.native.pictures import PICTURE_TYPES, Picture, upright_pictures
from invoiceflow_ocr.languages import guess_languages
from invoiceflow_ocr.ports import Attachment, Progress, Reading, ReadingLimits

__all__ = ["DoclingEngine"]


class DoclingEngine:
    """Reads PDFs and pictures by a converter, and Office files, HTML and plain text as ``native`` does.

    A document is held to the limits, and its attached e-invoices are taken, before the converter sees it.
    """

    def __init__(self, name: str, version: str, converter: Converter, limits: ReadingLimits) -> None:
        self.name = name
        self.version = version
        self._converter = converter
        self._limits = limits
        # Of its models, which recognise pictures, none is ever loaded here.
        self._native = NativeEngine(limits)

    def warm_up(self) -> None:
        self._converter.warm_up()
        load_parsers()

    def read(self, data: bytes, media_type: str, progress: Progress) -> Reading:
        attachments: Sequence[Attachment] = ()
        if media_type == "application/pdf":
            pages, attachments = self._read_pdf(data, progress)
        elif media_type in PICTURE_TYPES:
            pages = self._read_pictures(data, media_type, progress)
        else:
            return self._native.read(data, media_type, progress)
        words = (word.text for page in pages for line in page.lines for word in line.words)
        return Reading(pages, languages=guess_languages(words), attachments=attachments)

    def _read_pdf(self, data: bytes, progress: Progress) -> tuple[list[Page], list[Attachment]]:
        with opened_pdf(data, self._limits) as document:
            attachments = read_attachments(document, self._limits.max_attachment_bytes)
            rotations = [document[index].get_rotation() for index in range(len(document))]
            converted = self._converter.convert(data, "pdf", progress)
            texts = {
                number: converted.texts.get(number) or _own_text(document, number, rotation)
                for number, rotation in enumerate(rotations, start=1)
            }
        return _pages(converted, texts, rotations), attachments

    def _read_pictures(self, data: bytes, media_type: str, progress: Progress) -> list[Page]:
        tiff, total = _tiff(upright_pictures(data, media_type, self._limits))
        converted = self._converter.convert(tiff, "image", progress)
        texts = {number: converted.texts.get(number, KnownText()) for number in range(1, total + 1)}
        return _pages(converted, texts, [0] * total)


def _pages(converted: Converted, texts: dict[int, KnownText], rotations: Sequence[int]) -> list[Page]:
    items = items_by_page(converted.document)
    if items.keys() != texts.keys():
        raise PermanentError(
            "document_partly_read",
            f"Only {len(items.keys() & texts.keys())} of the {len(texts)} pages could be read. Save the document anew and send it again.",
        )
    return [
        page_of(number, items[number], texts[number], rotation=rotation, score=converted.scores.get(number, 1.0))
        for number, rotation in enumerate(rotations, start=1)
    ]


def _own_text(document: Any, number: int, rotation: int) -> KnownText:
    """The page's own characters, where they are usable: each word has its box there, which a converter may not tell."""
    with opened_page(document, number - 1) as opened:
        page = PageReader(opened, number).read_characters()
    if page is None:
        return KnownText()
    # A page without any character may be a picture all the same.
    source: Literal["text", "ocr"] = "text" if page.source == "text" and page.lines else "ocr"
    return KnownText(page.lines, source=source, turn=(page.rotation - rotation) % 360)


def _tiff(pictures: Iterable[Picture]) -> tuple[bytes, int]:
    """The pages as one file of a kind that every docling reads, each in the size it has on paper; and their number."""
    from PIL import TiffImagePlugin  # noqa: PLC0415

    buffer, number = BytesIO(), 0
    # Page after page: all of them together may be more than fits into the memory.
    with TiffImagePlugin.AppendingTiffWriter(buffer, new=True) as writer:
        for picture in pictures:
            dpi = 72 / picture.points_per_pixel
            picture.image.save(writer, format="TIFF", compression="tiff_adobe_deflate", dpi=(dpi, dpi))
            writer.newFrame()
            number = picture.number
        return buffer.getvalue(), number
