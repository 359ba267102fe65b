"""Settings that every service has: where it listens, who may ask, how much it logs."""

import ipaddress
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from invoiceflow_chassis.auth import ApiKey

__all__ = ["HttpSettings"]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class HttpSettings(BaseSettings):
    """Environment variables that begin with ``INVOICEFLOW_``."""

    model_config = SettingsConfigDict(env_prefix="INVOICEFLOW_")

    host: str = Field(default="127.0.0.1", description="Address to listen on; beyond loopback API keys are required.")
    port: int = Field(default=8080, ge=0, le=65535)
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="A port of its own for /metrics, so that a network policy can keep it to the monitoring; "
        "the HTTP interface has none then.",
    )
    api_keys: tuple[ApiKey, ...] = Field(
        default=(),
        description='JSON array of "<sha256 of the key>", "<sha256 of the key>:<tenant>" or, for those who also see lag and '
        'dead letters, "<sha256 of the key>:<tenant>:operator"; '
        "`python -m invoiceflow_chassis.auth` makes one.",
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    shutdown_seconds: float = Field(
        default=30.0, gt=0, description="How long open requests may take to end at shutdown."
    )

    @model_validator(mode="after")
    def _two_ports(self) -> Self:
        if self.metrics_port is not None and self.metrics_port == self.port:
            msg = (
                f"INVOICEFLOW_METRICS_PORT={self.metrics_port} is the port of the HTTP interface; set another, or none."
            )
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _keys_beyond_loopback(self) -> Self:
        if not _is_loopback(self.host) and not self.api_keys:
            msg = (
                f"INVOICEFLOW_HOST={self.host} is reachable from other machines, and no API key is set. "
                "Make one with `python -m invoiceflow_chassis.auth` and set INVOICEFLOW_API_KEYS, or listen on 127.0.0.1."
            )
            raise ValueError(msg)
        return self
