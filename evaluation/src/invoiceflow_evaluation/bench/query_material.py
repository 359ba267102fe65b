"""What a read model of years is made of: the events of a ledger's documents, as the services would have published them."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from random import Random
from typing import NamedTuple

from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events import DocumentEvent, DocumentFailedV1, DocumentUploadedV1, InvoiceExtractedV1
from invoiceflow_contracts.extraction import Cost, Evidence, Finding, Method, Severity
from invoiceflow_contracts.identity import DEFAULT_TENANT, document_id, event_id
from invoiceflow_contracts.invoice import Invoice
from invoiceflow_contracts.layout import Box, Engine
from invoiceflow_samples.ledger import Ledger

__all__ = ["BRANCHES", "RARE_RULE", "Published", "documents", "events"]

_SEED = 20_264
_EVERY = 50
BRANCHES = ("branch-1", "branch-2", "branch-3", "branch-4", "branch-5")
"""Other tenants of the same store: of fifty-one invoices, one is of one of them."""

_FAILED = 100
"""One document in so many ends as failed."""

RARE_RULE = "IF-PAGE-IBAN"
_RULES = (
    ("IF-LINES-COMPLETE", Severity.WARNING, 0.04),
    ("BR-CO-15", Severity.ERROR, 0.02),
    ("BR-CO-10", Severity.ERROR, 0.02),
    ("IF-VAT-ID", Severity.WARNING, 0.03),
    ("IF-DUE-DATE", Severity.INFO, 0.05),
    ("BR-CO-17", Severity.ERROR, 0.008),
    (RARE_RULE, Severity.ERROR, 0.0005),
)
_UNSURE = 0.03
"""Share of the invoices without an error whose confidence asks for a person."""


class Published(NamedTuple):
    """An event and its ``ce_id``."""

    event: DocumentEvent
    id: str


def documents(invoices: int) -> int:
    """Return how many documents there are for so many invoices of the default tenant."""
    return invoices + invoices // _EVERY


def events(invoices: int, start: int, stop: int) -> Iterator[Published]:
    """Yield the events of documents ``start`` to ``stop`` of the ``documents(invoices)``, the same in every run."""
    ledger = _ledger(documents(invoices))
    for number in range(start, stop):
        turn, place = divmod(number, _EVERY + 1)
        tenant = BRANCHES[turn % len(BRANCHES)] if place == _EVERY else DEFAULT_TENANT
        yield from _document(tenant, f"{number}", ledger.invoice(number), ledger, number)
        if number % _FAILED == 0:
            yield from _failure(tenant, f"failed-{number}", ledger, number)


@cache
def _ledger(count: int) -> Ledger:
    """Return the ledger, which remembers the sellers it has made."""
    return Ledger(_SEED, count)


def _document(tenant: str, name: str, invoice: Invoice, ledger: Ledger, number: int) -> Iterator[Published]:
    upload = _upload(tenant, name, f"{(invoice.number or name).replace('/', '-')}.pdf", ledger, number)
    yield _published(upload)
    rng = Random(f"{_SEED}/{name}")  # noqa: S311 - reproducible fiction, no secret
    findings = tuple(
        Finding(rule=rule, severity=severity, message="Compare the values with the page.", values={"found": "1"})
        for rule, severity, share in _RULES
        if rng.random() < share
    )
    unsure = rng.random() < _UNSURE
    yield _published(
        InvoiceExtractedV1(
            tenant=tenant,
            document_id=upload.document_id,
            content=upload.content,
            invoice=invoice,
            evidence=_evidence(invoice),
            findings=findings,
            confidence=0.55 if unsure else round(0.8 + 0.2 * rng.random(), 3),
            needs_review=unsure or any(finding.severity is Severity.ERROR for finding in findings),
            engine=Engine(name="local", version="1"),
            costs=(Cost(stage="extract", wall_seconds=0.05, cpu_seconds=0.04),),
            extracted_at=upload.received_at + timedelta(seconds=0.3),
        )
    )


def _failure(tenant: str, name: str, ledger: Ledger, number: int) -> Iterator[Published]:
    upload = _upload(tenant, name, f"scan-{number:07}.pdf", ledger, number)
    yield _published(upload)
    yield _published(
        DocumentFailedV1(
            tenant=tenant,
            document_id=upload.document_id,
            stage="ocr",
            code="pdf_encrypted",
            message="The PDF is encrypted. Send it without a password.",
            attempts=1,
            failed_at=upload.received_at + timedelta(seconds=1),
        )
    )


def _upload(tenant: str, name: str, filename: str, ledger: Ledger, number: int) -> DocumentUploadedV1:
    sha256 = hashlib.sha256(f"{_SEED}/{name}".encode()).hexdigest()
    return DocumentUploadedV1(
        tenant=tenant,
        document_id=document_id(tenant, sha256),
        filename=filename,
        content=ContentRef(
            bucket="invoiceflow-originals",
            key=f"{tenant}/{sha256}",
            sha256=sha256,
            size=40_000 + number % 9_000,
            media_type="application/pdf",
        ),
        channel="http",
        received_at=ledger.arrival(number),
    )


def _published(event: DocumentEvent) -> Published:
    return Published(event, str(event_id(str(event.document_id), event.ce_type(), "1")))


def _evidence(invoice: Invoice) -> dict[str, Evidence]:
    values = {
        "/number": invoice.number,
        "/issue_date": invoice.issue_date,
        "/seller/name": invoice.seller.name,
        "/seller/vat_id": invoice.seller.vat_id,
        "/totals/net": invoice.totals.net,
        "/totals/gross": invoice.totals.gross,
    }
    return {
        pointer: Evidence(
            method=Method.LOCAL,
            text=str(value),
            confidence=0.95,
            page=1,
            box=Box(0.7, 0.1 + place / 50, 0.9, 0.115 + place / 50),
        )
        for place, (pointer, value) in enumerate(values.items())
        if value is not None
    }
