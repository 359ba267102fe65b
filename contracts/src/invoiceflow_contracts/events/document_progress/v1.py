"""``document.progress`` version 1: how far a stage is; losing one loses nothing."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from invoiceflow_contracts.events.base import DocumentEvent

__all__ = ["DocumentProgressV1", "Stage"]

Stage = Literal["ingest", "ocr", "extract"]


class DocumentProgressV1(DocumentEvent):
    """A stage has done ``pages_done`` of ``pages_total`` pages."""

    event_type: ClassVar[str] = "document.progress"
    event_version: ClassVar[int] = 1

    stage: Stage
    pages_done: int = Field(ge=0)
    pages_total: int = Field(ge=0)
    at: AwareDatetime
