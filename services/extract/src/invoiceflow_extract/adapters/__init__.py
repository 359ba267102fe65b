"""Extractors behind the port."""

from invoiceflow_extract.adapters.local import LocalExtractor

__all__ = ["LocalExtractor"]
