"""The engine port over pypdfium2, RapidOCR and docling."""

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_ocr.engines.native.pdf import read_pdf
from invoiceflow_ocr.engines.native.pictures import PICTURE_TYPES, read_pictures
from invoiceflow_ocr.engines.native.recognition import Recogniser
from invoiceflow_ocr.ports import Attachment, Progress, Reading, ReadingLimits

__all__ = ["NativeEngine"]

XML_TYPES = frozenset({"application/xml", "text/xml"})


class NativeEngine:
    """Reads PDF, pictures, Office files, HTML, text and bare XML."""

    name = "native"
    version = "1"

    def __init__(self, limits: ReadingLimits | None = None, *, threads: int = 0) -> None:
        self._limits = limits or ReadingLimits()
        self._recogniser = Recogniser(threads=threads)

    def warm_up(self) -> None:
        self._recogniser.warm_up()

    def read(self, data: bytes, media_type: str, progress: Progress) -> Reading:
        if media_type == "application/pdf":
            return read_pdf(data, self._limits, self._recogniser, progress)
        if media_type in PICTURE_TYPES:
            return read_pictures(data, self._limits, self._recogniser, progress)
        if media_type in XML_TYPES:
            return Reading(pages=(), attachments=(Attachment(name="document.xml", data=data),))
        raise PermanentError(
            "media_type_unsupported",
            f"Documents of type {media_type} cannot be read. Send a PDF, a picture, an Office file or XML.",
        )
