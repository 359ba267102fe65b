"""The indexes of a generation, and which of them serves which question. Pure.

A page of a list is one range of one index, walked in its order, whatever the filters. Every list is sorted by one field,
``keys.<field>``, whose text is the value and the id (see ``documents``): no two are equal, no value is missing, and a page
begins where the one before ended, without alternatives.

MongoDB's rule for the order of an index's fields is equality, sort, range
(https://www.mongodb.com/docs/manual/tutorial/equality-sort-range-guideline/). Two kinds of index follow from it:

- **Walks.** One for each sort: the tenant (equality), the key (sort), and after it everything else that has one value in an
  invoice (ranges, and equality conditions, which bound an index only where they lead). The walk looks at index entries; only
  what meets all conditions on single values is fetched, in order, and a page is full soon where many meet them.
- **Leads.** One for each condition: the tenant, the condition, and for equality the key of the sort by date, in which such a list is
  mostly wanted. It leads to the few where few meet the condition; those are fetched and, for another sort, sorted.

MongoDB tries the plans that a question has side by side and goes on with the one that fills the page first. An array (words,
marks of findings) can lead only: with one in it, an index has an entry for each element.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["DOCUMENT_INDEXES", "INVOICE_INDEXES", "Index", "Shape", "leads", "shape_of", "walk"]

Index = tuple[str, ...]
"""Fields, all ascending; walked backwards it serves the opposite order."""

ARRAYS = frozenset({"marks", "words", "seller_words", "buyer_words"})
"""Fields with several values in one invoice."""

_INVOICE_SORTS = ("issue_date", "due_date", "gross", "number", "seller", "extracted_at")
_INVOICE_VALUES = (
    "number",
    "seller_vat_id",
    "summary.type",
    "summary.currency",
    "summary.needs_review",
    "summary.issue_date",
    "summary.due_date",
    "summary.gross",
)

INVOICE_INDEXES: tuple[Index, ...] = (
    *(
        # Bounds on what is sorted by are bounds on its key.
        ("tenant", f"keys.{sort}", *(value for value in _INVOICE_VALUES if value != f"summary.{sort}"))
        for sort in _INVOICE_SORTS
    ),
    ("tenant", "number"),
    ("tenant", "seller_vat_id", "keys.issue_date"),
    ("tenant", "summary.type", "keys.issue_date"),
    ("tenant", "summary.currency", "keys.issue_date"),
    ("tenant", "summary.needs_review", "keys.issue_date"),
    ("tenant", "summary.issue_date"),
    ("tenant", "summary.due_date"),
    ("tenant", "summary.gross"),
    ("tenant", "marks", "keys.issue_date"),
    ("tenant", "words"),
    ("tenant", "seller_words"),
    ("tenant", "buyer_words"),
)

DOCUMENT_INDEXES: tuple[Index, ...] = (
    ("tenant", "keys.received_at", "status", "stage", "keys.filename"),
    ("tenant", "keys.updated_at", "status", "stage", "keys.filename", "received_at"),
    ("tenant", "keys.filename", "status", "stage", "received_at"),
    ("tenant", "status", "keys.received_at"),
    ("tenant", "stage", "keys.received_at"),
    ("tenant", "received_at"),
    ("tenant", "status", "_id"),
)


@dataclass(frozen=True)
class Shape:
    """A question without its values."""

    equal: frozenset[str]
    """Fields of which one value is asked for, or each of a few."""
    ranges: frozenset[str]
    """Fields of which a range is asked for: bounds, the beginning of a text."""
    sort: str


def shape_of(conditions: Mapping[str, Any], sort: Sequence[tuple[str, int]]) -> Shape:
    """Return the shape of a filter and an order as the driver is given them.

    Raises:
        ValueError: an operator of which it is not known what an index can do for it, or an order by several fields.
    """
    equal, ranges = set[str](), set[str]()
    pending = list(conditions.items())
    while pending:
        field, condition = pending.pop()
        if field == "$and":
            pending += [item for each in condition for item in each.items()]
        elif field.startswith("$"):
            msg = f"no index is known to serve {field}"
            raise ValueError(msg)
        elif not isinstance(condition, Mapping) or condition.keys() == {"$in"}:
            equal.add(field)
        elif condition.keys() <= {"$gt", "$gte", "$lt", "$lte", "$regex"}:
            ranges.add(field)
        else:
            msg = f"no index is known to serve {dict(condition)}"
            raise ValueError(msg)
    ((field, _),) = sort
    return Shape(frozenset(equal), frozenset(ranges), field)


def walk(shape: Shape, indexes: Iterable[Index]) -> Index | None:
    """Return the index that gives the order of ``shape`` and tells from its entries what to fetch; None where there is none.

    By the rule: equality conditions may stand before the sort, everything else after it. Of several the one with the
    most equality conditions before the sort is returned.
    """
    conditions = (shape.equal | shape.ranges) - ARRAYS
    best: tuple[int, Index] | None = None
    for index in indexes:
        leading = 0
        while leading < len(index) and index[leading] in shape.equal - ARRAYS and index[leading] != shape.sort:
            leading += 1
        in_order = leading < len(index) and index[leading] == shape.sort
        if in_order and conditions <= set(index) and (best is None or leading > best[0]):
            best = leading, index
    return best[1] if best else None


def leads(shape: Shape, indexes: Iterable[Index]) -> dict[str, Index]:
    """Return, for each condition of ``shape`` beside the tenant, an index that leads to what meets it."""
    by_field = {index[1]: index for index in reversed(tuple(indexes))}
    return {field: by_field[field] for field in (shape.equal | shape.ranges) - {"tenant"} if field in by_field}
