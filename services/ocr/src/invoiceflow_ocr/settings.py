"""What can be set about reading documents, from ``INVOICEFLOW_OCR_*``."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["OcrSettings"]


class OcrSettings(BaseSettings):
    """Environment variables that begin with ``INVOICEFLOW_OCR_``."""

    model_config = SettingsConfigDict(env_prefix="INVOICEFLOW_OCR_", frozen=True)

    bucket: str = Field(
        default="invoiceflow-layouts",
        min_length=3,
        description="Bucket of the results: layouts and embedded e-invoices.",
    )
    workers: int = Field(
        default=0,
        ge=0,
        le=64,
        description="Child processes, each reading one document at a time; 0: one for each processor of the container, as far as its memory holds MEMORY_MIB for each.",
    )
    warm: bool = Field(
        default=True,
        description="While no document comes, let one child after the other load the recogniser's models and the parsers of Office files; otherwise a child loads them with its first picture or Office file, which holds that document up for seconds.",
    )
    threads: int = Field(
        default=0,
        ge=0,
        description="Threads of a child's recogniser; 0: the container's CPU limit shared among the children.",
    )
    document_seconds: float = Field(default=120.0, gt=0, description="Longest time for one document.")
    memory_mib: int = Field(default=3072, ge=512, description="Most private memory of one child.")
    recycle_after: int = Field(default=200, ge=1, description="Documents after which a child is replaced.")
    max_pages: int = Field(default=200, ge=1, description="A document with more pages is refused.")
    max_megapixels: int = Field(default=100, ge=1, description="A picture with more pixels is refused.")
