"""Questions to the read model as SQL. Every value is a parameter; what is put into the text are names of columns."""

# ruff: noqa: S608

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from invoiceflow_query.adapters.sqlite.writing import finding_mark
from invoiceflow_query.folding import decimal_key, fold, number_key, time_key, vat_id_key, words
from invoiceflow_query.queries import DocumentQuery, InvoiceQuery, Position

__all__ = ["Condition", "Statement", "documents_statement", "invoice_conditions", "invoices_statement"]

Value = str | int

_LAST = "\U0010ffff"

_LEADING = frozenset({"seller_vat_id", "currency", "type", "needs_review"})
"""Columns with an index in which the issue date follows them."""


@dataclass(frozen=True)
class Statement:
    """SQL and its parameters."""

    sql: str
    values: tuple[Value, ...]


@dataclass
class _Where:
    clauses: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)

    def add(self, clause: str, *values: Value) -> None:
        self.clauses.append(clause)
        self.values.extend(values)

    def equal(self, column: str, value: Value | None) -> None:
        if value is not None:
            self.add(f"{column} = ?", value)

    def between(self, column: str, low: str | None, high: str | None) -> None:
        """What has no value is in no range."""
        if low is not None:
            self.add(f"{column} >= ?", low)
        elif high is not None:
            self.add(f"{column} > ''")
        if high is not None:
            self.add(f"{column} <= ?", high)

    def page(self, column: str, after: Position | None, *, value: str, descending: bool) -> str:
        """Begin after a position; return the ORDER BY that goes with it."""
        if after is not None:
            self.add(f"({column}, i.id) {'<' if descending else '>'} (?, ?)", value, str(after.id))
        direction = "DESC" if descending else "ASC"
        return f"ORDER BY {column} {direction}, i.id {direction}"

    def __str__(self) -> str:
        return " AND ".join(self.clauses)


def documents_statement(tenant: str, query: DocumentQuery, after: Position | None, limit: int) -> Statement:
    """Return the SELECT of one page of documents: id, version, state."""
    where = _Where()
    where.equal("i.tenant", tenant)
    where.equal("i.status", query.status)
    where.equal("i.stage", query.stage)
    if query.filename is not None:
        prefix = fold(query.filename)
        where.between("i.filename", prefix or None, prefix + _LAST)
    where.between(
        "i.received_at",
        time_key(query.received_from) if query.received_from else None,
        time_key(query.received_to) if query.received_to else None,
    )
    order = where.page(
        f"i.{query.sort.field}",
        after,
        value=(after.value or "") if after else "",
        descending=query.sort.descending,
    )
    return Statement(
        f"SELECT i.id, i.version, i.state FROM documents i WHERE {where} {order} LIMIT ?", (*where.values, limit)
    )


@dataclass(frozen=True)
class Condition:
    """What rows must meet, to be applied in the way that is faster: ``rows`` lists those that do, ``test`` tests one."""

    rows: Statement
    test: Statement


def invoice_conditions(tenant: str, query: InvoiceQuery) -> list[Condition]:
    """Return what ``query`` asks for."""
    conditions = [
        Condition(
            rows=Statement(f"SELECT row FROM invoices WHERE tenant = ? AND {where}", (tenant, *where.values)),
            test=Statement(_walked(where, column, query.sort.field), tuple(where.values)),
        )
        for column, where in _column_conditions(query).items()
        if where.clauses
    ]
    asked = {"words": query.q, "seller_words": query.seller, "buyer_words": query.buyer}
    terms = [(column, word) for column, text in asked.items() if text is not None for word in sorted(set(words(text)))]
    if terms:
        match = " AND ".join([f'tenant : "{tenant}"', *(f'{column} : "{word}" *' for column, word in terms)])
        conditions.append(
            Condition(
                rows=Statement("SELECT rowid AS row FROM invoice_terms WHERE invoice_terms MATCH ?", (match,)),
                test=Statement(
                    "EXISTS (SELECT 1 FROM invoice_words w WHERE w.row = i.row AND "
                    + " AND ".join(f"instr(w.{column}, ?) > 0" for column, _ in terms)
                    + ")",
                    tuple(f" {word}" for _, word in terms),
                ),
            )
        )
    if query.finding is not None or query.severity is not None:
        key = (tenant, finding_mark(query.finding, query.severity))
        conditions.append(
            Condition(
                rows=Statement("SELECT row FROM invoice_findings WHERE tenant = ? AND mark = ?", key),
                test=Statement(
                    "EXISTS (SELECT 1 FROM invoice_findings f WHERE f.tenant = ? AND f.mark = ? AND f.row = i.row)", key
                ),
            )
        )
    return conditions


def _column_conditions(query: InvoiceQuery) -> dict[str, _Where]:
    equal: dict[str, Value | None] = {
        "number": None if query.number is None else number_key(query.number) or "",
        "seller_vat_id": None if query.seller_vat_id is None else vat_id_key(query.seller_vat_id) or "",
        "type": query.type.value if query.type else None,
        "currency": query.currency,
        "needs_review": None if query.needs_review is None else int(query.needs_review),
    }
    between: dict[str, tuple[str | None, str | None]] = {
        "issue_date": (_day(query.issue_date_from), _day(query.issue_date_to)),
        "due_date": (_day(query.due_date_from), _day(query.due_date_to)),
        "gross": (_amount(query.gross_min), _amount(query.gross_max)),
    }
    wheres = {column: _Where() for column in (*equal, *between)}
    for column, value in equal.items():
        wheres[column].equal(column, value)
    for column, (low, high) in between.items():
        wheres[column].between(column, low, high)
    return wheres


def _walked(where: _Where, column: str, sort_field: str) -> str:
    """Return the condition so that SQLite walks in the list's order: with a plus, no index of the column is thought of."""
    in_order = column == sort_field or (sort_field == "issue_date" and column in _LEADING)
    return " AND ".join(clause if in_order else f"+{clause}" for clause in where.clauses)


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else decimal_key(value)


def invoices_statement(
    tenant: str,
    query: InvoiceQuery,
    after: Position | None,
    limit: int,
    *,
    few: Condition | None,
    tested: list[Condition],
) -> Statement:
    """Return the SELECT of one page of invoices: row, id.

    The rows of ``few`` are fetched and sorted; ``tested`` are tested on each row.
    """
    where = _Where()
    where.equal("i.tenant", tenant)
    for each in tested:
        where.add(each.test.sql, *each.test.values)
    value = (after.value or "") if after else ""
    if value and query.sort.field == "gross":
        value = decimal_key(Decimal(value))
    order = where.page(f"i.{query.sort.field}", after, value=value, descending=query.sort.descending)
    source = "invoices i"
    if few:
        # SQLite keeps the order of a CROSS JOIN: the few rows first, then each one's invoice.
        source = f"({few.rows.sql}) c CROSS JOIN invoices i ON i.row = c.row"
    values = few.rows.values if few else ()
    return Statement(f"SELECT i.row, i.id FROM {source} WHERE {where} {order} LIMIT ?", (*values, *where.values, limit))
