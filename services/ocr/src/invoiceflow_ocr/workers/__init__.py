"""Child processes that read documents and may be killed at any moment."""

from invoiceflow_ocr.workers.pool import EngineSpec, Limits, WorkerPool
from invoiceflow_ocr.workers.wire import Job, Outcome

__all__ = ["EngineSpec", "Job", "Limits", "Outcome", "WorkerPool"]
