"""How to reach the object store."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["ObjectStoreSettings"]


class ObjectStoreSettings(BaseSettings):
    """MinIO or any other S3, from ``INVOICEFLOW_OBJECTS_*``. There are no default credentials."""

    model_config = SettingsConfigDict(env_prefix="INVOICEFLOW_OBJECTS_", frozen=True)

    endpoint: str = Field(description="Host and port, without a scheme.", examples=["minio:9000"], min_length=1)
    access_key: SecretStr
    secret_key: SecretStr
    secure: bool = Field(default=True, description="TLS; to be turned off only within a trusted network.")
    ca_file: Path | None = Field(
        default=None, description="PEM file of the authority that signed the server's certificate, if not a public one."
    )
    region: str | None = Field(default=None, description="Region of the buckets; asked of the server where not given.")
    connect_timeout: float = Field(default=5.0, gt=0, description="Seconds.")
    read_timeout: float = Field(default=30.0, gt=0, description="Seconds without a byte from the server.")
