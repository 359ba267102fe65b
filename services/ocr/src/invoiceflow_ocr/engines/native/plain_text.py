"""Plain text, whose columns are made of spaces."""

import codecs

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_ocr.engines.native.typesetting import Typesetter
from invoiceflow_ocr.ports import Progress, Reading, ReadingLimits

__all__ = ["read_plain_text"]


def read_plain_text(data: bytes, limits: ReadingLimits, progress: Progress) -> Reading:
    """Read text in UTF-8, UTF-16 with a byte order mark, or else Windows-1252; form feeds part pages."""
    sheets = _decoded(data).replace("\r\n", "\n").replace("\r", "\n").split("\f")
    if len(sheets) > limits.max_pages:
        raise PermanentError(
            "too_many_pages",
            f"The document has {len(sheets)} pages; at most {limits.max_pages} are read. Split it and send the parts.",
        )
    pages = []
    for number, text in enumerate(sheets, start=1):
        typesetter = Typesetter()
        typesetter.add_text(text.rstrip("\n"), columns=True)
        pages.append(typesetter.page(number))
        progress(number, len(sheets))
    return Reading(pages=pages)


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
