"""What an operator can set about taking documents in."""

from pydantic import ByteSize, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["IngestSettings"]

_MEBIBYTE = 1024 * 1024


class IngestSettings(BaseSettings):
    """From ``INVOICEFLOW_INGEST_*``. Sizes may be written with a unit, such as ``50MiB``."""

    model_config = SettingsConfigDict(env_prefix="INVOICEFLOW_INGEST_", frozen=True)

    bucket: str = Field(default="invoiceflow-originals", description="Where the documents are kept.")
    source_buckets: tuple[str, ...] = Field(
        default=("invoiceflow-incoming",),
        description="Buckets that document.submitted may refer to, as a JSON list.",
    )
    max_file_size: ByteSize = Field(default=ByteSize(50 * _MEBIBYTE), gt=0, description="Bytes in one document.")
    max_files: int = Field(default=100, gt=0, description="Documents in one request.")
    max_request_size: ByteSize = Field(default=ByteSize(512 * _MEBIBYTE), gt=0, description="Bytes in one request.")
    concurrency: int = Field(default=4, gt=0, description="Submissions from Kafka handled at the same time.")
