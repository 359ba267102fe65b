"""How to reach Kafka, and how patient to be."""

import ssl
from pathlib import Path
from typing import Any, Literal, Self

from faststream.kafka.security import parse_security
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
    request_timeout_ms: int = Field(
        default=40_000, ge=1_000, description="How long a broker may take to answer; then another connection is made."
    )
    group_instance_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="Name of this process among those of its service, stable over restarts and no other's: static membership (KIP-345).",
    )
    session_timeout_ms: int = Field(
        default=45_000,
        ge=1_000,
        description="Silence of a consumer after which its group takes its partitions away; brokers allow 6 to 1800 seconds unless set otherwise.",
    )
    heartbeat_interval_ms: int = Field(
        default=3_000,
        ge=100,
        description="How often a consumer shows that it lives: thrice within the session timeout.",
    )
    rebalance_timeout_ms: int = Field(
        default=35_000,
        ge=1_000,
        description="How long a group waits for its members at a rebalance: longer than they drain, shorter than a request.",
    )
    max_poll_interval_ms: int = Field(
        default=300_000, ge=1_000, description="How long a consumer may go without polling before it leaves its group."
    )
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

    @model_validator(mode="after")
    def _timeouts_fit_each_other(self) -> Self:
        if self.heartbeat_interval_ms * 3 > self.session_timeout_ms:
            msg = (
                f"INVOICEFLOW_KAFKA_HEARTBEAT_INTERVAL_MS={self.heartbeat_interval_ms} must be a third of "
                f"INVOICEFLOW_KAFKA_SESSION_TIMEOUT_MS={self.session_timeout_ms} or less, so that one lost heartbeat does no harm"
            )
            raise ValueError(msg)
        if self.drain_seconds * 1_000 >= self.rebalance_timeout_ms:
            msg = (
                f"INVOICEFLOW_KAFKA_DRAIN_SECONDS={self.drain_seconds:g} must be less than "
                f"INVOICEFLOW_KAFKA_REBALANCE_TIMEOUT_MS={self.rebalance_timeout_ms}, or the group does not wait for handlers to end"
            )
            raise ValueError(msg)
        if self.rebalance_timeout_ms >= self.request_timeout_ms:
            msg = (
                f"INVOICEFLOW_KAFKA_REBALANCE_TIMEOUT_MS={self.rebalance_timeout_ms} must be less than "
                f"INVOICEFLOW_KAFKA_REQUEST_TIMEOUT_MS={self.request_timeout_ms}: joining a group is answered when the rebalance is over"
            )
            raise ValueError(msg)
        if self.fetch_max_wait_ms >= self.request_timeout_ms:
            msg = (
                f"INVOICEFLOW_KAFKA_FETCH_MAX_WAIT_MS={self.fetch_max_wait_ms} must be less than "
                f"INVOICEFLOW_KAFKA_REQUEST_TIMEOUT_MS={self.request_timeout_ms}: an empty fetch is answered when its wait is over"
            )
            raise ValueError(msg)
        return self

    @property
    def servers(self) -> list[str]:
        """The host:port pairs to begin with."""
        return [server.strip() for server in self.bootstrap_servers.split(",")]

    def client(self) -> dict[str, Any]:
        """Return what every one of aiokafka's clients is told about how to reach the cluster."""
        return {
            "bootstrap_servers": self.servers,
            "request_timeout_ms": self.request_timeout_ms,
            **parse_security(self.security()),
        }

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
