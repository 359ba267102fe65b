"""Questions to the read model as MongoDB filters. Pure."""

import re
from decimal import Decimal
from typing import Any

from bson.decimal128 import Decimal128

from invoiceflow_query.folding import fold, number_key, time_key, vat_id_key, words
from invoiceflow_query.queries import DocumentQuery, InvoiceQuery, Position

__all__ = ["INVOICE_SORT_FIELDS", "SortOrder", "document_filter", "invoice_filter", "page_filter", "sort_order"]

Filter = dict[str, Any]
SortOrder = list[tuple[str, int]]

INVOICE_SORT_FIELDS = {
    "issue_date": "summary.issue_date",
    "due_date": "summary.due_date",
    "gross": "summary.gross",
    "number": "number",
    "seller": "seller",
    "extracted_at": "extracted_at",
}
"""Where the value of each sort is kept."""


def _range(low: Any, high: Any) -> Filter | None:
    """Bounds compare within one BSON type, so that what has no value (null) is in no range."""
    bounds = {operator: bound for operator, bound in (("$gte", low), ("$lte", high)) if bound is not None}
    return bounds or None


def _prefix(text: str) -> Filter:
    return {"$regex": f"^{re.escape(text)}"}


def document_filter(tenant: str, query: DocumentQuery) -> Filter:
    """Return the filter of the documents that ``query`` asks for."""
    received = _range(
        time_key(query.received_from) if query.received_from else None,
        time_key(query.received_to) if query.received_to else None,
    )
    conditions: Filter = {
        "status": query.status,
        "stage": query.stage,
        "filename": None if query.filename is None else _prefix(fold(query.filename)),
        "received_at": received,
    }
    return {"tenant": tenant, **{name: value for name, value in conditions.items() if value is not None}}


def invoice_filter(tenant: str, query: InvoiceQuery) -> Filter:
    """Return the filter of the invoices that ``query`` asks for."""
    finding = {name: value for name, value in (("rule", query.finding), ("severity", query.severity)) if value}
    conditions: Filter = {
        "number": None if query.number is None else number_key(query.number) or "",
        "seller_vat_id": None if query.seller_vat_id is None else vat_id_key(query.seller_vat_id) or "",
        "summary.type": query.type.value if query.type else None,
        "summary.currency": query.currency,
        "summary.needs_review": query.needs_review,
        "summary.issue_date": _range(
            query.issue_date_from.isoformat() if query.issue_date_from else None,
            query.issue_date_to.isoformat() if query.issue_date_to else None,
        ),
        "summary.due_date": _range(
            query.due_date_from.isoformat() if query.due_date_from else None,
            query.due_date_to.isoformat() if query.due_date_to else None,
        ),
        "summary.gross": _range(_amount(query.gross_min), _amount(query.gross_max)),
        "summary.findings": {"$elemMatch": finding} if finding else None,
    }
    asked = (("words", query.q), ("seller_words", query.seller), ("buyer_words", query.buyer))
    terms = [{field: _prefix(word)} for field, text in asked if text is not None for word in words(text)]
    if terms:
        conditions["$and"] = terms
    return {"tenant": tenant, **{name: value for name, value in conditions.items() if value is not None}}


def _amount(value: Decimal | None) -> Decimal128 | None:
    return None if value is None else Decimal128(value)


def sort_order(field: str, *, descending: bool) -> SortOrder:
    """Return the order by ``field``, ties by ``_id``, which ends with the document's id."""
    direction = -1 if descending else 1
    return [(field, direction), ("_id", direction)]


def page_filter(conditions: Filter, field: str, position: Position, last: str, *, descending: bool) -> Filter:
    """Return ``conditions`` from the position on, which ended with the ``_id`` ``last``.

    In MongoDB's order null stands below every value, but no value compares with it: it has alternatives of its own.
    """
    beyond = "$lt" if descending else "$gt"
    value: Any = position.value
    if value is not None and field == INVOICE_SORT_FIELDS["gross"]:
        value = Decimal128(value)
    alternatives: list[Filter] = [{field: value, "_id": {beyond: last}}]
    if value is not None:
        alternatives.append({field: {beyond: value}})
    if value is not None and descending:
        alternatives.append({field: None})
    if value is None and not descending:
        alternatives.append({field: {"$ne": None}})
    return {"$and": [conditions, {"$or": alternatives}]}
