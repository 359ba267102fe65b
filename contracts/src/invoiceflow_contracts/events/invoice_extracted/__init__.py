"""``invoice.extracted``: every version that is or was published."""

from invoiceflow_contracts.events.invoice_extracted.v1 import InvoiceExtractedV1

__all__ = ["InvoiceExtractedV1"]
