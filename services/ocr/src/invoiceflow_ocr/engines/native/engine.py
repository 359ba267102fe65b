"""The engine port over pypdfium2, RapidOCR and docling."""

from collections.abc import Sequence

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.layout import Page
from invoiceflow_ocr.engines.native.office import OFFICE_TYPES, load_parsers, read_office
from invoiceflow_ocr.engines.native.pdf import read_pdf
from invoiceflow_ocr.engines.native.pictures import PICTURE_TYPES, read_pictures
from invoiceflow_ocr.engines.native.plain_text import read_plain_text
from invoiceflow_ocr.engines.native.recognition import Recogniser
from invoiceflow_ocr.languages import guess_languages
from invoiceflow_ocr.ports import Progress, Reading, ReadingLimits

__all__ = ["NativeEngine"]


class NativeEngine:
    """Reads PDF, pictures, Office files, HTML and plain text."""

    name = "native"
    version = "1"

    def __init__(self, limits: ReadingLimits | None = None, *, threads: int = 1) -> None:
        self._limits = limits or ReadingLimits()
        self._recogniser = Recogniser(threads=threads)

    def warm_up(self) -> None:
        self._recogniser.warm_up()
        load_parsers()

    def read(self, data: bytes, media_type: str, progress: Progress) -> Reading:
        reading = self._read(data, media_type, progress)
        return Reading(reading.pages, languages=guess_languages(_words(reading.pages)), attachments=reading.attachments)

    def _read(self, data: bytes, media_type: str, progress: Progress) -> Reading:
        if media_type == "application/pdf":
            return read_pdf(data, self._limits, self._recogniser, progress)
        if media_type in PICTURE_TYPES:
            return read_pictures(data, media_type, self._limits, self._recogniser, progress)
        if media_type in OFFICE_TYPES:
            return read_office(data, media_type, self._limits, progress)
        if media_type == "text/plain":
            return read_plain_text(data, self._limits, progress)
        raise PermanentError(
            "unsupported_media_type",
            f"Documents of type {media_type} cannot be read. Send a PDF, a picture, an Office file, HTML, text or XML.",
        )


def _words(pages: Sequence[Page]) -> list[str]:
    return [word.text for page in pages for line in page.lines for word in line.words]
