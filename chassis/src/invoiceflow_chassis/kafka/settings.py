"""How to reach Kafka, and how patient to be."""

import ssl
from pathlib import Path
from typing import Literal, Self

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["KafkaSettings"]


class KafkaSettings(BaseSettings):
    """Environment variables that begin with ``INVOICEFLOW_KAFKA_``."""

    model_config = SettingsConfigDict(env_prefix="INVOICEFLOW_KAFKA_")

    bootstrap_servers: str = Field(min_length=1, description="Comma-separated host:port pairs.")
    tls: bool = False
    ca_file: Path | None = Field(default=None, description="CA of the brokers' certificates; the system's where empty.")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password: SecretStr | None = None

    fetch_max_wait_ms: int = Field(default=250, ge=1, description="How long a broker may hold an empty fetch.")
    session_timeout_ms: int = 45_000
    heartbeat_interval_ms: int = 3_000
    rebalance_timeout_ms: int = 60_000
    max_poll_interval_ms: int = 300_000
    send_timeout_seconds: float = Field(
        default=30.0, gt=0, description="After this long without an acknowledgement a publish counts as failed."
    )
    retry_delays_seconds: tuple[float, ...] = Field(
        default=(1, 5, 30, 120, 600), description="Waits before each further attempt; when used up, the dead letters."
    )
    drain_seconds: float = Field(
        default=20.0, ge=0, description="How long handlers in flight may go on at a rebalance or at shutdown."
    )

    @model_validator(mode="after")
    def _credentials_are_whole(self) -> Self:
        if self.sasl_mechanism is not None and (self.username is None or self.password is None):
            msg = "INVOICEFLOW_KAFKA_SASL_MECHANISM needs INVOICEFLOW_KAFKA_USERNAME and INVOICEFLOW_KAFKA_PASSWORD"
            raise ValueError(msg)
        return self

    def security(self) -> BaseSecurity | None:
        """Return FastStream's description of TLS and SASL, or None for a plain connection."""
        context = ssl.create_default_context(cafile=self.ca_file) if self.tls else None
        if self.sasl_mechanism is None or self.username is None or self.password is None:
            return BaseSecurity(ssl_context=context, use_ssl=True) if context else None
        kind = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}[
            self.sasl_mechanism
        ]
        return kind(
            username=self.username, password=self.password.get_secret_value(), ssl_context=context, use_ssl=self.tls
        )
