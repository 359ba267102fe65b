"""Questions to the read model as SQL. Every value is a parameter; what is put into the text are names of columns."""

# ruff: noqa: S608

from dataclasses import dataclass, field
from decimal import Decimal

from invoiceflow_query.adapters.sqlite.writing import finding_mark
from invoiceflow_query.folding import decimal_key, fold, number_key, time_key, vat_id_key, words
from invoiceflow_query.queries import DocumentQuery, InvoiceQuery, Position

__all__ = ["Candidates", "Statement", "documents_statement", "invoice_candidates", "invoices_statement"]

Value = str | int

_LAST = "\U0010ffff"


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
class Candidates:
    """A condition that holds for some rows, whichever way is faster: ``rows`` lists them, ``test`` tests one."""

    rows: Statement
    test: Statement


def invoice_candidates(tenant: str, query: InvoiceQuery) -> list[Candidates]:
    """Return the conditions of ``query`` on words and findings."""
    candidates = []
    asked = {"words": query.q, "seller_words": query.seller, "buyer_words": query.buyer}
    terms = [(column, word) for column, text in asked.items() if text is not None for word in sorted(set(words(text)))]
    if terms:
        match = " AND ".join([f'tenant : "{tenant}"', *(f'{column} : "{word}" *' for column, word in terms)])
        candidates.append(
            Candidates(
                rows=Statement("SELECT rowid AS row FROM invoice_terms WHERE invoice_terms MATCH ?", (match,)),
                test=Statement(
                    " AND ".join(f"instr(i.{column}, ?) > 0" for column, _ in terms),
                    tuple(f" {word}" for _, word in terms),
                ),
            )
        )
    if query.finding is not None or query.severity is not None:
        key = (tenant, finding_mark(query.finding, query.severity))
        candidates.append(
            Candidates(
                rows=Statement("SELECT row FROM invoice_findings WHERE tenant = ? AND mark = ?", key),
                test=Statement(
                    "EXISTS (SELECT 1 FROM invoice_findings f WHERE f.tenant = ? AND f.mark = ? AND f.row = i.row)", key
                ),
            )
        )
    return candidates


def invoices_statement(
    tenant: str,
    query: InvoiceQuery,
    after: Position | None,
    limit: int,
    *,
    few: Candidates | None,
    tested: list[Candidates],
) -> Statement:
    """Return the SELECT of one page of invoices: id, summary.

    The rows of ``few`` are fetched and sorted; ``tested`` are tested on each row.
    """
    where = _Where()
    where.equal("i.tenant", tenant)
    where.equal("i.number", number_key(query.number) or "" if query.number is not None else None)
    where.equal("i.seller_vat_id", vat_id_key(query.seller_vat_id) or "" if query.seller_vat_id is not None else None)
    where.equal("i.type", query.type.value if query.type else None)
    where.equal("i.currency", query.currency)
    where.equal("i.needs_review", None if query.needs_review is None else int(query.needs_review))
    for column, first, last in (
        ("i.issue_date", query.issue_date_from, query.issue_date_to),
        ("i.due_date", query.due_date_from, query.due_date_to),
    ):
        where.between(column, first.isoformat() if first else None, last.isoformat() if last else None)
    where.between(
        "i.gross",
        None if query.gross_min is None else decimal_key(query.gross_min),
        None if query.gross_max is None else decimal_key(query.gross_max),
    )
    for each in tested:
        where.add(each.test.sql, *each.test.values)
    order = where.page(
        f"i.{query.sort.field}", after, value=_sort_value(query, after), descending=query.sort.descending
    )
    source = "invoices i"
    if few:
        # SQLite keeps the order of a CROSS JOIN: the few rows first, then each one's invoice.
        source = f"({few.rows.sql}) c CROSS JOIN invoices i ON i.row = c.row"
    values = few.rows.values if few else ()
    return Statement(
        f"SELECT i.id, i.summary FROM {source} WHERE {where} {order} LIMIT ?", (*values, *where.values, limit)
    )


def _sort_value(query: InvoiceQuery, after: Position | None) -> str:
    if after is None or after.value is None:
        return ""
    return decimal_key(Decimal(after.value)) if query.sort.field == "gross" else after.value
