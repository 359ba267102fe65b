"""The full docling: its layout and table models, and RapidOCR for what is a picture."""

from pathlib import Path

from invoiceflow_ocr.engines.docling_document import DoclingEngine
from invoiceflow_ocr.engines.standard.conversion import StandardConverter
from invoiceflow_ocr.engines.standard.weights import engine_version
from invoiceflow_ocr.ports import ReadingLimits
from invoiceflow_ocr.processors import available_processors

__all__ = ["create"]


def create(*, artifacts: str, max_pages: int, max_pixels: int, threads: int, children: int) -> DoclingEngine:
    """Return the engine for a child process, one of ``children`` that share the processors, with its models loaded.

    Args:
        artifacts: the folder that ``docling-tools models download`` has made.
        max_pages: a document with more is refused.
        max_pixels: likewise a picture.
        threads: of the models; 0: a share of the processors.
        children: among which the processors are shared.
    """
    folder = Path(artifacts)
    converter = StandardConverter(
        folder, threads=threads or max(1, available_processors() // children), max_pixels=max_pixels
    )
    limits = ReadingLimits(max_pages=max_pages, max_pixels=max_pixels)
    return DoclingEngine("standard", engine_version(folder), converter, limits)
