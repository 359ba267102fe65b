"""Events as the other services publish them, for tests; ``seconds`` are those after ``NOON``."""

# ruff: noqa: D103 -- each makes the event of its name

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events import (
    DocumentFailedV1,
    DocumentProgressV1,
    DocumentUploadedV1,
    InvoiceExtractedV1,
    Metadata,
    OcrCompletedV1,
)
from invoiceflow_contracts.events.document_progress.v1 import Stage
from invoiceflow_contracts.extraction import Cost, Evidence, Finding, Method, Part, Severity
from invoiceflow_contracts.invoice import Invoice, InvoiceLine, InvoiceType, Party, Payment, Totals
from invoiceflow_contracts.layout import Box, Engine

__all__ = [
    "MONTH",
    "NOON",
    "content",
    "document",
    "extracted",
    "failed",
    "invoice",
    "layout",
    "progress",
    "read",
    "uploaded",
]

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MONTH = timedelta(days=30)


def document(name: str) -> UUID:
    """Return the id of the document of this name."""
    return uuid5(NAMESPACE_URL, name)


def content(tenant: str = "default", *, media_type: str = "application/pdf") -> ContentRef:
    sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    return ContentRef(
        bucket="invoiceflow-originals", key=f"{tenant}/{sha256}", sha256=sha256, size=4, media_type=media_type
    )


def layout(tenant: str = "default") -> ContentRef:
    sha256 = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
    return ContentRef(
        bucket="invoiceflow-layouts", key=f"{tenant}/{sha256}", sha256=sha256, size=4, media_type="application/gzip"
    )


def uploaded(
    document_id: UUID, seconds: float = 0, *, tenant: str = "default", filename: str = "2024-0117.pdf"
) -> DocumentUploadedV1:
    return DocumentUploadedV1(
        tenant=tenant,
        document_id=document_id,
        filename=filename,
        content=content(tenant),
        channel="http",
        received_at=NOON + timedelta(seconds=seconds),
        metadata=Metadata(source="portal", tags=("march",)),
    )


def progress(
    document_id: UUID,
    seconds: float = 1,
    *,
    tenant: str = "default",
    stage: Stage = "ocr",
    done: int = 1,
    total: int = 3,
) -> DocumentProgressV1:
    return DocumentProgressV1(
        tenant=tenant,
        document_id=document_id,
        stage=stage,
        pages_done=done,
        pages_total=total,
        at=NOON + timedelta(seconds=seconds),
    )


def read(document_id: UUID, seconds: float = 2, *, tenant: str = "default", pages: int = 3) -> OcrCompletedV1:
    return OcrCompletedV1(
        tenant=tenant,
        document_id=document_id,
        content=content(tenant),
        layout=layout(tenant),
        engine=Engine(name="native", version="1"),
        pages=pages,
        cost=Cost(stage="ocr", wall_seconds=0.1, cpu_seconds=0.1),
        completed_at=NOON + timedelta(seconds=seconds),
    )


def invoice(
    *,
    number: str | None = "2024-0117",
    issue_date: date | None = date(2024, 1, 17),
    due_date: date | None = None,
    seller: str | None = "Acme GmbH",
    buyer: str | None = "Widget Works Ltd",
    gross: str | None = "119.00",
    currency: str | None = "EUR",
    vat_id: str | None = "DE129273398",
    description: str = "Steel bolts M8",
    iban: str | None = None,
    kind: InvoiceType = InvoiceType.INVOICE,
) -> Invoice:
    return Invoice(
        number=number,
        type=kind,
        issue_date=issue_date,
        due_date=due_date,
        currency=currency,
        seller=Party(name=seller, vat_id=vat_id),
        buyer=Party(name=buyer),
        totals=Totals(gross=Decimal(gross) if gross is not None else None),
        payment=Payment(iban=iban),
        lines=(InvoiceLine(description=description, net=Decimal("100.00")),),
    )


def extracted(
    document_id: UUID,
    seconds: float = 3,
    *,
    tenant: str = "default",
    of: Invoice | None = None,
    findings: tuple[tuple[str, str], ...] = (),
    needs_review: bool = False,
    part: Part | None = None,
) -> InvoiceExtractedV1:
    return InvoiceExtractedV1(
        tenant=tenant,
        document_id=document_id,
        content=content(tenant),
        part=part,
        invoice=of or invoice(),
        evidence={
            "/number": Evidence(
                method=Method.LOCAL, text="No. 2024-0117", confidence=0.9, page=1, box=Box(0.1, 0.1, 0.3, 0.2)
            )
        },
        findings=tuple(
            Finding(rule=rule, severity=Severity(severity), message="Look at it.", values={"a.b": "1", "$c": "2"})
            for rule, severity in findings
        ),
        confidence=0.97,
        needs_review=needs_review,
        engine=Engine(name="local", version="1"),
        costs=(Cost(stage="extract", wall_seconds=0.2, cpu_seconds=0.1),),
        extracted_at=NOON + timedelta(seconds=seconds),
    )


def failed(
    document_id: UUID, seconds: float = 3, *, tenant: str = "default", code: str = "pdf_encrypted", stage: Stage = "ocr"
) -> DocumentFailedV1:
    return DocumentFailedV1(
        tenant=tenant,
        document_id=document_id,
        stage=stage,
        code=code,
        message="The PDF is encrypted. Send it without a password.",
        attempts=3,
        failed_at=NOON + timedelta(seconds=seconds),
    )
