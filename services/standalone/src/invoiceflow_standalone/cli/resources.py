"""What the REST API answers, as far as the command line shows it; fields it does not know are left alone."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from invoiceflow_contracts.extraction import Evidence, Finding, Part, Severity, Tried
from invoiceflow_contracts.invoice import Invoice, Money

__all__ = [
    "LOW_CONFIDENCE",
    "Accepted",
    "Content",
    "DeadLetter",
    "Document",
    "InvoiceRow",
    "InvoiceView",
    "Lag",
    "OpenedDeadLetter",
    "PartyName",
    "Problem",
    "RaisedRule",
    "Redriven",
    "TopicLag",
]

LOW_CONFIDENCE = 0.75
"""Values that are less sure than this are named in tables."""


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Violation(_Answer):
    """A rule that an invoice breaks."""

    rule: str
    message: str


class Problem(_Answer):
    """The parts of a problem document (RFC 9457) that are shown."""

    code: str = "http_error"
    detail: str = "The server gave no reason."


class Refusal(Problem):
    """A problem that ends a request; of an e-invoice that is not possible, with the rules in the way."""

    violations: tuple[Violation, ...] = ()


class Accepted(_Answer):
    """One document of an answer to ``POST /v1/documents``."""

    document_id: UUID | None = None
    filename: str | None = None
    known: bool = False
    problem: Problem | None = Field(default=None, description="Why it was refused.")


class DocumentError(_Answer):
    """Why a document failed."""

    code: str
    message: str


class Document(_Answer):
    """How far a document is."""

    id: UUID
    filename: str | None = None
    media_type: str | None = None
    size: int | None = None
    status: Literal["received", "processing", "extracted", "failed"]
    stage: str | None = None
    pages_done: int | None = None
    pages_total: int | None = None
    attempts: int | None = None
    error: DocumentError | None = None
    invoices: tuple[UUID, ...] = ()
    received_at: AwareDatetime | None = None
    read_at: AwareDatetime | None = None
    extracted_at: AwareDatetime | None = None
    failed_at: AwareDatetime | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it unless it is submitted again."""
        return self.status in {"extracted", "failed"}

    @property
    def seconds(self) -> float | None:
        """From the upload to the end, by the server's clock."""
        end = self.extracted_at if self.status == "extracted" else self.failed_at
        return (end - self.received_at).total_seconds() if end and self.received_at else None


class InvoiceView(_Answer):
    """An invoice with where each value stands; its id is its document's id."""

    id: UUID
    filename: str | None = None
    part: Part | None = None
    invoice: Invoice
    evidence: dict[str, Evidence] = Field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    tried: tuple[Tried, ...] = ()
    confidence: float
    needs_review: bool

    @property
    def low_confidence(self) -> tuple[str, ...]:
        """JSON pointers of the values that are not sure enough, the least sure first."""
        low = ((item.confidence, name) for name, item in self.evidence.items() if item.confidence < LOW_CONFIDENCE)
        return tuple(name for _, name in sorted(low))


class PartyName(_Answer):
    """Who sold or bought."""

    name: str | None = None


class RaisedRule(_Answer):
    """A finding in brief."""

    rule: str
    severity: Severity


class InvoiceRow(_Answer):
    """An invoice as lists show it."""

    id: UUID
    filename: str | None = None
    number: str | None = None
    issue_date: date | None = None
    seller: PartyName = PartyName()
    net: Money | None = None
    tax: Money | None = None
    gross: Money | None = None
    currency: str | None = None
    findings: tuple[RaisedRule, ...] = ()
    confidence: float
    needs_review: bool


class TopicLag(_Answer):
    """What a consumer group has not finished of a topic."""

    group: str
    topic: str
    partitions: int
    committed: int
    end: int
    lag: int
    seconds: float


class Lag(_Answer):
    """How far the services are behind."""

    topics: tuple[TopicLag, ...]
    oldest_unfinished: Document | None = None


class DeadLetter(_Answer):
    """A message that a service gave up."""

    id: UUID
    state: Literal["open", "redriven"]
    topic: str
    partition: int
    offset: int
    group: str
    code: str
    message: str
    attempts: int
    redrives: int
    dead_at: AwareDatetime
    document_id: UUID | None = None
    size: int


class Content(_Answer):
    """Bytes, as text or in base64."""

    text: str | None = None
    base64: str | None = None


class Header(Content):
    """A header of a message."""

    name: str


class OpenedDeadLetter(DeadLetter):
    """A dead letter with what it holds."""

    key: Content
    headers: tuple[Header, ...]
    body: Content
    truncated: bool


class Redriven(_Answer):
    """What was redriven."""

    redriven: tuple[DeadLetter, ...]
