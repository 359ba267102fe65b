"""What can be asked of the read model, and where a page begins."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from invoiceflow_contracts.events.document_progress.v1 import Stage
from invoiceflow_contracts.extraction import Severity
from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_query.folding import fold, name_key, number_key, time_key
from invoiceflow_query.projection import Status
from invoiceflow_query.records import InvoiceSummary
from invoiceflow_query.views import DocumentView

__all__ = [
    "DocumentField",
    "DocumentQuery",
    "InvoiceField",
    "InvoiceQuery",
    "Position",
    "Sort",
    "check_invoice_position",
    "document_position",
    "invoice_position",
]

DocumentField = Literal["received_at", "updated_at", "filename"]
InvoiceField = Literal["issue_date", "due_date", "gross", "number", "seller", "extracted_at"]
Field = TypeVar("Field", bound=str)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Sort(_Frozen, Generic[Field]):
    """By what a list is sorted; ties by id in the same direction. What has no value stands below every value."""

    field: Field
    descending: bool = False


class DocumentQuery(_Frozen):
    """Which documents, in which order. What is None does not filter."""

    status: Status | None = None
    stage: Stage | None = None
    filename: str | None = None
    """How the name begins, without case and accents."""
    received_from: datetime | None = None
    received_to: datetime | None = None
    sort: Sort[DocumentField] = Sort(field="received_at", descending=True)


class InvoiceQuery(_Frozen):
    """Which invoices, in which order. What is None does not filter; bounds are inclusive.

    Of ``q``, ``seller`` and ``buyer`` every word must begin a word (of the invoice, of the party's name), without case
    and accents; text without any word finds nothing.
    """

    q: str | None = None
    seller: str | None = None
    buyer: str | None = None
    seller_vat_id: str | None = None
    number: str | None = None
    type: InvoiceType | None = None
    currency: str | None = None
    issue_date_from: date | None = None
    issue_date_to: date | None = None
    due_date_from: date | None = None
    due_date_to: date | None = None
    gross_min: Decimal | None = None
    gross_max: Decimal | None = None
    needs_review: bool | None = None
    finding: str | None = None
    """The rule of one of its findings; with ``severity`` one finding must have both."""
    severity: Severity | None = None
    sort: Sort[InvoiceField] = Sort(field="issue_date", descending=True)


class Position(_Frozen):
    """Where a page ended: the sort value of its last item, as text, and its id."""

    value: str | None
    id: UUID


def document_position(document: DocumentView, field: DocumentField) -> Position:
    """Return where ``document`` stands in a list sorted by ``field``."""
    match field:
        case "received_at":
            value = time_key(document.received_at) if document.received_at else None
        case "updated_at":
            value = time_key(document.updated_at)
        case "filename":
            value = fold(document.filename) if document.filename else None
    return Position(value=value, id=document.id)


def invoice_position(invoice: InvoiceSummary, field: InvoiceField) -> Position:
    """Return where ``invoice`` stands in a list sorted by ``field``."""
    match field:
        case "issue_date":
            value = invoice.issue_date.isoformat() if invoice.issue_date else None
        case "due_date":
            value = invoice.due_date.isoformat() if invoice.due_date else None
        case "gross":
            value = None if invoice.gross is None else str(invoice.gross)
        case "number":
            value = number_key(invoice.number)
        case "seller":
            value = name_key(invoice.seller.name)
        case "extracted_at":
            value = time_key(invoice.extracted_at)
    return Position(value=value, id=invoice.id)


def check_invoice_position(position: Position, field: InvoiceField) -> None:
    """See whether something in a list sorted by ``field`` can stand there.

    Raises:
        ValueError: it cannot.
    """
    if position.value is None:
        return
    match field:
        case "issue_date" | "due_date":
            date.fromisoformat(position.value)
        case "extracted_at":
            if datetime.fromisoformat(position.value).tzinfo is None:
                raise ValueError("a time without a zone")
        case "gross":
            try:
                finite = Decimal(position.value).is_finite()
            except InvalidOperation:
                finite = False
            if not finite:
                raise ValueError("no amount")
        case "number" | "seller":
            return
