"""What the query service is told by its environment."""

from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["QuerySettings"]


class QuerySettings(BaseSettings):
    """Variables begin with ``INVOICEFLOW_QUERY_``."""

    model_config = SettingsConfigDict(env_prefix="INVOICEFLOW_QUERY_", frozen=True)

    mongodb_uri: SecretStr | None = Field(
        default=None, description="Keep the read model in this MongoDB (mongodb://...)."
    )
    mongodb_database: str = Field(default="invoiceflow", min_length=1)
    sqlite_path: Path | None = Field(default=None, description="Keep the read model in this SQLite file.")
    originals_bucket: str = Field(
        default="invoiceflow-originals", description="Ingest's bucket, whose acceptance records a rebuild reads."
    )
    extractions_bucket: str = Field(
        default="invoiceflow-extractions", description="Extract's bucket, whose results a rebuild reads."
    )
    poll_seconds: float = Field(
        default=0.3, gt=0, description="How soon a live view sees what another replica has changed."
    )
    heartbeat_seconds: float = Field(
        default=15.0, gt=0, description="Silence after which a live view sends a comment, so that proxies keep it open."
    )

    deadline_seconds: float = Field(
        default=3600.0,
        gt=0,
        description="How long a document may go without a sign of life while nothing waits before it in Kafka; then it is submitted again once, and failed after as long again.",
    )
    watch_seconds: float = Field(default=60.0, gt=0, description="How often unfinished documents are looked through.")

    account_new_days: int = Field(
        default=30,
        ge=0,
        le=3650,
        description="For how many days after a seller first names an account, where it has named another before, its invoices with the new one are to be looked at (IF-ACCOUNT-NEW); 0 turns it off.",
    )

    page_seconds: float = Field(
        default=20.0, gt=0, description="How long the picture of a page, or a Factur-X file, may take."
    )
    page_memory_mib: int = Field(default=384, ge=64, description="Memory that one of them may use, in MiB.")
    pages_at_a_time: int = Field(default=1, ge=1, description="How many are made at a time; others wait.")

    @property
    def account_young(self) -> timedelta:
        """For how long a seller's account is new."""
        return timedelta(days=self.account_new_days)

    @model_validator(mode="after")
    def _one_store(self) -> Self:
        if (self.mongodb_uri is None) == (self.sqlite_path is None):
            msg = "set exactly one of INVOICEFLOW_QUERY_MONGODB_URI and INVOICEFLOW_QUERY_SQLITE_PATH"
            raise ValueError(msg)
        return self
