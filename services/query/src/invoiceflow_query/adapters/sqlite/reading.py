"""Questions to the read model as SQL. Every value is a parameter; what is put into the text are names of columns.

A list of invoices can be made in two ways. ``walk_statement`` goes along the list's order and tests each invoice, which is
quick where many meet the conditions; ``few_statement`` takes all that meet one condition, tests and sorts them, which is quick
where few do. ``planning`` chooses. Which index serves is said (INDEXED BY), not left to SQLite, which keeps no statistics here:
a statement whose index is missing fails rather than read the whole table.
"""

# ruff: noqa: S608

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from invoiceflow_query.adapters.sqlite.writing import SPANS, day_key, days, finding_mark, moment_key
from invoiceflow_query.folding import decimal_key, number_key, vat_id_key, words
from invoiceflow_query.queries import InvoiceField, InvoiceQuery, Position

__all__ = [
    "LAST",
    "Condition",
    "Question",
    "Statement",
    "Value",
    "Where",
    "count_statement",
    "few_statement",
    "question",
    "walk_statement",
]

Value = str | int | bytes

LAST = "\U0010ffff"
_LEAST_INTEGER, _GREATEST_INTEGER = -(2**63), 2**63 - 1
_BEFORE_ANY_ID, _AFTER_ANY_ID = b"", b"\xff" * 17

_FIRST_AMOUNT = "0"
"""How the key of the lowest amount begins."""

_DATES = frozenset({"issue_date", "due_date"})


@dataclass(frozen=True)
class Statement:
    """SQL and its parameters."""

    sql: str
    values: tuple[Value, ...] = ()


@dataclass
class Where:
    """Conditions that all must be met, as they are gathered."""

    clauses: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)

    def add(self, clause: str, *values: Value) -> None:
        self.clauses.append(clause)
        self.values.extend(values)

    def equal(self, column: str, value: Value | None) -> None:
        if value is not None:
            self.add(f"{column} = ?", value)

    def between(self, column: str, low: Value | None, high: Value | None) -> None:
        if low is not None:
            self.add(f"{column} >= ?", low)
        if high is not None:
            self.add(f"{column} <= ?", high)

    def statement(self) -> Statement:
        return Statement(" AND ".join(self.clauses), tuple(self.values))


@dataclass(frozen=True)
class Condition:
    """What rows must meet, to be applied in the way that is faster: ``rows`` lists those that do, ``test`` tests one."""

    rows: Statement
    test: Statement
    parts: tuple[Statement, ...] = ()
    """The tests that this one stands for, where it takes several conditions together."""


@dataclass(frozen=True)
class Question:
    """An ``InvoiceQuery`` taken apart into what the statements are made of."""

    tenant: str
    field: InvoiceField
    descending: bool
    index: str
    """What a walk goes along where there are no facets."""
    equal: Statement
    """What is equal all along the walk, beside the tenant."""
    least: Statement | None
    greatest: Statement | None
    """Values between which the walk goes, as expressions; None where there is no end."""
    facets: Statement | None
    """Which facets, by the columns of ``invoice_facets``; None where all."""
    conditions: tuple[Condition, ...]
    """All others."""
    combined: tuple[Condition, ...]
    """Several of these taken together, which fewer rows may meet than any alone."""

    @property
    def tests(self) -> list[Statement]:
        """What all others come to, tested on one invoice."""
        together = {test for each in self.combined for test in each.parts}
        return [each.test for each in (*self.conditions, *self.combined) if each.test not in together]

    @property
    def near(self) -> Statement | None:
        """Where the walk begins."""
        return self.greatest if self.descending else self.least

    @property
    def far(self) -> Statement | None:
        """Where it ends."""
        return self.least if self.descending else self.greatest

    @property
    def of_facets(self) -> Condition | None:
        """The choice of facets as a condition like others."""
        if self.facets is None:
            return None
        return Condition(
            rows=Statement(
                f"SELECT i.row FROM invoice_facets f CROSS JOIN invoices i INDEXED BY invoices_of_facet_by_{self.field} "
                f"ON i.facet = f.facet WHERE {self.facets.sql}",
                self.facets.values,
            ),
            test=Statement(
                f"i.facet IN (SELECT f.facet FROM invoice_facets f WHERE {self.facets.sql})", self.facets.values
            ),
        )


