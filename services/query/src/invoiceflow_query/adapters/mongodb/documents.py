"""Documents of the read model as they are kept in MongoDB, and back.

Amounts are Decimal128 (30 digits at most, of the 34 it has), so that they compare and sum as numbers there too; dates and
times are text in ISO 8601, since BSON dates cut microseconds off. What nobody searches by (the evidence, the checks' values) is kept as JSON text:
the names in it (JSON pointers, names of values) may hold characters that names of BSON fields may not.

``keys`` holds what lists are sorted by: for each sort one text, the value and the id with a separator between that sorts below whatever
stands in a value. What has no value has the empty one, below all others. Keys are all different, so a page begins after a key.
"""

import json
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from bson.decimal128 import Decimal128

from invoiceflow_contracts.invoice import Invoice
from invoiceflow_query.folding import decimal_key, fold, name_key, number_key, time_key, vat_id_key, words
from invoiceflow_query.projection import DocumentState, stage_of, status_of, updated_at
from invoiceflow_query.records import InvoiceRecord, InvoiceSummary, search_words, summarise

__all__ = [
    "document_fields",
    "finding_mark",
    "invoice_document",
    "key",
    "record_of",
    "seller_key",
    "sort_key",
    "state_of",
    "summary_of",
]


SEPARATOR = "\x1f"
NEXT = "\x20"
"""The character after the separator: every key of a value is below the value with this behind it."""


def sort_key(value: str | None, document_id: UUID | str) -> str:
    """Return the key of what has this value in a sort."""
    return f"{value or ''}{SEPARATOR}{document_id}"


def finding_mark(rule: str | None, severity: str | None) -> str:
    """Return the mark that invoices with such a finding bear."""
    return f"{rule or ''}/{severity or ''}"


def _marks(summary: InvoiceSummary) -> list[str]:
    marks = {
        finding_mark(rule, severity)
        for finding in summary.findings
        for rule in (finding.rule, None)
        for severity in (finding.severity.value, None)
    }
    return sorted(marks - {finding_mark(None, None)})


def key(tenant: str, document_id: UUID) -> str:
    """Return the ``_id`` of a document or invoice; no tenant's name contains the slash."""
    return f"{tenant}/{document_id}"


def seller_key(tenant: str, seller: str) -> str:
    """Return the ``_id`` of what is kept of a seller."""
    return f"{tenant}/{seller}"


def _encoded(value: Any) -> Any:
    match value:
        case dict():
            return {name: _encoded(each) for name, each in value.items()}
        case list() | tuple():
            return [_encoded(each) for each in value]
        case Decimal():
            return Decimal128(value)
        case datetime():
            return time_key(value)
        case StrEnum() | date() | UUID():
            return str(value)
    return value


def _decoded(value: Any) -> Any:
    match value:
        case dict():
            return {name: _decoded(each) for name, each in value.items()}
        case list():
            return [_decoded(each) for each in value]
        case Decimal128():
            return value.to_decimal()
    return value


def document_fields(document_id: UUID, state: DocumentState) -> dict[str, Any]:
    """Return the fields that follow from the document's state."""
    uploaded = state.uploaded
    received_at = time_key(uploaded.at) if uploaded else None
    sorts = {
        "received_at": received_at,
        "updated_at": time_key(updated_at(state)),
        "filename": None if state.filename is None else fold(state.filename),
    }
    return {
        "status": status_of(state),
        "stage": stage_of(state),
        "received_at": received_at,
        "keys": {name: sort_key(value, document_id) for name, value in sorts.items()},
        "state": _encoded(state.model_dump(exclude_none=True)),
    }


def state_of(document: dict[str, Any]) -> DocumentState:
    """Return the state that was kept."""
    return DocumentState.model_validate(_decoded(document["state"]))


def invoice_document(tenant: str, record: InvoiceRecord) -> dict[str, Any]:
    """Return the document that keeps ``record``: what it is found by, its summary, the invoice and the rest."""
    summary = summarise(record)
    sorts = {
        "issue_date": summary.issue_date.isoformat() if summary.issue_date else None,
        "due_date": summary.due_date.isoformat() if summary.due_date else None,
        "gross": None if summary.gross is None else decimal_key(summary.gross),
        "number": number_key(summary.number),
        "seller": name_key(summary.seller.name),
        "extracted_at": time_key(summary.extracted_at),
    }
    return {
        "tenant": tenant,
        "id": str(record.document_id),
        "order": record.order,
        "keys": {name: sort_key(value, record.document_id) for name, value in sorts.items()},
        "number": sorts["number"],
        "seller_vat_id": vat_id_key(summary.seller.vat_id),
        "marks": _marks(summary),
        "words": search_words(record.invoice),
        "seller_words": words(summary.seller.name or ""),
        "buyer_words": words(summary.buyer.name or ""),
        "summary": _encoded(summary.model_dump()),
        "invoice": _encoded(record.invoice.model_dump(exclude_none=True)),
        "rest": record.model_dump_json(exclude={"invoice"}),
    }


def summary_of(document: dict[str, Any], filename: str | None) -> InvoiceSummary:
    """Return the summary that was kept."""
    return InvoiceSummary.model_validate({**_decoded(document["summary"]), "filename": filename})


def record_of(document: dict[str, Any]) -> InvoiceRecord:
    """Return the record that was kept."""
    return InvoiceRecord.model_validate(
        {**json.loads(document["rest"]), "invoice": Invoice.model_validate(_decoded(document["invoice"]))}
    )
