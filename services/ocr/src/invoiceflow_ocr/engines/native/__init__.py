"""The engine that comes with the service: a page's own characters where they are usable, RapidOCR where not."""

from pathlib import Path

from invoiceflow_contracts.layout import Engine as EngineName
from invoiceflow_contracts.layout import Layout
from invoiceflow_ocr.engines.native.engine import NativeEngine
from invoiceflow_ocr.ports import ReadingLimits
from invoiceflow_ocr.processors import available_processors

__all__ = ["NativeEngine", "create", "read_file"]


def create(*, max_pages: int, max_pixels: int, threads: int, children: int) -> NativeEngine:
    """Return the engine for a child process, one of ``children`` that share the processors."""
    import pypdfium2.raw  # noqa: F401, PLC0415 - most documents are PDFs, and no first one shall wait for it

    limits = ReadingLimits(max_pages=max_pages, max_pixels=max_pixels)
    return NativeEngine(limits, threads=threads or max(1, available_processors() // children))


def read_file(source: str | Path | bytes, media_type: str = "application/pdf") -> Layout:
    """Read a file in this process, without the service around it: for development and tools.

    Embedded files are left out of the layout, as they have no reference before they are stored;
    ``NativeEngine.read`` returns them.
    """
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    engine = NativeEngine()
    reading = engine.read(data, media_type, lambda _done, _total: None)
    return Layout(
        engine=EngineName(name=engine.name, version=engine.version),
        pages=tuple(reading.pages),
        languages=reading.languages,
    )
