"""What the read model keeps: the invoice as it was extracted, and its summary for lists."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from invoiceflow_contracts.extraction import Cost, Evidence, Finding, JsonPointer, Part, Severity, Tried
from invoiceflow_contracts.invoice import Invoice, InvoiceType, Money, Party
from invoiceflow_contracts.layout import Engine
from invoiceflow_query.folding import time_key, words

__all__ = ["InvoiceRecord", "InvoiceSummary", "PartySummary", "RaisedRule", "revised", "search_words", "summarise"]


def revised(event_id: str, revision: int) -> str:
    """Return text that sorts as the ids of events do, and among those of one event as the revisions of what it said (below ten)."""
    return f"{event_id}+{revision}" if revision else event_id


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class InvoiceRecord(_Frozen):
    """The invoice of a document as ``invoice.extracted`` announced it."""

    document_id: UUID
    event_id: str
    part: Part | None = None
    invoice: Invoice
    evidence: dict[JsonPointer, Evidence]
    findings: tuple[Finding, ...]
    confidence: float
    needs_review: bool
    engine: Engine
    costs: tuple[Cost, ...]
    tried: tuple[Tried, ...] = ()
    extracted_at: AwareDatetime
    revision: int = 0
    """How often findings were added to what was announced (see ``comparing``)."""

    @property
    def version(self) -> str:
        """Text that sorts as the extractions of one time do, and their revisions."""
        return revised(self.event_id, self.revision)

    @property
    def order(self) -> str:
        """Text that is greater for the record that stands: the newer one, as in the projection."""
        return f"{time_key(self.extracted_at)}/{self.version}"


class PartySummary(_Frozen):
    """Who it is."""

    name: str | None = Field(default=None, description="(BT-27, BT-44)", examples=["Acme GmbH"])
    vat_id: str | None = Field(default=None, description="(BT-31, BT-48)", examples=["DE129273398"])


class RaisedRule(_Frozen):
    """A finding in brief."""

    rule: str = Field(examples=["BR-CO-15"])
    severity: Severity


class InvoiceSummary(_Frozen):
    """An invoice in a list. Amounts are decimal strings in the invoice's currency."""

    id: UUID = Field(description="The id of the invoice and of its document.")
    filename: str | None = Field(default=None, description="Name of the file it came in.", examples=["2024-0117.pdf"])
    number: str | None = Field(default=None, examples=["2024-0117"])
    type: InvoiceType
    issue_date: date | None = None
    due_date: date | None = None
    currency: str | None = Field(default=None, examples=["EUR"])
    seller: PartySummary
    buyer: PartySummary
    net: Money | None = Field(default=None, examples=["100.00"])
    tax: Money | None = Field(default=None, examples=["19.00"])
    gross: Money | None = Field(default=None, examples=["119.00"])
    payable: Money | None = Field(default=None, examples=["119.00"])
    lines: int = Field(description="How many lines were extracted.", examples=[3])
    findings: tuple[RaisedRule, ...] = ()
    confidence: float = Field(description="Of the invoice as a whole, 0 to 1.", examples=[0.97])
    needs_review: bool
    extracted_at: AwareDatetime


def _party(party: Party) -> PartySummary:
    return PartySummary(name=party.name, vat_id=party.vat_id)


def summarise(record: InvoiceRecord) -> InvoiceSummary:
    """Return the record as it stands in a list, without the file name."""
    invoice = record.invoice
    return InvoiceSummary(
        id=record.document_id,
        number=invoice.number,
        type=invoice.type,
        issue_date=invoice.issue_date,
        due_date=invoice.due_date,
        currency=invoice.currency,
        seller=_party(invoice.seller),
        buyer=_party(invoice.buyer),
        net=invoice.totals.net,
        tax=invoice.totals.tax,
        gross=invoice.totals.gross,
        payable=invoice.totals.payable,
        lines=len(invoice.lines),
        findings=tuple(RaisedRule(rule=each.rule, severity=each.severity) for each in record.findings),
        confidence=record.confidence,
        needs_review=record.needs_review,
        extracted_at=record.extracted_at,
    )


def _collect_texts(value: object, into: list[str]) -> None:
    if isinstance(value, str):
        into.append(value)
    elif isinstance(value, dict):
        for each in value.values():
            _collect_texts(each, into)
    elif isinstance(value, list):
        for each in value:
            _collect_texts(each, into)


def search_words(invoice: Invoice) -> list[str]:
    """Return the distinct words that find the invoice: of every text, number, date and amount in it, sorted."""
    texts: list[str] = []
    _collect_texts(invoice.model_dump(mode="json", exclude_none=True), texts)
    # A line break is no part of a word, and to fold one long text is quicker than many short ones.
    return sorted(set(words("\n".join(texts))))
