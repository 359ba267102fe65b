"""``document.submitted``: every version that is or was published."""

from invoiceflow_contracts.events.document_submitted.v1 import DocumentSubmittedV1

__all__ = ["DocumentSubmittedV1"]
