"""Files attached to a PDF that may be e-invoices (Factur-X, ZUGFeRD, XRechnung as a hybrid PDF/A-3)."""

import ctypes
from typing import Any

from invoiceflow_ocr.ports import Attachment

__all__ = ["looks_like_xml", "read_attachments"]

BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def read_attachments(document: Any, max_bytes: int) -> list[Attachment]:
    """Return the XML files in the document's name tree, as long as they fit into ``max_bytes`` together.

    Args:
        document: an open ``pypdfium2.PdfDocument``.
        max_bytes: what is larger is left out: no e-invoice has such a size.
    """
    import pypdfium2.raw as pdfium  # noqa: PLC0415

    found: list[Attachment] = []
    room = max_bytes
    for index in range(document.count_attachments()):
        raw = pdfium.FPDFDoc_GetAttachment(document, index)
        size = ctypes.c_ulong()
        if not raw or not pdfium.FPDFAttachment_GetFile(raw, None, 0, size) or not 0 < size.value <= room:
            continue
        buffer = (ctypes.c_char * size.value)()
        if not pdfium.FPDFAttachment_GetFile(raw, buffer, size.value, size):
            continue
        data = bytes(buffer)
        if not looks_like_xml(data):
            continue
        room -= len(data)
        found.append(
            Attachment(
                name=_text(pdfium.FPDFAttachment_GetName, raw) or f"attachment-{index + 1}.xml",
                data=data,
                relationship=_text(pdfium.FPDFAttachment_GetAFRelationship, raw).lstrip("/") or None,
            )
        )
    return found


def looks_like_xml(data: bytes) -> bool:
    """Whether the content begins as XML does; names and declared types of attachments are often wrong."""
    head = data[:256]
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            text = head[len(mark) :].decode(encoding, errors="ignore")
            break
    else:
        text = head.decode("latin-1")
    text = text.lstrip().lower()
    return text.startswith("<") and not text.startswith(("<!doctype html", "<html"))


def _text(function: Any, attachment: Any) -> str:
    """Call a pdfium function that fills a UTF-16 buffer."""
    size = function(attachment, None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    import pypdfium2.raw as pdfium  # noqa: PLC0415

    function(attachment, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", errors="replace")