@dataclass
class _Bounds:
    """Values that the order lies between, several on either side."""

    tenant: str
    order: InvoiceField
    least: list[Statement] = field(default_factory=list)
    greatest: list[Statement] = field(default_factory=list)

    def within(self, low: Value | None, high: Value | None) -> None:
        self.least += [Statement("?", (low,))] if low is not None else []
        self.greatest += [Statement("?", (high,))] if high is not None else []

    def within_span(self, filtered: str, low: Value | None, high: Value | None) -> None:
        """Narrow to where the invoices are whose ``filtered`` has a key from ``low`` to ``high``, where that goes with the order."""
        if self.order not in SPANS.get(filtered, ()):
            return
        where = Where()
        for column, value in (("tenant", self.tenant), ("filtered", filtered), ("sorted", self.order)):
            where.equal(column, value)
        where.between("key", low, high)
        found = where.statement()
        self.least.append(Statement(f"(SELECT min(least) FROM invoice_spans WHERE {found.sql})", found.values))
        self.greatest.append(Statement(f"(SELECT max(greatest) FROM invoice_spans WHERE {found.sql})", found.values))


def _innermost(function: str, bounds: list[Statement]) -> Statement | None:
    if len(bounds) < 2:
        return bounds[0] if bounds else None
    sql = ", ".join(each.sql for each in bounds)
    return Statement(f"{function}({sql})", tuple(value for each in bounds for value in each.values))


def question(tenant: str, query: InvoiceQuery) -> Question:
    """Take ``query`` apart."""
    order, equalities, ranges = query.sort.field, _equalities(query), _ranges(query)
    facets = _facets(tenant, query, ranges)
    index, equal, bounds = f"invoices_by_{order}", Where(), _Bounds(tenant, order)
    if "seller_vat_id" in equalities and order == "issue_date" and facets is None:
        # The one index in which the order follows another column.
        index = "invoices_by_seller_vat_id"
        equal.equal("i.seller_vat_id", equalities.pop("seller_vat_id"))
    if order in equalities:
        bounds.within(equalities[order], equalities.pop(order))
    if order in ranges:
        bounds.within(*ranges.pop(order))
    for column, value in equalities.items():
        bounds.within_span(column, value, value)
    for column, (low, high) in ranges.items():
        if column in _DATES:
            bounds.within_span(column, _span(low), _span(high))
    terms = _terms(query)
    for word in words(query.seller or ""):
        bounds.within_span("seller_words", word, word + LAST)
    return Question(
        tenant=tenant,
        field=order,
        descending=query.sort.descending,
        index=index,
        equal=equal.statement(),
        least=_innermost("max", bounds.least),
        greatest=_innermost("min", bounds.greatest),
        facets=facets,
        conditions=(
            *(_column_condition(tenant, column, value, value) for column, value in equalities.items()),
            *(_column_condition(tenant, column, low, high) for column, (low, high) in ranges.items()),
            *(_term_condition(tenant, [term]) for term in terms),
            *_findings(tenant, query),
        ),
        combined=(_term_condition(tenant, terms),) if len(terms) > 1 else (),
    )


def _span(day: Value | None) -> int | None:
    return days(day) if isinstance(day, int) else None


def _column_condition(tenant: str, column: str, low: Value | None, high: Value | None) -> Condition:
    where = Where()
    if low == high:
        where.equal(f"i.{column}", low)
    else:
        where.between(f"i.{column}", low, high)
    met = where.statement()
    return Condition(
        rows=Statement(
            f"SELECT i.row FROM invoices i INDEXED BY invoices_by_{column} WHERE i.tenant = ? AND {met.sql}",
            (tenant, *met.values),
        ),
        test=met,
    )


def _facets(tenant: str, query: InvoiceQuery, ranges: dict[str, tuple[Value | None, Value | None]]) -> Statement | None:
    where = Where()
    where.equal("f.type", query.type.value if query.type else None)
    where.equal("f.currency", query.currency)
    where.equal("f.needs_review", None if query.needs_review is None else int(query.needs_review))
    if not where.clauses:
        return None
    where.equal("f.tenant", tenant)
    for column, (low, high) in ranges.items():
        # Not those without any value in the range: credit notes, say, when it is about dates that they are due.
        span = Where()
        span.equal("tenant", tenant)
        span.equal("filtered", "facet")
        span.equal("sorted", column)
        # With the plus, the integer is compared as it is, so that the index of the keys serves.
        span.add("key = +f.facet")
        if low is not None:
            span.add("greatest >= ?", low)
        if high is not None:
            span.add("least <= ?", high)
        found = span.statement()
        where.add(f"EXISTS (SELECT 1 FROM invoice_spans WHERE {found.sql})", *found.values)
    return where.statement()


