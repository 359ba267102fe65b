"""Tiny documents for the tests of the ocr service, made on the spot."""

import gzip
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

from pypdfium2 import PdfDocument
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from invoiceflow_contracts.layout import Layout
from invoiceflow_ocr.ports import Reading

Draw = Callable[[Canvas], None]


def make_pdf(*pages: Draw, **options: Any) -> bytes:
    """A PDF with a page for each drawing."""
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=options.pop("pagesize", A4), **options)
    for draw in pages:
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def text_at(x: float, y: float, text: str, *, size: float = 11, font: str = "Helvetica") -> Draw:
    """A drawing of one piece of text."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont(font, size)
        canvas.drawString(x, y, text)

    return draw


def all_of(*draws: Draw) -> Draw:
    """Drawings on one page."""

    def draw(canvas: Canvas) -> None:
        for part in draws:
            part(canvas)

    return draw


def attach(pdf: bytes, name: str, data: bytes) -> bytes:
    """The PDF with a file attached to it."""
    buffer = BytesIO()
    with PdfDocument(pdf) as document:
        document.new_attachment(name).set_data(data)
        document.save(buffer)
    return buffer.getvalue()


def texts(reading: Reading, page: int = 0) -> list[str]:
    """The lines of a page as text."""
    return [line.text for line in reading.pages[page].lines]


def layout_of(packed: bytes) -> Layout:
    return Layout.model_validate(json.loads(gzip.decompress(packed)))
