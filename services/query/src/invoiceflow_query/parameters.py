"""The query strings of the lists. A parameter that is not known is refused, lest a mistyped filter shows everything."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from invoiceflow_contracts.events.document_progress.v1 import Stage
from invoiceflow_contracts.extraction import Severity
from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_query.projection import Status
from invoiceflow_query.queries import DocumentField, DocumentQuery, InvoiceField, InvoiceQuery, Sort

__all__ = ["DocumentListParameters", "ExportParameters", "InvoiceFilters", "InvoiceListParameters"]


def _instant(value: object, missing: time) -> object:
    """Read a bare date as that moment of its day, and a time without zone as UTC."""
    if not isinstance(value, str):
        return value
    try:
        day = date.fromisoformat(value)
    except ValueError:
        pass
    else:
        return datetime.combine(day, missing, UTC)
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return value
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


From = Annotated[datetime, BeforeValidator(lambda value: _instant(value, time.min))]
To = Annotated[datetime, BeforeValidator(lambda value: _instant(value, time.max))]
Amount = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=30)]
Text = Annotated[str, Field(min_length=1, max_length=200)]

DocumentSort = Literal["received_at", "-received_at", "updated_at", "-updated_at", "filename", "-filename"]
InvoiceSort = Literal[
    "issue_date",
    "-issue_date",
    "due_date",
    "-due_date",
    "gross",
    "-gross",
    "number",
    "-number",
    "seller",
    "-seller",
    "extracted_at",
    "-extracted_at",
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Paged(_Strict):
    limit: int = Field(default=50, ge=1, le=200, description="Length of a page.")
    cursor: str | None = Field(
        default=None, max_length=2000, description="``next_cursor`` of the page before, with the same filters and sort."
    )


class DocumentListParameters(_Paged):
    """Filters, order and page of the documents."""

    status: Status | None = None
    stage: Stage | None = Field(default=None, description="The stage that failed, else the furthest one reached.")
    filename: Text | None = Field(
        default=None, description="How the file name begins; case and accents do not matter.", examples=["invoice-2024"]
    )
    since: From | None = Field(
        default=None, description="Received at or after; a date means the beginning of its day, UTC."
    )
    until: To | None = Field(default=None, description="Received at or before; a date means the end of its day, UTC.")
    sort: DocumentSort = Field(default="-received_at", description="``-`` is descending; ties by id.")

    def query(self) -> DocumentQuery:
        field: DocumentField = self.sort.removeprefix("-")  # type: ignore[assignment]  # by the type of sort
        return DocumentQuery(
            status=self.status,
            stage=self.stage,
            filename=self.filename,
            received_from=self.since,
            received_to=self.until,
            sort=Sort(field=field, descending=self.sort.startswith("-")),
        )


class InvoiceFilters(_Strict):
    """Filters and order of the invoices. Bounds are inclusive; an invoice without the value is in no range."""

    q: Text | None = Field(
        default=None,
        description="Free text: every word must begin a word anywhere in the invoice, line descriptions included. Case and accents do not matter.",
        examples=["steel bolts"],
    )
    seller: Text | None = Field(default=None, description="The same, in the seller's name.", examples=["acme"])
    buyer: Text | None = Field(default=None, description="The same, in the buyer's name.")
    seller_vat_id: Text | None = Field(default=None, examples=["DE129273398"])
    number: Text | None = Field(
        default=None, description="The invoice number; case and white space do not matter.", examples=["2024-0117"]
    )
    type: InvoiceType | None = None
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$", description="ISO 4217.", examples=["EUR"])
    issue_date_from: date | None = None
    issue_date_to: date | None = None
    since: date | None = Field(default=None, description="Short for ``issue_date_from``; of both the later counts.")
    until: date | None = Field(default=None, description="Short for ``issue_date_to``; of both the earlier counts.")
    due_date_from: date | None = None
    due_date_to: date | None = None
    gross_min: Amount | None = Field(default=None, examples=["100.00"])
    gross_max: Amount | None = None
    needs_review: bool | None = None
    finding: Text | None = Field(default=None, description="Rule of one of its findings.", examples=["BR-CO-15"])
    severity: Severity | None = Field(
        default=None, description="Severity of one of its findings; with ``finding``, of that finding."
    )
    sort: InvoiceSort = Field(
        default="-issue_date", description="``-`` is descending; ties by id. No value stands below every value."
    )

    def query(self) -> InvoiceQuery:
        field: InvoiceField = self.sort.removeprefix("-")  # type: ignore[assignment]  # by the type of sort
        given = self.model_dump(include=set(InvoiceQuery.model_fields) - {"sort", "issue_date_from", "issue_date_to"})
        return InvoiceQuery(
            **given,
            issue_date_from=max(filter(None, (self.issue_date_from, self.since)), default=None),
            issue_date_to=min(filter(None, (self.issue_date_to, self.until)), default=None),
            sort=Sort(field=field, descending=self.sort.startswith("-")),
        )


class InvoiceListParameters(InvoiceFilters, _Paged):
    """Filters, order and page of the invoices."""


class ExportParameters(InvoiceFilters):
    """Filters, order and format of an export."""

    format: Literal["csv", "json", "xlsx"] = "csv"
