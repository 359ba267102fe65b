"""Documents of the read model as they are kept in MongoDB, and back.

Amounts are Decimal128 (30 digits at most, of the 34 it has), so that they compare and sum as numbers there too; dates and
times are text in ISO 8601, since BSON dates cut microseconds off. What nobody searches by (the evidence, the checks' values) is kept as JSON text:
the names in it (JSON pointers, names of values) may hold characters that names of BSON fields may not.
"""

import json
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from bson.decimal128 import Decimal128

from invoiceflow_contracts.invoice import Invoice
from invoiceflow_query.folding import fold, name_key, number_key, time_key, vat_id_key, words
from invoiceflow_query.projection import DocumentState, stage_of, status_of, updated_at
from invoiceflow_query.records import InvoiceRecord, InvoiceSummary, search_words, summarise

__all__ = [
    "document_fields",
    "invoice_document",
    "key",
    "record_of",
    "state_of",
    "summary_of",
]


def key(tenant: str, document_id: UUID) -> str:
    """Return the ``_id`` of a document or invoice; no tenant's name contains the slash."""
    return f"{tenant}/{document_id}"


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


def document_fields(state: DocumentState) -> dict[str, Any]:
    """Return the fields that follow from the document's state."""
    uploaded = state.uploaded
    return {
        "status": status_of(state),
        "stage": stage_of(state),
        "filename": fold(uploaded.filename) if uploaded else None,
        "received_at": time_key(uploaded.at) if uploaded else None,
        "updated_at": time_key(updated_at(state)),
        "state": _encoded(state.model_dump(exclude_none=True)),
    }


def state_of(document: dict[str, Any]) -> DocumentState:
    """Return the state that was kept."""
    return DocumentState.model_validate(_decoded(document["state"]))


def invoice_document(tenant: str, record: InvoiceRecord) -> dict[str, Any]:
    """Return the document that keeps ``record``: what it is found by, its summary, the invoice and the rest."""
    summary = summarise(record)
    return {
        "tenant": tenant,
        "id": str(record.document_id),
        "order": record.order,
        "number": number_key(summary.number),
        "seller": name_key(summary.seller.name),
        "seller_vat_id": vat_id_key(summary.seller.vat_id),
        "extracted_at": time_key(summary.extracted_at),
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
