"""``document.uploaded`` version 1: a document is safely stored and waits to be read."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events.base import DocumentEvent, Metadata

__all__ = ["DocumentUploadedV1"]


class DocumentUploadedV1(DocumentEvent):
    """The bytes are in the object store under ``content``; every later event has the same document id."""

    event_type: ClassVar[str] = "document.uploaded"
    event_version: ClassVar[int] = 1

    filename: str = Field(min_length=1, max_length=255)
    content: ContentRef
    channel: Literal["http", "kafka"] = Field(description="How it came in.")
    received_at: AwareDatetime
    metadata: Metadata = Metadata()
    container: str | None = Field(
        default=None, max_length=255, description="Name of the e-mail or archive that the document came in."
    )
