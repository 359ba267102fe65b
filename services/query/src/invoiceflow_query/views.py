"""What people see of a document and its invoice."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from invoiceflow_contracts.events import Metadata
from invoiceflow_contracts.events.document_progress.v1 import Stage
from invoiceflow_contracts.extraction import Cost, Evidence, Finding, JsonPointer, Part, Tried
from invoiceflow_contracts.identity import part_id
from invoiceflow_contracts.invoice import Invoice
from invoiceflow_contracts.layout import Engine
from invoiceflow_query.projection import DocumentState, Status, stage_of, status_of, updated_at
from invoiceflow_query.records import InvoiceRecord

__all__ = [
    "DocumentError",
    "DocumentStats",
    "DocumentView",
    "InvoiceStats",
    "InvoiceView",
    "Stats",
    "document_view",
    "invoice_view",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class DocumentError(_Frozen):
    """Why a document failed."""

    code: str = Field(description="Stable code.", examples=["pdf_encrypted"])
    message: str = Field(description="A sentence that says what to do.")


class DocumentView(_Frozen):
    """A document and how far it is. What no event has told yet is null."""

    id: UUID
    filename: str | None = Field(default=None, examples=["2024-0117.pdf"])
    media_type: str | None = Field(default=None, examples=["application/pdf"])
    size: int | None = Field(default=None, description="Size in bytes.", examples=[48213])
    sha256: str | None = None
    channel: Literal["http", "kafka"] | None = Field(default=None, description="How it came in.")
    metadata: Metadata = Metadata()
    status: Status = Field(description="extracted and failed are terminal.")
    stage: Stage = Field(description="The stage that failed, else the furthest stage it has come to.")
    pages_done: int | None = Field(default=None, description="Pages read so far.", examples=[2])
    pages_total: int | None = Field(default=None, examples=[3])
    attempts: int | None = Field(
        default=None, description="How often the stage that gave up had tried; null unless failed."
    )
    error: DocumentError | None = None
    needs_review: bool | None = Field(default=None, description="Whether a person should look; null until extracted.")
    part: Part | None = Field(default=None, description="Set where the file that was handed in holds several invoices.")
    invoices: tuple[UUID, ...] = Field(default=(), description="Ids of the invoices in it, in its order.")
    received_at: AwareDatetime | None = None
    read_at: AwareDatetime | None = None
    extracted_at: AwareDatetime | None = None
    failed_at: AwareDatetime | None = None
    updated_at: AwareDatetime = Field(description="Time of the newest event.")

    @property
    def terminal(self) -> bool:
        """Whether nothing more will happen to it unless it is submitted again."""
        return self.status in {"extracted", "failed"}


class InvoiceView(_Frozen):
    """An invoice with where each value stands and what the checks found."""

    id: UUID = Field(description="The id of the invoice and of its document.")
    document: str = Field(description="Path of the document.", examples=["/v1/documents/…"])
    filename: str | None = Field(default=None, examples=["2024-0117.pdf"])
    part: Part | None = Field(default=None, description="Set where the file that was handed in holds several invoices.")
    invoice: Invoice
    evidence: dict[JsonPointer, Evidence] = Field(description="By JSON pointer into the invoice.")
    findings: tuple[Finding, ...]
    confidence: float = Field(description="Of the invoice as a whole, 0 to 1.")
    needs_review: bool
    engine: Engine
    costs: tuple[Cost, ...] = Field(description="One per stage that worked on the document.")
    tried: tuple[Tried, ...] = Field(description="The questions to language models, in order.")
    extracted_at: AwareDatetime


class DocumentStats(_Frozen):
    """Documents by status."""

    received: int = 0
    processing: int = 0
    extracted: int = 0
    failed: int = 0


class InvoiceStats(_Frozen):
    """Invoices, and how many of them a person should look at."""

    total: int = 0
    needs_review: int = 0


class Stats(_Frozen):
    """How many of what there are."""

    documents: DocumentStats
    invoices: InvoiceStats


def _pages(state: DocumentState) -> tuple[int | None, int | None]:
    if state.read:
        return state.read.pages, state.read.pages
    progressed = state.progress.get("ocr")
    return (progressed.pages_done, progressed.pages_total) if progressed else (None, None)


def _invoices(document_id: UUID, state: DocumentState) -> tuple[UUID, ...]:
    if state.extracted is None:
        return ()
    part = state.extracted.part
    if part is None or part.document_id != document_id:
        return (document_id,)
    return tuple(part_id(document_id, number) for number in range(1, part.count + 1))


def document_view(document_id: UUID, state: DocumentState) -> DocumentView:
    """Return the document as people see it."""
    uploaded, content, status = state.uploaded, state.content, status_of(state)
    failed = state.failed if status == "failed" else None
    pages_done, pages_total = _pages(state)
    return DocumentView(
        id=document_id,
        filename=state.filename,
        media_type=content.media_type if content else None,
        size=content.size if content else None,
        sha256=content.sha256 if content else None,
        channel=uploaded.channel if uploaded else None,
        metadata=uploaded.metadata if uploaded else Metadata(),
        status=status,
        stage=stage_of(state),
        pages_done=pages_done,
        pages_total=pages_total,
        attempts=failed.attempts if failed else None,
        error=DocumentError(code=failed.code, message=failed.message) if failed else None,
        needs_review=state.extracted.needs_review if state.extracted else None,
        part=state.extracted.part if state.extracted else None,
        invoices=_invoices(document_id, state),
        received_at=uploaded.at if uploaded else None,
        read_at=state.read.at if state.read else None,
        extracted_at=state.extracted.at if state.extracted else None,
        failed_at=failed.at if failed else None,
        updated_at=updated_at(state),
    )


def invoice_view(record: InvoiceRecord, filename: str | None) -> InvoiceView:
    """Return the invoice as people see it."""
    return InvoiceView(
        id=record.document_id,
        document=f"/v1/documents/{record.document_id}",
        filename=filename,
        part=record.part,
        invoice=record.invoice,
        evidence=record.evidence,
        findings=record.findings,
        confidence=record.confidence,
        needs_review=record.needs_review,
        engine=record.engine,
        costs=record.costs,
        tried=record.tried,
        extracted_at=record.extracted_at,
    )
