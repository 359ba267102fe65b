"""``document.failed``: every version that is or was published."""

from invoiceflow_contracts.events.document_failed.v1 import DocumentFailedV1

__all__ = ["DocumentFailedV1"]
