"""The local extraction engine: deterministic, explainable, without network."""

from invoiceflow_extract.local.completeness import incomplete
from invoiceflow_extract.local.engine import read_layout
from invoiceflow_extract.local.pages import first_pages

__all__ = ["first_pages", "incomplete", "read_layout"]
