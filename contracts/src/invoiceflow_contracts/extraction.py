"""How an invoice came to be: evidence, findings, confidence and cost."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from invoiceflow_contracts.layout import Box

__all__ = ["Cost", "Evidence", "Finding", "JsonPointer", "Method", "Severity"]

JsonPointer = Annotated[str, Field(pattern=r"^(/[^/]+)*$", examples=["/totals/gross", "/lines/0/net"])]
"""RFC 6901 pointer into the invoice's JSON."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Method(StrEnum):
    """Who says so."""

    E_INVOICE = "e_invoice"
    LOCAL = "local"
    LLM = "llm"
    PERSON = "person"


class Evidence(_Frozen):
    """Where a value stands, and how sure it is.

    A value read from the page has ``page`` and ``box``; one read from an e-invoice has ``path``.
    A value computed from others (say, net from gross and tax) has neither, says so in ``text`` and has low confidence.
    """

    method: Method
    text: str = Field(description="As printed, before any interpretation.")
    confidence: Fraction
    page: int | None = Field(default=None, ge=1)
    box: Box | None = Field(default=None, description="Page fractions from the top left.")
    path: str | None = Field(default=None, description="XPath of the element in the e-invoice.")


class Severity(StrEnum):
    """error: the invoice contradicts itself or lacks what it must have; warning: a person should look; info: worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(_Frozen):
    """What a check found."""

    rule: str = Field(description="EN 16931 rule (BR-*) where one exists, else ours (IF-*).", examples=["BR-CO-15"])
    severity: Severity
    message: str = Field(description="A sentence for a person.")
    pointers: tuple[JsonPointer, ...] = Field(default=(), description="The fields the check looked at.")
    values: dict[str, str] = Field(default_factory=dict, description="The values used, by name.")


class Cost(_Frozen):
    """What a stage spent on the document."""

    stage: str
    wall_seconds: float = Field(ge=0)
    cpu_seconds: float = Field(ge=0)
    tokens: int = Field(default=0, ge=0)
