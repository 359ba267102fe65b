"""Pictures of pages, drawn in a child process for each."""

from invoiceflow_query.adapters.pages.painter import ChildPainter

__all__ = ["ChildPainter"]
