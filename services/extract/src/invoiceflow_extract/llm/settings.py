"""What can be set for the language model, from environment variables that begin with ``INVOICEFLOW_EXTRACT_LLM_``."""

import ipaddress
from decimal import Decimal
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["LlmSettings"]


class LlmSettings(BaseSettings):
    """Settings of the step that asks a language model. Nothing is asked until there is a ``model``."""

    # What is refused is not repeated: a key is among it.
    model_config = SettingsConfigDict(env_prefix="INVOICEFLOW_EXTRACT_LLM_", extra="ignore", hide_input_in_errors=True)

    model: str | None = Field(
        default=None, description="Name of the model, as its server calls it. Without it no model is asked."
    )
    base_url: str = Field(
        default="https://api.openai.com/v1", description="Where a server speaks OpenAI's chat completions."
    )
    api_key: SecretStr | None = Field(default=None, description="Key for ``base_url``, where it asks for one.")
    plain_http: bool = Field(
        default=False, description="Send key and text unencrypted to another machine: within a private network only."
    )
    ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) to trust instead of the usual ones, for a server of one's own."
    )
    second_model: str | None = Field(
        default=None, description="A second model that has to agree before a value counts. Not set: one is enough."
    )
    second_base_url: str | None = Field(
        default=None, description="Where the second model is. Not set: where the first one is, with its key."
    )
    second_api_key: SecretStr | None = Field(default=None, description="Key for the second model's server.")
    answer_format: Literal["json_schema", "json_object", "text"] = Field(
        default="json_schema",
        description="How the server is told to answer: by the schema, as any JSON, or by the prompt alone.",
    )
    temperature: float | None = Field(default=0.0, ge=0, le=2, description="Empty for models that take none.")
    images: bool = Field(default=False, description="Show the model pictures of the pages beside their lines.")
    image_width: int = Field(default=1200, ge=200, le=4000, description="Pixels of a picture.")
    max_images: int = Field(default=3, ge=1, le=20, description="Pictures with one question.")
    max_pictured_size: int = Field(
        default=32 * 1024 * 1024, gt=0, description="Bytes of a document up to which its pages are drawn."
    )
    max_characters: int = Field(default=24_000, ge=1000, description="Characters of the document in one question.")
    max_output_tokens: int = Field(default=4096, ge=256, description="Tokens of one answer.")
    ask_below: float = Field(
        default=0.7, ge=0, le=1, description="Confidence of a value below which the model is asked for it."
    )
    time_limit: float = Field(default=20.0, gt=0, description="Seconds for one request.")
    document_time_limit: float = Field(
        default=40.0, gt=0, description="Seconds for all questions about a document; then the local result stands."
    )
    attempts: int = Field(
        default=3, ge=1, le=10, description="Requests for one question where the service is in trouble."
    )
    concurrency: int = Field(default=4, ge=1, le=256, description="Requests at the same time.")
    rest_after: int = Field(
        default=5, ge=1, description="Failed requests in a row after which the service is left alone."
    )
    rest_seconds: float = Field(default=30.0, gt=0, description="Seconds for which it is left alone then.")
    price_input: Decimal | None = Field(default=None, ge=0, description="Price of a million input tokens.")
    price_output: Decimal | None = Field(default=None, ge=0, description="Price of a million output tokens.")
    second_price_input: Decimal | None = Field(
        default=None, ge=0, description="Of the second model. Not set: as of the first."
    )
    second_price_output: Decimal | None = Field(
        default=None, ge=0, description="Of the second model. Not set: as of the first."
    )
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$", description="Of the prices (ISO 4217).")
    budget_per_day: Decimal | None = Field(
        default=None, ge=0, description="Money a tenant may spend in a day (UTC). Needs the prices. Not set: no limit."
    )
    tokens_per_day: int | None = Field(
        default=None, ge=0, description="Tokens a tenant may spend in a day (UTC). Not set: no limit."
    )
    cache: Literal["objects", "memory", "off"] = Field(
        default="objects", description="Where answers are kept: in the object store, in memory until the end, nowhere."
    )
    bucket: str = Field(default="invoiceflow-llm", description="For answers and for what was spent.")

    @field_validator("model", "second_model", "second_base_url", "api_key", "second_api_key", "ca_file", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator(
        "temperature",
        "price_input",
        "price_output",
        "second_price_input",
        "second_price_output",
        "budget_per_day",
        "tokens_per_day",
        mode="before",
    )
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        for url in filter(None, (self.base_url, self.second_base_url)):
            parts = urlsplit(url)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                raise ValueError(f"{parts.scheme}://{parts.hostname or ''} is no address of a server (https://host/v1)")
            if parts.username or parts.password:
                raise ValueError("put the key into INVOICEFLOW_EXTRACT_LLM_API_KEY, not into the address")
            if parts.scheme == "http" and not self.plain_http and not _is_loopback(parts.hostname):
                raise ValueError(
                    f"{parts.hostname} would get invoices unencrypted: use https, or set INVOICEFLOW_EXTRACT_LLM_PLAIN_HTTP=true within a private network"
                )
        if self.budget_per_day is not None and (self.price_input is None or self.price_output is None):
            raise ValueError(
                "a budget needs INVOICEFLOW_EXTRACT_LLM_PRICE_INPUT and INVOICEFLOW_EXTRACT_LLM_PRICE_OUTPUT"
            )
        return self


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
