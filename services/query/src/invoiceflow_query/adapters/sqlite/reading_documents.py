"""Lists of documents as SQL, made in the same two ways as those of invoices (see ``reading``)."""

# ruff: noqa: S608

from collections.abc import Sequence
from dataclasses import dataclass

from invoiceflow_query.adapters.sqlite.reading import LAST, Condition, Statement, Value, Where
from invoiceflow_query.folding import fold, time_key
from invoiceflow_query.queries import DocumentField, DocumentQuery, Position

__all__ = ["DocumentQuestion", "document_question", "few_documents_statement", "walk_documents_statement"]

_INDEXES: dict[DocumentField, str] = {
    "received_at": "documents_by_receipt",
    "updated_at": "documents_by_update",
    "filename": "documents_by_filename",
}
_FIRST_CHARACTER, _EARLIEST = "\x01", "0"
"""What has no value, the empty text, stands before these, and in no range."""


@dataclass(frozen=True)
class DocumentQuestion:
    """A ``DocumentQuery`` taken apart."""

    tenant: str
    field: DocumentField
    descending: bool
    index: str
    equal: Statement | None
    """What is equal all along the walk, beside the tenant."""
    least: Value | None
    greatest: Value | None
    """Values between which the walk goes; None where there is no end."""
    conditions: tuple[Condition, ...]
    """All others, to be tested."""


def document_question(tenant: str, query: DocumentQuery) -> DocumentQuestion:
    """Take ``query`` apart."""
    order, equalities, ranges = query.sort.field, _equalities(query), _ranges(query)
    index, equal = _INDEXES[order], None
    if order == "received_at" and equalities:
        # Of the two indexes in which the time of receipt follows another column, the first that serves.
        column = next(iter(equalities))
        index, equal = f"documents_by_{column}", equalities.pop(column)
    least, greatest = ranges.pop(order, (None, None))
    met = [(f"documents_by_{column}", test) for column, test in equalities.items()]
    met += [
        (_INDEXES[column], Statement(f"i.{column} >= ? AND i.{column} <= ?", ends)) for column, ends in ranges.items()
    ]
    conditions = (
        Condition(
            rows=Statement(
                f"SELECT i.row FROM documents i INDEXED BY {served_by} WHERE i.tenant = ? AND {test.sql}",
                (tenant, *test.values),
            ),
            test=test,
        )
        for served_by, test in met
    )
    return DocumentQuestion(tenant, order, query.sort.descending, index, equal, least, greatest, tuple(conditions))


def _equalities(query: DocumentQuery) -> dict[str, Statement]:
    asked = {"status": query.status, "stage": query.stage}
    return {column: Statement(f"i.{column} = ?", (value,)) for column, value in asked.items() if value is not None}


def _ranges(query: DocumentQuery) -> dict[DocumentField, tuple[Value, Value]]:
    asked: dict[DocumentField, tuple[Value, Value]] = {}
    if query.filename is not None:
        prefix = fold(query.filename)
        asked["filename"] = (prefix or _FIRST_CHARACTER, prefix + LAST)
    if query.received_from or query.received_to:
        asked["received_at"] = (
            time_key(query.received_from) if query.received_from else _EARLIEST,
            time_key(query.received_to) if query.received_to else LAST,
        )
    return asked


def walk_documents_statement(asked: DocumentQuestion, after: Position | None, limit: int) -> Statement:
    """Return the SELECT of one page (id, version, state) by a walk in the list's order."""
    return _page(Statement(f"documents i INDEXED BY {asked.index}"), asked, asked.conditions, after, limit)


def few_documents_statement(asked: DocumentQuestion, few: Condition, after: Position | None, limit: int) -> Statement:
    """Return the SELECT of one page (id, version, state) by sorting all rows of ``few`` that meet the other conditions."""
    source = Statement(f"({few.rows.sql}) c CROSS JOIN documents i ON i.row = c.row", few.rows.values)
    return _page(source, asked, [each for each in asked.conditions if each != few], after, limit)


def _page(
    source: Statement, asked: DocumentQuestion, tested: Sequence[Condition], after: Position | None, limit: int
) -> Statement:
    column, where = f"i.{asked.field}", Where()
    where.equal("i.tenant", asked.tenant)
    for met in (*filter(None, [asked.equal]), *(each.test for each in tested)):
        where.add(met.sql, *met.values)
    beyond, within, direction = ("<", ">", "DESC") if asked.descending else (">", "<", "ASC")
    near, far = (asked.greatest, asked.least) if asked.descending else (asked.least, asked.greatest)
    if after is not None:
        # It is no earlier than where the list begins, which is therefore not said as well.
        where.add(f"({column}, i.id) {beyond} (?, ?)", after.value or "", after.id.bytes)
    elif near is not None:
        where.add(f"{column} {beyond}= ?", near)
    if far is not None:
        where.add(f"{column} {within}= ?", far)
    found = where.statement()
    return Statement(
        f"SELECT i.id, i.version, i.state FROM {source.sql} WHERE {found.sql} "
        f"ORDER BY {column} {direction}, i.id {direction} LIMIT ?",
        (*source.values, *found.values, limit),
    )
