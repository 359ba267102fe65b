"""How an invoice came to be: evidence, findings, confidence and cost."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.invoice import Money
from invoiceflow_contracts.layout import Box

__all__ = [
    "Answer",
    "Cost",
    "Evidence",
    "Finding",
    "JsonPointer",
    "Method",
    "Outcome",
    "Part",
    "Severity",
    "Tried",
    "Verdict",
]

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
    alternatives: tuple[str, ...] = Field(
        default=(), description="Other values that were considered for the field, the likeliest first."
    )
    repaired: str | None = Field(
        default=None,
        description="What recognition misread in the text, and the sum or checksum that proves the repair.",
    )


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
    money: Money | None = Field(default=None, description="What others charge for it; null where nobody does.")
    currency: str | None = Field(default=None, description="Of ``money``, ISO 4217.")


class Part(_Frozen):
    """Which of the invoices of a document it is."""

    number: int = Field(ge=1, description="Its place among them, from 1.")
    count: int = Field(ge=2, description="How many the document holds.")
    document_id: UUID = Field(description="The document that holds them.")
    filename: str | None = Field(default=None, description="The document's name.")
    first_page: int | None = Field(default=None, ge=1, description="Null in an e-invoice, which has no pages.")
    last_page: int | None = Field(default=None, ge=1)
    layout: ContentRef | None = Field(
        default=None, description="Text and layout of the document, as in ``ocr.completed``."
    )


class Verdict(StrEnum):
    """What became of one value that a language model gave."""

    ADDED = "added"
    """It stands where the model said, and the local engine had none."""
    AGREES = "agrees"
    """It is the local engine's own value, which is the surer for it."""
    REPLACED = "replaced"
    """It stands there and took the place of the local engine's value."""
    KEPT_LOCAL = "kept_local"
    """It stands there, but nothing shows that it is right and the local engine's value is not."""
    UNGROUNDED = "ungrounded"
    """It does not stand in the lines that the model named: never counted as extracted."""
    INVALID = "invalid"
    """It is no value of its field: not a date, not an amount."""
    MODELS_DIFFER = "models_differ"
    """The second model does not say the same."""
    NOT_FOUND = "not_found"
    """The model says that the document does not show it."""


class Answer(_Frozen):
    """One value that a language model gave, and what became of it."""

    pointer: JsonPointer
    verdict: Verdict
    value: str | None = Field(default=None, description="What the model said, at most 200 characters of it.")
    lines: tuple[str, ...] = Field(default=(), description="The lines it named, as ``page.line``.")


class Outcome(StrEnum):
    """How asking a language model ended."""

    ANSWERED = "answered"
    CACHED = "cached"
    """The same question had been answered before."""
    TIMED_OUT = "timed_out"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    UNREACHABLE = "unreachable"
    """No connection, or one that broke off."""
    REFUSED = "refused"
    """The model would not answer, or a filter kept the answer back."""
    INVALID_ANSWER = "invalid_answer"
    """No JSON, cut short, or JSON of another shape."""
    REJECTED = "rejected"
    """The service does not take the question: key, model or option is wrong."""
    RESTING = "resting"
    """Not asked: the service failed too often just now."""
    OVER_BUDGET = "over_budget"
    """Not asked: the tenant's budget of the day is spent."""


class Tried(_Frozen):
    """A question to a language model, whatever came of it."""

    question: str = Field(description="What kind of question.", examples=["fields", "lines"])
    asked: tuple[JsonPointer, ...] = Field(description="The values that were asked for.")
    model: str = Field(examples=["gpt-4o-mini"])
    prompt: str = Field(description="Name and hash of the prompt's version.", examples=["fields-3f9c02ab71de"])
    outcome: Outcome
    message: str | None = Field(default=None, description="Why there is no answer, as a sentence.")
    requests: int = Field(ge=0, description="How often the service was asked.")
    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    money: Money | None = Field(default=None, description="By the prices in the settings; null without them.")
    currency: str | None = Field(default=None, description="Of ``money``, ISO 4217.")
    seconds: float = Field(ge=0)
    answers: tuple[Answer, ...] = ()
