"""What can be set, from environment variables that begin with ``INVOICEFLOW_EXTRACT_``."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["ExtractSettings"]


class ExtractSettings(BaseSettings):
    """Settings of the extract service."""

    model_config = SettingsConfigDict(env_prefix="INVOICEFLOW_EXTRACT_", extra="ignore")

    bucket: str = Field(
        default="invoiceflow-extractions", description="Where results are kept, so that none is made twice."
    )
    concurrency: int = Field(default=4, ge=1, le=64, description="Documents handled at the same time.")
    time_limit: float = Field(
        default=60.0, gt=0, description="Seconds before a document is given back and tried again."
    )
    review_target_precision: float = Field(
        default=0.98,
        ge=0.5,
        le=1,
        description="Share of header values that should be right among the invoices that pass without review.",
    )
    max_einvoice_size: int = Field(default=16 * 1024 * 1024, gt=0, description="Bytes of an e-invoice.")
    max_event_size: int = Field(
        default=8_000_000,
        ge=100_000,
        description="Bytes of an invoice.extracted event; below the topic's largest message.",
    )
    max_inspected_pdf_size: int = Field(
        default=32 * 1024 * 1024,
        ge=0,
        description="Bytes up to which a PDF's metadata are looked at for a declared e-invoice; 0 turns it off.",
    )
