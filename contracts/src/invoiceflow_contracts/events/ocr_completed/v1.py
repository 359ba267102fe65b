"""``ocr.completed`` version 1: a document has been read."""

from typing import ClassVar

from pydantic import AwareDatetime, Field

from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events.base import DocumentEvent
from invoiceflow_contracts.extraction import Cost
from invoiceflow_contracts.layout import EmbeddedFile, Engine

__all__ = ["OcrCompletedV1"]


class OcrCompletedV1(DocumentEvent):
    """Text and layout are stored under ``layout``, as gzip-compressed JSON of ``layout.Layout``."""

    event_type: ClassVar[str] = "ocr.completed"
    event_version: ClassVar[int] = 1

    content: ContentRef = Field(description="The original document.")
    filename: str | None = Field(default=None, min_length=1, max_length=255, description="The document's name.")
    layout: ContentRef
    engine: Engine
    pages: int = Field(ge=0)
    languages: tuple[str, ...] = ()
    embedded: tuple[EmbeddedFile, ...] = Field(default=(), description="Files that may be e-invoices.")
    cost: Cost
    completed_at: AwareDatetime