def _equalities(query: InvoiceQuery) -> dict[str, str]:
    asked = {
        "number": None if query.number is None else number_key(query.number) or "",
        "seller_vat_id": None if query.seller_vat_id is None else vat_id_key(query.seller_vat_id) or "",
    }
    return {column: value for column, value in asked.items() if value is not None}


def _ranges(query: InvoiceQuery) -> dict[str, tuple[Value | None, Value | None]]:
    """Return between which values each column is to be. What has no value, which stands below every value, is in no range."""
    days_asked = {
        "issue_date": (query.issue_date_from, query.issue_date_to),
        "due_date": (query.due_date_from, query.due_date_to),
    }
    asked: dict[str, tuple[Value | None, Value | None]] = {
        column: (day_key(low or date.min), day_key(high) if high else None)
        for column, (low, high) in days_asked.items()
        if low or high
    }
    low, high = query.gross_min, query.gross_max
    if low is not None or high is not None:
        asked["gross"] = (
            _FIRST_AMOUNT if low is None else decimal_key(low),
            None if high is None else decimal_key(high),
        )
    return asked


def _terms(query: InvoiceQuery) -> list[tuple[str, str]]:
    """Return the words that are asked for, each with the column that is to have a word that begins so."""
    asked = {"words": query.q, "seller_words": query.seller, "buyer_words": query.buyer}
    return [(column, word) for column, text in asked.items() if text is not None for word in sorted(set(words(text)))]


def _term_condition(tenant: str, terms: Sequence[tuple[str, str]]) -> Condition:
    match = " AND ".join([f'tenant : "{tenant}"', *(f'{column} : "{word}" *' for column, word in terms)])
    return Condition(
        rows=Statement("SELECT rowid AS row FROM invoice_terms WHERE invoice_terms MATCH ?", (match,)),
        test=_term_test(terms),
        parts=tuple(_term_test([term]) for term in terms) if len(terms) > 1 else (),
    )


def _term_test(terms: Sequence[tuple[str, str]]) -> Statement:
    found = " AND ".join(f"instr(w.{column}, ?) > 0" for column, _ in terms)
    return Statement(
        f"EXISTS (SELECT 1 FROM invoice_words w WHERE w.row = i.row AND {found})",
        tuple(f" {word}" for _, word in terms),
    )


def _findings(tenant: str, query: InvoiceQuery) -> list[Condition]:
    if query.finding is None and query.severity is None:
        return []
    key = (tenant, finding_mark(query.finding, query.severity))
    return [
        Condition(
            rows=Statement("SELECT row FROM invoice_findings WHERE tenant = ? AND mark = ?", key),
            test=Statement(
                "EXISTS (SELECT 1 FROM invoice_findings f WHERE f.tenant = ? AND f.mark = ? AND f.row = i.row)", key
            ),
        )
    ]


def walk_statement(asked: Question, after: Position | None, limit: int) -> Statement:
    """Return the SELECT of the summaries of one page, by a walk in the list's order. The conditions are tested on the way."""
    if asked.facets is not None:
        return _page(_merge(asked, asked.facets, after, limit))
    where = Where()
    where.equal("i.tenant", asked.tenant)
    if asked.equal.sql:
        where.add(asked.equal.sql, *asked.equal.values)
    _begin(where, asked, after)
    _end(where, asked)
    for test in asked.tests:
        where.add(test.sql, *test.values)
    found = where.statement()
    return _page(
        Statement(
            f"SELECT i.row FROM invoices i INDEXED BY {asked.index} WHERE {found.sql} {_order(asked)} LIMIT ?",
            (*found.values, limit),
        )
    )


def _begin(where: Where, asked: Question, after: Position | None) -> None:
    """Begin where the page before ended, which is no earlier than where the list begins.

    Only one of the two is said: SQLite goes along the index from one value, and would test the other on each entry.
    """
    near, column = asked.near, f"i.{asked.field}"
    beyond = "<" if asked.descending else ">"
    if after is not None:
        where.add(f"({column}, i.id) {beyond} (?, ?)", _position_key(asked.field, after.value), after.id.bytes)
    elif near is not None:
        where.add(f"{column} {beyond}= {near.sql}", *near.values)


def _end(where: Where, asked: Question) -> None:
    if asked.far is not None:
        where.add(f"i.{asked.field} {'>=' if asked.descending else '<='} {asked.far.sql}", *asked.far.values)


