"""``document.uploaded``: every version that is or was published."""

from invoiceflow_contracts.events.document_uploaded.v1 import DocumentUploadedV1

__all__ = ["DocumentUploadedV1"]
