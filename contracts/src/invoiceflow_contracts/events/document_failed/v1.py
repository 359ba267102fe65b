"""``document.failed`` version 1: a document's bad end, with what a person can do about it."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from invoiceflow_contracts.events.base import DocumentEvent

__all__ = ["DocumentFailedV1"]


class DocumentFailedV1(DocumentEvent):
    """A stage gave the document up; nothing more will happen to it unless it is submitted again."""

    event_type: ClassVar[str] = "document.failed"
    event_version: ClassVar[int] = 1

    stage: Literal["ingest", "ocr", "extract"]
    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="Stable code.", examples=["pdf_encrypted"])
    message: str = Field(description="A sentence that says what to do.")
    attempts: int = Field(default=1, ge=1)
    failed_at: AwareDatetime
