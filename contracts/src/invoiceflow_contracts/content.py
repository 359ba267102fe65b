"""References to bytes in the object store; files never travel through Kafka."""

from pydantic import BaseModel, ConfigDict, Field

from invoiceflow_contracts.identity import Sha256

__all__ = ["ContentRef"]


class ContentRef(BaseModel):
    """Where an object stands and what its bytes must hash to.

    The reader recomputes the SHA-256 before it believes the bytes.
    """

    model_config = ConfigDict(frozen=True)

    bucket: str = Field(min_length=1, examples=["invoiceflow-originals"])
    key: str = Field(
        min_length=1,
        description="Full object key; its first path segment is the tenant.",
        examples=["default/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    version: str | None = Field(default=None, description="Object version, where the bucket keeps versions.")
    sha256: Sha256
    size: int = Field(ge=0, description="Size in bytes.")
    media_type: str = Field(description="IANA media type, found from the content.", examples=["application/pdf"])
