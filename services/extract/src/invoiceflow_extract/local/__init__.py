"""The local extraction engine: deterministic, explainable, without network."""

from invoiceflow_extract.local.completeness import missing_pages, unread_rows
from invoiceflow_extract.local.engine import read_layout
from invoiceflow_extract.local.pages import first_pages

__all__ = ["first_pages", "missing_pages", "read_layout", "unread_rows"]
