"""``document.progress``: every version that is or was published."""

from invoiceflow_contracts.events.document_progress.v1 import DocumentProgressV1

__all__ = ["DocumentProgressV1"]
