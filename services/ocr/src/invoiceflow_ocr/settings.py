"""What can be set about reading documents, from ``INVOICEFLOW_OCR_*``."""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import AnyHttpUrl, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from invoiceflow_ocr.prerequisites import missing

__all__ = ["OcrSettings"]


LEAST_MIB_OF_STANDARD = 4096
"""One photo took a child of the engine `standard` to 2.9 GiB, and three pages to 3.1, without its table model."""


class OcrSettings(BaseSettings):
    """Environment variables that begin with ``INVOICEFLOW_OCR_``."""

    model_config = SettingsConfigDict(env_prefix="INVOICEFLOW_OCR_", frozen=True)

    bucket: str = Field(
        default="invoiceflow-layouts",
        min_length=3,
        description="Bucket of the results: layouts and embedded e-invoices.",
    )
    engine: Literal["native", "standard", "remote"] = Field(
        default="native",
        description="What reads PDFs and pictures: what comes with the service, the full docling with its layout and table models, or a docling-serve.",
    )
    artifacts: Path | None = Field(
        default=None,
        description="Of the engine `standard`: the folder that `docling-tools models download` has made; nothing is ever downloaded by the service itself.",
    )
    remote_url: AnyHttpUrl | None = Field(
        default=None, description="Of the engine `remote`: where docling-serve listens."
    )
    remote_api_key: SecretStr | None = Field(
        default=None, description="Of the engine `remote`: sent as X-Api-Key, where docling-serve wants one."
    )
    remote_seconds: float = Field(
        default=100.0,
        gt=0,
        description="Of the engine `remote`: seconds that one conversion may take, fewer than DOCUMENT_SECONDS; after that it is tried again.",
    )
    remote_deployment: str = Field(
        default="1",
        description="Of the engine `remote`: any name for docling-serve's version, models and options, to be changed with them, so that what they read is told apart.",
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
    memory_mib: int = Field(
        default=3072,
        ge=512,
        description="Most private memory of one child; for the engine `standard` 4096 at least, and rather 6144.",
    )
    recycle_after: int = Field(default=200, ge=1, description="Documents after which a child is replaced.")
    max_pages: int = Field(default=200, ge=1, description="A document with more pages is refused.")
    max_megapixels: int = Field(default=100, ge=1, description="A picture with more pixels is refused.")

    @field_validator("remote_deployment")
    @classmethod
    def _fits_into_a_key(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,60}", name):
            raise ValueError("Use letters, digits, dots, dashes and underscores, 60 at most.")
        return name

    @model_validator(mode="after")
    def _engine_is_complete(self) -> Self:
        if self.engine == "standard" and (sentence := missing(self.artifacts)) is not None:
            raise ValueError(sentence)
        if self.engine == "standard" and self.memory_mib < LEAST_MIB_OF_STANDARD:
            raise ValueError(
                f"The engine `standard` needs more memory for one child than INVOICEFLOW_OCR_MEMORY_MIB={self.memory_mib}. Set {LEAST_MIB_OF_STANDARD} at least."
            )
        if self.engine == "remote" and self.remote_url is None:
            raise ValueError(
                "The engine `remote` needs the address of a docling-serve. Set INVOICEFLOW_OCR_REMOTE_URL, such as http://docling:5001."
            )
        if self.engine == "remote" and self.remote_seconds >= self.document_seconds:
            raise ValueError(
                "INVOICEFLOW_OCR_REMOTE_SECONDS must be less than INVOICEFLOW_OCR_DOCUMENT_SECONDS: otherwise a slow docling-serve counts as the document's fault."
            )
        return self
