"""PDF documents: opening them, page by page, and what is attached."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.layout import Page
from invoiceflow_ocr.engines.native.pdf_attachments import read_attachments
from invoiceflow_ocr.engines.native.pdf_page import PageReader
from invoiceflow_ocr.engines.native.recognition import Recogniser
from invoiceflow_ocr.ports import Progress, Reading, ReadingLimits

__all__ = ["opened_page", "opened_pdf", "read_pdf"]


def read_pdf(data: bytes, limits: ReadingLimits, recogniser: Recogniser, progress: Progress) -> Reading:
    """Read every page of a PDF and the e-invoices attached to it.

    Raises:
        PermanentError: ``pdf_encrypted``, ``document_unreadable`` or ``too_many_pages``.
    """
    pages: list[Page] = []
    with opened_pdf(data, limits) as document:
        total = len(document)
        for index in range(total):
            with opened_page(document, index) as page:
                pages.append(PageReader(page, index + 1).read(recogniser))
            progress(index + 1, total)
        attachments = read_attachments(document, limits.max_attachment_bytes)
    return Reading(pages=pages, attachments=attachments)


@contextmanager
def opened_pdf(data: bytes, limits: ReadingLimits) -> Iterator[Any]:
    """A ``pypdfium2.PdfDocument`` with a number of pages that may be read.

    Raises:
        PermanentError: ``pdf_encrypted``, ``document_unreadable`` or ``too_many_pages``.
    """
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
        total = len(document)
        if total == 0:
            raise PermanentError("document_unreadable", "The PDF has no pages. Save it anew and send it again.")
        if total > limits.max_pages:
            raise PermanentError(
                "too_many_pages",
                f"The document has {total} pages; at most {limits.max_pages} are read. Split it and send the parts.",
            )
        yield document
    finally:
        document.close()


def _damaged() -> PermanentError:
    return PermanentError(
        "document_unreadable", "The PDF is damaged or not a PDF at all. Save it anew and send it again."
    )


@contextmanager
def opened_page(document: Any, index: int) -> Iterator[Any]:
    """A ``pypdfium2.PdfPage``, with what stands in its form fields and stamps."""
    import pypdfium2  # noqa: PLC0415
    import pypdfium2.raw as pdfium  # noqa: PLC0415

    try:
        page = document[index]
        # What stands in form fields and stamps becomes part of the page, for characters and picture alike.
        if (
            _has_printed_annotations(page)
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


def _has_printed_annotations(page: Any) -> bool:
    """Whether the page has annotations other than links, which print nothing."""
    import pypdfium2.raw as pdfium  # noqa: PLC0415

    silent = {pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP, pdfium.FPDF_ANNOT_FILEATTACHMENT}
    for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, index)
        try:
            if pdfium.FPDFAnnot_GetSubtype(annotation) not in silent:
                return True
        finally:
            pdfium.FPDFPage_CloseAnnot(annotation)
    return False
