"""The events that services exchange, one folder per event and one module per version."""

from invoiceflow_contracts.events.base import DocumentEvent, Event, Metadata
from invoiceflow_contracts.events.document_failed import DocumentFailedV1
from invoiceflow_contracts.events.document_progress import DocumentProgressV1
from invoiceflow_contracts.events.document_submitted import DocumentSubmittedV1
from invoiceflow_contracts.events.document_uploaded import DocumentUploadedV1
from invoiceflow_contracts.events.invoice_extracted import InvoiceExtractedV1
from invoiceflow_contracts.events.ocr_completed import OcrCompletedV1

__all__ = [
    "EVENTS",
    "DocumentEvent",
    "DocumentFailedV1",
    "DocumentProgressV1",
    "DocumentSubmittedV1",
    "DocumentUploadedV1",
    "Event",
    "InvoiceExtractedV1",
    "Metadata",
    "OcrCompletedV1",
]

EVENTS: tuple[type[Event], ...] = (
    DocumentSubmittedV1,
    DocumentUploadedV1,
    DocumentProgressV1,
    OcrCompletedV1,
    InvoiceExtractedV1,
    DocumentFailedV1,
)
"""Every event and version that may be on a topic."""
