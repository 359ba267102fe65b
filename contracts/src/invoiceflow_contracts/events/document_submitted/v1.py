"""``document.submitted`` version 1: an upstream system hands a document in."""

from typing import ClassVar, Self

from pydantic import Base64Bytes, ConfigDict, Field, model_validator

from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events.base import Event, Metadata

__all__ = ["DocumentSubmittedV1"]


class DocumentSubmittedV1(Event):
    """A document to take in: by reference to an object, or inline where it is small.

    Exactly one of ``content`` and ``inline`` is given.
    """

    # What the validator below demands, for those who have only the schema.
    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["content"], "properties": {"content": {"type": "object"}}},
                {"required": ["inline"], "properties": {"inline": {"type": "string"}}},
            ]
        }
    )

    event_type: ClassVar[str] = "document.submitted"
    event_version: ClassVar[int] = 1

    filename: str = Field(min_length=1, max_length=255, examples=["invoice-2024-0117.pdf"])
    content: ContentRef | None = Field(
        default=None,
        description="Where the bytes are: a bucket that ingest is allowed to read, under the tenant's prefix.",
    )
    inline: Base64Bytes | None = Field(
        default=None, max_length=512 * 1024, description="The bytes themselves in base64; at most 512 KiB decoded."
    )
    metadata: Metadata = Metadata()

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if (self.content is None) == (self.inline is None):
            msg = "give exactly one of content and inline"
            raise ValueError(msg)
        return self
