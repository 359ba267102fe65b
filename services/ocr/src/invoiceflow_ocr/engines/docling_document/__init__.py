"""What the engines share whose pages come as a ``DoclingDocument``: docling's own, and a docling-serve."""

from invoiceflow_ocr.engines.docling_document.engine import DoclingEngine
from invoiceflow_ocr.engines.docling_document.pages import MAPPING
from invoiceflow_ocr.engines.docling_document.ports import Converted, Converter

__all__ = ["MAPPING", "Converted", "Converter", "DoclingEngine"]
