"""The engines as they come: what somebody without this project would call.

Each runs in a process of its own, so that its threads and memory do not slow down what it is compared with.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from multiprocessing import get_context

__all__ = ["DPI", "Baseline", "Reader", "bare_docling", "bare_rapidocr"]

Reader = Callable[[bytes], int]
"""Reads a PDF and returns how many texts it found."""

DPI = 150
"""What a scanned page is rendered at for RapidOCR, which reads pictures only."""


class Baseline:
    """A reader in its own process."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    @classmethod
    @contextmanager
    def running(cls, make: Callable[[], Reader]) -> "Iterator[Baseline]":
        """Start the process that makes the reader; end it afterwards."""
        with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_start, initargs=(make,)) as pool:
            yield cls(pool)

    async def seconds(self, documents: Sequence[bytes]) -> float:
        """Return how long the reader takes for the documents, one after the other."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _read_all, documents)


_reader: Reader


def _start(make: Callable[[], Reader]) -> None:
    global _reader  # noqa: PLW0603 - one for each process, made when it starts
    _reader = make()


def _read_all(documents: Sequence[bytes]) -> float:
    started = time.perf_counter()
    for data in documents:
        _reader(data)
    return time.perf_counter() - started


def bare_docling() -> Reader:
    """Return a reader that converts a PDF by docling's ``NativePdfPipeline``."""
    from docling.datamodel.base_models import ConversionStatus, DocumentStream, InputFormat  # noqa: PLC0415
    from docling.document_converter import DocumentConverter, PdfFormatOption  # noqa: PLC0415
    from docling.pipeline.native_pdf_pipeline import NativePdfPipeline  # noqa: PLC0415

    converter = DocumentConverter(
        allowed_formats=[InputFormat.PDF],
        format_options={InputFormat.PDF: PdfFormatOption(pipeline_cls=NativePdfPipeline)},
    )

    def convert(data: bytes) -> int:
        result = converter.convert(DocumentStream(name="document.pdf", stream=BytesIO(data)))
        if result.status is not ConversionStatus.SUCCESS:
            raise RuntimeError(f"docling: {result.status}")
        return len(result.document.texts)

    return convert


def bare_rapidocr() -> Reader:
    """Return a reader that renders each page and recognises it by ``RapidOCR()``."""
    from pypdfium2 import PdfDocument  # noqa: PLC0415
    from rapidocr import RapidOCR  # noqa: PLC0415
    from rapidocr.utils.output import RapidOCROutput  # noqa: PLC0415

    engine = RapidOCR(params={"Global.log_level": "error"})

    def recognise(data: bytes) -> int:
        found = 0
        with PdfDocument(data) as document:
            for page in document:
                result = engine(page.render(scale=DPI / 72).to_numpy())
                if isinstance(result, RapidOCROutput):
                    found += len(result.txts or ())
        return found

    return recognise
