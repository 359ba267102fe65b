"""``ocr.completed``: every version that is or was published."""

from invoiceflow_contracts.events.ocr_completed.v1 import OcrCompletedV1

__all__ = ["OcrCompletedV1"]
