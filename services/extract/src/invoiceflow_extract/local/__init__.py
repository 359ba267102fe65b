"""The local extraction engine: deterministic, explainable, without network."""

from invoiceflow_extract.local.engine import read_layout

__all__ = ["read_layout"]
