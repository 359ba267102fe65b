"""A docling-serve somewhere else, such as one with a graphics card."""

from invoiceflow_ocr.engines.docling_document import MAPPING, DoclingEngine
from invoiceflow_ocr.engines.remote.client import DoclingServe
from invoiceflow_ocr.engines.remote.conversion import RemoteConverter
from invoiceflow_ocr.ports import ReadingLimits

__all__ = ["create"]


def create(
    *, url: str, api_key: str | None, seconds: float, deployment: str, max_pages: int, max_pixels: int
) -> DoclingEngine:
    """Return the engine for a child process.

    Args:
        url: where docling-serve listens.
        api_key: sent as ``X-Api-Key``.
        seconds: longest time for one conversion.
        deployment: stands for docling-serve's version, models and options in the version of this engine.
        max_pages: a document with more is refused.
        max_pixels: likewise a picture.
    """
    converter = RemoteConverter(DoclingServe(url, api_key=api_key, seconds=seconds))
    limits = ReadingLimits(max_pages=max_pages, max_pixels=max_pixels)
    return DoclingEngine("remote", f"{MAPPING}-{deployment}", converter, limits)