def _merge(asked: Question, facets: Statement, after: Position | None, limit: int) -> Statement:
    """Return the SELECT of the rows of one page out of several facets.

    A page's worth is looked for in the largest facet alone. Where it ends, no page can go beyond, so that of
    the other facets only what stands before that is read: few rows, since they are the smaller ones.
    """
    column, index = f"i.{asked.field}", f"invoices_of_facet_by_{asked.field}"
    begin, end, tests = Where(), Where(), Where()
    _begin(begin, asked, after)
    _end(end, asked)
    for test in asked.tests:
        tests.add(test.sql, *test.values)
    first, largest = _all(begin, tests), _all(begin, end, tests)
    last_value = asked.far or Statement("?", (_extreme(asked),))
    last_id = _BEFORE_ANY_ID if asked.descending else _AFTER_ANY_ID
    return Statement(
        f"WITH chosen AS MATERIALIZED (SELECT f.facet, f.invoices FROM invoice_facets f WHERE {facets.sql}), "
        "enough (value, id) AS MATERIALIZED (SELECT * FROM ("
        f"SELECT {column}, i.id FROM invoices i INDEXED BY {index} "
        "WHERE i.facet = (SELECT facet FROM chosen ORDER BY invoices DESC LIMIT 1)"
        f"{largest.sql} {_order(asked)} LIMIT 1 OFFSET ?) UNION ALL SELECT {last_value.sql}, ? LIMIT 1) "
        f"SELECT i.row FROM enough e CROSS JOIN chosen c CROSS JOIN invoices i INDEXED BY {index} "
        f"ON i.facet = c.facet AND ({column}, i.id) {'>=' if asked.descending else '<='} (e.value, e.id)"
        f"{first.sql} {_order(asked)} LIMIT ?",
        (*facets.values, *largest.values, limit - 1, *last_value.values, last_id, *first.values, limit),
    )


def _all(*wheres: Where) -> Statement:
    """Return the conditions, each with an AND before it."""
    clauses = [f" AND {clause}" for where in wheres for clause in where.clauses]
    return Statement("".join(clauses), tuple(value for where in wheres for value in where.values))


def _extreme(asked: Question) -> Value:
    """Return what no value of the list's order goes beyond."""
    if asked.field in _DATES or asked.field == "extracted_at":
        return _LEAST_INTEGER if asked.descending else _GREATEST_INTEGER
    return "" if asked.descending else LAST


def few_statement(asked: Question, few: Condition, after: Position | None, limit: int) -> Statement:
    """Return the SELECT of the summaries of one page, by sorting all rows of ``few`` that meet the other conditions."""
    where = Where()
    where.equal("i.tenant", asked.tenant)
    if asked.equal.sql:
        where.add(asked.equal.sql, *asked.equal.values)
    _begin(where, asked, after)
    _end(where, asked)
    of_facets = asked.of_facets
    for test in (*([of_facets.test] if of_facets else []), *asked.tests):
        if test != few.test:
            where.add(test.sql, *test.values)
    found = where.statement()
    return _page(
        Statement(
            # SQLite keeps the order of a CROSS JOIN: the few rows first, then each one's invoice.
            f"SELECT i.row FROM ({few.rows.sql}) c CROSS JOIN invoices i ON i.row = c.row "
            f"WHERE {found.sql} {_order(asked)} LIMIT ?",
            (*few.rows.values, *found.values, limit),
        )
    )


def _page(rows: Statement) -> Statement:
    """Return the SELECT of the summaries of ``rows`` as one text, a line for each; no summary has a line break in it.

    One row, so that the thread that reads waits once for Python's lock, and not for each invoice. ``group_concat`` makes SQLite
    keep the order of what it goes over.
    """
    return Statement(
        f"SELECT group_concat(s.summary, char(10)) FROM ({rows.sql}) p CROSS JOIN invoice_summaries s ON s.row = p.row",
        rows.values,
    )


def _order(asked: Question) -> str:
    direction = "DESC" if asked.descending else "ASC"
    return f"ORDER BY i.{asked.field} {direction}, i.id {direction}"


def _position_key(sort_field: InvoiceField, value: str | None) -> Value:
    """Return the value of a position as it stands in the column."""
    match sort_field:
        case "issue_date" | "due_date":
            return day_key(date.fromisoformat(value)) if value else 0
        case "gross":
            return decimal_key(Decimal(value)) if value else ""
        case "extracted_at":
            return moment_key(datetime.fromisoformat(value)) if value else 0
    return value or ""


def count_statement(rows: Statement, most: int) -> Statement:
    """Return the SELECT of how many ``rows`` there are, or ``most`` where there are more."""
    return Statement(f"SELECT count(*) FROM ({rows.sql} LIMIT ?)", (*rows.values, most))
