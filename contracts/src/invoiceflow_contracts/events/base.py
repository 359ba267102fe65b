"""What every event has in common."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from invoiceflow_contracts.identity import DEFAULT_TENANT, Tenant

__all__ = ["DocumentEvent", "Event", "Metadata"]


class Metadata(BaseModel):
    """What the sender says about a document; carried along, never interpreted."""

    model_config = ConfigDict(frozen=True)

    source: str | None = Field(default=None, max_length=200, description="The sending system.", examples=["portal"])
    external_reference: str | None = Field(
        default=None, max_length=200, description="The sender's own id of the document.", examples=["MAIL-4711"]
    )
    tags: tuple[str, ...] = Field(default=(), max_length=50)


class Event(BaseModel):
    """The data of a CloudEvent.

    ``event_type`` is the topic and the ``ce_type`` without its version; a reader ignores fields it
    does not know, so a field may be added within a version but never changed or removed.
    """

    model_config = ConfigDict(frozen=True)

    event_type: ClassVar[str]
    event_version: ClassVar[int]

    tenant: Tenant = DEFAULT_TENANT

    @classmethod
    def ce_type(cls) -> str:
        """Return the CloudEvents ``type``, such as ``invoiceflow.document.uploaded.v1``."""
        return f"invoiceflow.{cls.event_type}.v{cls.event_version}"

    @classmethod
    def ce_dataschema(cls) -> str:
        """Return the CloudEvents ``dataschema``: the name of the JSON Schema file, as a URN."""
        return f"urn:invoiceflow:schema:{cls.event_type}:v{cls.event_version}"


class DocumentEvent(Event):
    """An event about a document that has its id."""

    document_id: UUID
