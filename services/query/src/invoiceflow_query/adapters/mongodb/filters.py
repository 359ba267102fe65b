"""Questions to the read model as MongoDB filters. Pure."""

import re
from decimal import Decimal
from typing import Any

from bson.decimal128 import Decimal128

from invoiceflow_query.adapters.mongodb.documents import NEXT, SEPARATOR, finding_mark, sort_key
from invoiceflow_query.folding import decimal_key, fold, number_key, time_key, vat_id_key, words
from invoiceflow_query.queries import DocumentQuery, InvoiceQuery, Position

__all__ = ["SortOrder", "document_filter", "invoice_filter", "sort_order"]

Filter = dict[str, Any]
SortOrder = list[tuple[str, int]]

_LAST = "\U0010ffff"


def document_filter(tenant: str, query: DocumentQuery, after: Position | None = None) -> Filter:
    """Return the filter of the documents that ``query`` asks for, from ``after`` on."""
    low = time_key(query.received_from) if query.received_from else None
    high = time_key(query.received_to) if query.received_to else None
    keys = _Keys()
    if query.filename is not None:
        keys.beginning("filename", fold(query.filename))
    conditions: Filter = {"status": query.status, "stage": query.stage}
    if query.sort.field == "received_at":
        keys.between("received_at", low, high)
    else:
        conditions["received_at"] = _range(low, high)
    if after:
        keys.beyond(query.sort.field, after.value, after, descending=query.sort.descending)
    return {"tenant": tenant, **_asked(conditions), **keys.conditions}


def invoice_filter(tenant: str, query: InvoiceQuery, after: Position | None = None) -> Filter:
    """Return the filter of the invoices that ``query`` asks for, from ``after`` on."""
    keys = _Keys()
    conditions: Filter = {
        "number": None if query.number is None else number_key(query.number) or "",
        "seller_vat_id": None if query.seller_vat_id is None else vat_id_key(query.seller_vat_id) or "",
        "summary.type": query.type.value if query.type else None,
        "summary.currency": query.currency,
        "summary.needs_review": query.needs_review,
        "marks": finding_mark(query.finding, query.severity) if query.finding or query.severity else None,
    }
    for field, low, high in (
        ("issue_date", query.issue_date_from, query.issue_date_to),
        ("due_date", query.due_date_from, query.due_date_to),
        ("gross", query.gross_min, query.gross_max),
    ):
        # What is sorted by is bounded by its key, so that the walk begins and ends at the bounds.
        if field == query.sort.field:
            keys.between(field, _key_text(low), _key_text(high))
        else:
            conditions[f"summary.{field}"] = _range(_value(low), _value(high))
    asked = (("words", query.q), ("seller_words", query.seller), ("buyer_words", query.buyer))
    terms = [
        {field: {"$regex": f"^{re.escape(word)}"}} for field, text in asked if text is not None for word in words(text)
    ]
    if terms:
        conditions["$and"] = terms
    if after:
        value = after.value
        if value is not None and query.sort.field == "gross":
            value = decimal_key(Decimal(value))
        keys.beyond(query.sort.field, value, after, descending=query.sort.descending)
    return {"tenant": tenant, **_asked(conditions), **keys.conditions}


def sort_order(field: str, *, descending: bool) -> SortOrder:
    """Return the order by ``field``; ties by the id, with which its keys end."""
    return [(f"keys.{field}", -1 if descending else 1)]


class _Keys:
    """Bounds on keys; where several are set on one side of a key the narrowest stands."""

    def __init__(self) -> None:
        self.conditions: Filter = {}

    def between(self, field: str, low: str | None, high: str | None) -> None:
        """Take the keys of values within inclusive bounds. What has no value is in no range."""
        if low is not None or high is not None:
            self._bound(field, "$gte", NEXT if low is None else low + SEPARATOR)
        if high is not None:
            self._bound(field, "$lt", high + NEXT)

    def beginning(self, field: str, prefix: str) -> None:
        """Take the keys of values that begin so."""
        self._bound(field, "$gte", prefix or NEXT)
        self._bound(field, "$lt", prefix + _LAST)

    def beyond(self, field: str, value: str | None, position: Position, *, descending: bool) -> None:
        """Take the keys on the other side of a position."""
        self._bound(field, "$lt" if descending else "$gt", sort_key(value, position.id))

    def _bound(self, field: str, operator: str, bound: str) -> None:
        bounds = self.conditions.setdefault(f"keys.{field}", {})
        narrowest = min if operator == "$lt" else max
        bounds[operator] = narrowest(bounds.get(operator, bound), bound)


def _asked(conditions: Filter) -> Filter:
    return {field: condition for field, condition in conditions.items() if condition is not None}


def _range(low: Any, high: Any) -> Filter | None:
    """Bounds compare within one BSON type, so that what has no value (null) is in no range."""
    bounds = {operator: bound for operator, bound in (("$gte", low), ("$lte", high)) if bound is not None}
    return bounds or None


def _value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return Decimal128(value)
    return None if value is None else value.isoformat()


def _key_text(value: Any) -> str | None:
    if isinstance(value, Decimal):
        return decimal_key(value)
    return None if value is None else str(value.isoformat())
