"""That no list of invoices reads more than it must, whatever is asked: each filter and each order has its index."""

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, get_args

import pytest

from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.adapters.sqlite.planning import _fetch, _within, lines
from invoiceflow_query.adapters.sqlite.reading import (
    Question,
    Statement,
    count_statement,
    few_statement,
    question,
    walk_statement,
)
from invoiceflow_query.adapters.sqlite.reading_documents import (
    document_question,
    few_documents_statement,
    walk_documents_statement,
)
from invoiceflow_query.folding import number_key, vat_id_key, words
from invoiceflow_query.parameters import (
    DocumentListParameters,
    DocumentSort,
    InvoiceFilters,
    InvoiceListParameters,
    InvoiceSort,
)
from invoiceflow_query.projection import change_of
from invoiceflow_query.queries import InvoiceQuery, Position, Sort, invoice_position
from invoiceflow_query.records import InvoiceSummary
from invoiceflow_query.testing import document, extracted, invoice, uploaded

SORTS = get_args(InvoiceSort)

ASKED: dict[str, Any] = {
    "q": "steel bolts",
    "seller": "acme",
    "buyer": "works",
    "seller_vat_id": "DE129273398",
    "number": "2024-0117",
    "type": "credit_note",
    "currency": "EUR",
    "issue_date_from": "2024-01-01",
    "issue_date_to": "2024-12-31",
    "since": "2024-01-01",
    "until": "2024-12-31",
    "due_date_from": "2024-01-01",
    "due_date_to": "2024-12-31",
    "gross_min": "100",
    "gross_max": "200",
    "needs_review": "true",
    "finding": "BR-CO-15",
    "severity": "error",
}
"""Something to ask of every filter."""

COMBINED: list[dict[str, Any]] = [
    {},
    {"currency": "EUR", "needs_review": "true"},
    {"type": "credit_note", "due_date_from": "2024-01-01"},
    {"since": "2024-01-01", "until": "2024-01-31", "gross_min": "100"},
    {"seller_vat_id": "DE129273398", "since": "2024-01-01"},
    {"seller_vat_id": "DE129273398", "needs_review": "true"},
    {"q": "steel", "currency": "EUR", "finding": "BR-CO-15"},
    {name: value for name, value in ASKED.items() if name not in {"number", "seller_vat_id"}},
]

POSITIONS = {
    "issue_date": "2024-01-17",
    "due_date": "2024-01-17",
    "gross": "119.00",
    "number": "2024-0117",
    "seller": "acme gmbh",
    "extracted_at": "2024-01-17T00:00:00.000000Z",
}

SMALL = {"c", "e", "p", "chosen", "CONSTANT"}
"""What may be gone through from end to end: the facets chosen, the end of a page, the page, rows known to be few."""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A store with some thousand invoices of one tenant and some of others."""
    file = tmp_path_factory.mktemp("plans") / "db.sqlite"
    asyncio.run(_fill(SqliteReadModel(file)))
    connection = sqlite3.connect(file)
    yield connection
    connection.close()


async def _fill(model: SqliteReadModel) -> None:
    rng = Random(7)
    sellers = [f"{name} {form}" for name in ("Acme", "Łódź", "Müller & Söhne", "Zander") for form in ("GmbH", "Ltd")]
    await model.open()
    changes = []
    for number in range(1500):
        issued = date(2022, 1, 1) + timedelta(days=number // 3)
        which = min(rng.randrange(20), len(sellers) - 1)
        tenant = "default" if number % 11 else "other"
        event = extracted(
            document(str(number)),
            number * 60,
            tenant=tenant,
            of=invoice(
                number=f"R-{number % 700}" if number % 50 else None,
                issue_date=issued if number % 40 else None,
                due_date=issued + timedelta(days=rng.choice([7, 14, 30])) if number % 7 else None,
                seller=sellers[which] if number % 60 else None,
                buyer=rng.choice(["Widget Works Ltd", "Harbour Mill"]),
                gross=str(Decimal(rng.randrange(-5_000, 200_000)) / 100) if number % 30 else None,
                currency=rng.choice(["EUR", "EUR", "EUR", "GBP", "CHF"]) if number % 45 else None,
                vat_id=f"DE12927339{which}" if number % 25 else None,
                description=rng.choice(["Steel bolts M8", "Copper pipe", "Steel sheet"]),
            ).model_copy(update={"type": rng.choices(list(InvoiceType), weights=[20, 3, 1, 1, 1, 1, 1, 1])[0]}),
            findings=(("BR-CO-15", "error"),) if rng.random() < 0.1 else (("IF-7", "info"),) * (number % 2),
            needs_review=rng.random() < 0.1,
        )
        changes += [(tenant, uploaded(event.document_id, number * 60 - 5, tenant=tenant)), (tenant, event)]
    await asyncio.gather(*(model.apply(tenant, change_of(event, f"e{n}")) for n, (tenant, event) in enumerate(changes)))
    await model.close()


def plan(connection: sqlite3.Connection, statement: Statement) -> list[str]:
    return [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {statement.sql}", statement.values)]


def fetched(connection: sqlite3.Connection, statement: Statement) -> list[str]:
    return lines(_fetch(connection, statement))


def assert_reads_by_index(steps: list[str]) -> None:
    for step in steps:
        if step.startswith("SCAN ") and "VIRTUAL TABLE INDEX" not in step:
            assert step.split()[1].strip("()") in SMALL or step.startswith("SCAN (subquery-"), steps
        assert "AUTOMATIC" not in step, steps
    # FTS5 gives its whole table where no MATCH narrows it: plan 0.
    assert not any(re.search(r"VIRTUAL TABLE INDEX 0:$", step) for step in steps), steps


def asked_in(parameters: dict[str, Any], sort: str) -> Question:
    return question("default", InvoiceListParameters(**parameters, sort=sort).query())


def test_every_filter_is_asked() -> None:
    assert set(ASKED) == set(InvoiceFilters.model_fields) - {"sort"}


def test_every_order_has_a_position() -> None:
    assert {sort.removeprefix("-") for sort in SORTS} == set(POSITIONS)


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("parameters", [*({name: value} for name, value in ASKED.items()), *COMBINED], ids=str)
def test_a_page_is_a_walk_along_the_index_of_its_order(
    connection: sqlite3.Connection, parameters: dict[str, Any], sort: str
) -> None:
    asked, field = asked_in(parameters, sort), sort.removeprefix("-")
    for after in (None, Position(value=POSITIONS[field], id=document("d")), Position(value=None, id=document("d"))):
        steps = plan(connection, walk_statement(asked, after, 51))
        assert_reads_by_index(steps)
        walks = [step for step in steps if step.startswith("SEARCH i ")]
        beyond = f"({field},id){'<' if sort.startswith('-') else '>'}(?,?)"
        if asked.facets is None:
            leading = field == "issue_date" and "seller_vat_id" in parameters
            index = "invoices_by_seller_vat_id" if leading else f"invoices_by_{field}"
            assert len(walks) == 1
            assert not any("TEMP B-TREE" in step for step in steps)
        else:
            # A page's worth of the largest facet, then that of the others as far as that reaches.
            index = f"invoices_of_facet_by_{field}"
            assert len(walks) == 2
            assert sum("TEMP B-TREE" in step for step in steps) == 2
            assert f"({field},id)" in walks[1]
        for walk in walks:
            assert re.search(rf"INDEX {index} \((tenant|facet)=\?", walk), walk
            # It begins at the position and does not pass over what was on the pages before.
            assert after is None or beyond in walk, walk


@pytest.mark.parametrize("sort", ["-issue_date", "gross"])
@pytest.mark.parametrize("parameters", [*({name: value} for name, value in ASKED.items()), ASKED], ids=str)
def test_what_meets_a_condition_is_counted_and_found_by_its_index(
    connection: sqlite3.Connection, parameters: dict[str, Any], sort: str
) -> None:
    asked = asked_in(parameters, sort)
    walked = {
        "issue_date": {"issue_date_from", "issue_date_to", "since", "until", "seller_vat_id"},
        "gross": {"gross_min", "gross_max"},
    }
    conditions = [each for each in (*asked.conditions, *asked.combined, asked.of_facets) if each]
    assert conditions or set(parameters) <= walked[sort.removeprefix("-")]
    for each in conditions:
        assert_reads_by_index(plan(connection, count_statement(each.rows, 5000)))
        steps = plan(connection, few_statement(asked, each, None, 51))
        assert_reads_by_index(steps)
        assert "SEARCH i USING INTEGER PRIMARY KEY (rowid=?)" in steps


@pytest.mark.parametrize(
    ("parameters", "sort", "column"),
    [
        ({"since": "2024-01-01"}, "due_date", "due_date>?"),
        ({"until": "2024-01-01"}, "-extracted_at", "extracted_at<?"),
        ({"due_date_from": "2024-01-01"}, "issue_date", "issue_date>?"),
        ({"seller_vat_id": "DE1"}, "seller", "seller>? AND seller<?"),
        ({"seller": "zander"}, "-seller", "seller>? AND seller<?"),
    ],
)
def test_a_filter_that_goes_together_with_the_order_says_where_to_begin(
    connection: sqlite3.Connection, parameters: dict[str, Any], sort: str, column: str
) -> None:
    steps = plan(connection, walk_statement(asked_in(parameters, sort), None, 51))
    assert any(step.startswith("SEARCH i ") and column in step for step in steps), steps
    assert any(
        "SEARCH invoice_spans USING PRIMARY KEY (tenant=? AND filtered=? AND sorted=? AND key" in step for step in steps
    )


def test_a_walk_that_is_short_is_never_given_up_however_often_it_is_made(connection: sqlite3.Connection) -> None:
    walk = walk_statement(asked_in({"gross_max": "1000"}, "-issue_date"), None, 51)
    assert all(_within(connection, walk, 20_000) for _ in range(100))
    assert _within(connection, walk, 8) is None


def meets(query: InvoiceQuery, summary: InvoiceSummary, found_by: dict[str, set[str]]) -> bool:
    """Whether somebody who looks at the invoice would say that it is one of those asked for."""

    def within(value: Any, low: Any, high: Any) -> bool:
        return (low is None and high is None) or (
            value is not None and (low is None or value >= low) and (high is None or value <= high)
        )

    asked_words = (("words", query.q), ("seller_words", query.seller), ("buyer_words", query.buyer))
    return (
        all(
            any(word.startswith(start) for word in found_by[of])
            for of, text in asked_words
            for start in words(text or "")
        )
        and query.seller_vat_id in {None, vat_id_key(summary.seller.vat_id)}
        and (query.number is None or number_key(query.number) == number_key(summary.number))
        and query.type in {None, summary.type}
        and query.currency in {None, summary.currency}
        and query.needs_review in {None, summary.needs_review}
        and within(summary.issue_date, query.issue_date_from, query.issue_date_to)
        and within(summary.due_date, query.due_date_from, query.due_date_to)
        and within(summary.gross, query.gross_min, query.gross_max)
        and (
            (query.finding is None and query.severity is None)
            or any(
                query.finding in {None, each.rule} and query.severity in {None, each.severity}
                for each in summary.findings
            )
        )
    )


def questions(rng: Random, summaries: list[InvoiceSummary]) -> Iterator[InvoiceQuery]:
    """Yield questions whose every part some invoice meets."""
    while True:
        one, other = rng.choice(summaries), rng.choice(summaries)
        parts: dict[str, Any] = {
            "q": rng.choice(["steel", "pip", "bolts acme", "m", "119"]),
            "seller": rng.choice(["acm", "lodz", "gmbh", "sohne zander", "muller gmbh"]),
            "buyer": rng.choice(["mill", "w"]),
            "seller_vat_id": one.seller.vat_id,
            "number": one.number,
            "type": one.type,
            "currency": one.currency,
            "issue_date_from": one.issue_date,
            "issue_date_to": other.issue_date,
            "due_date_from": one.due_date,
            "due_date_to": other.due_date,
            "gross_min": one.gross,
            "gross_max": other.gross,
            "needs_review": rng.random() < 0.5,
            "finding": rng.choice(["BR-CO-15", "IF-7"]),
            "severity": rng.choice(["error", "info"]),
        }
        asked = {name: parts[name] for name in rng.sample(sorted(parts), rng.choice([0, 1, 1, 2, 2, 3, 4]))}
        sort = rng.choice(SORTS)
        yield InvoiceQuery(**asked, sort=Sort(field=sort.removeprefix("-"), descending=sort.startswith("-")))


def test_every_way_to_make_a_list_gives_what_was_asked_for(connection: sqlite3.Connection) -> None:
    rng = Random(11)
    rows = connection.execute(
        "SELECT summary, words, seller_words, buyer_words FROM invoice_words JOIN invoice_summaries USING (row) "
        "WHERE tenant = 'default'"
    ).fetchall()
    summaries = {text: InvoiceSummary.model_validate_json(text) for text, *_ in rows}
    found_by = {
        text: dict(zip(("words", "seller_words", "buyer_words"), (set(each.split()) for each in texts), strict=True))
        for text, *texts in rows
    }
    answered = 0
    for query, _ in zip(questions(rng, list(summaries.values())), range(200), strict=False):
        asked = question("default", query)
        texts = fetched(connection, walk_statement(asked, None, 9999))
        assert set(texts) == {text for text, each in summaries.items() if meets(query, each, found_by[text])}, query
        begins: list[tuple[Position | None, int]] = [(None, 0)]
        if texts:
            answered += 1
            place = rng.randrange(len(texts))
            begins.append((invoice_position(summaries[texts[place]], query.sort.field), place + 1))
        for (after, begin), limit in ((begin, limit) for begin in begins for limit in (1, 51)):
            page = texts[begin : begin + limit]
            assert fetched(connection, walk_statement(asked, after, limit)) == page, query
            for each in (*asked.conditions, *asked.combined, asked.of_facets):
                assert each is None or fetched(connection, few_statement(asked, each, after, limit)) == page, query
    assert answered > 100


DOCUMENTS_ASKED: dict[str, Any] = {
    "status": "failed",
    "stage": "ocr",
    "filename": "2024",
    "since": "2024-01-01",
    "until": "2024-12-31",
}


def test_every_filter_of_documents_is_asked() -> None:
    assert set(DOCUMENTS_ASKED) == set(DocumentListParameters.model_fields) - {"sort", "limit", "cursor"}


@pytest.mark.parametrize("sort", get_args(DocumentSort))
@pytest.mark.parametrize(
    "parameters", [{}, *({name: value} for name, value in DOCUMENTS_ASKED.items()), DOCUMENTS_ASKED], ids=str
)
def test_a_page_of_documents_is_a_walk_or_a_few_by_an_index(
    connection: sqlite3.Connection, parameters: dict[str, Any], sort: str
) -> None:
    asked = document_question("default", DocumentListParameters(**parameters, sort=sort).query())
    field = sort.removeprefix("-")
    for after in (None, Position(value="2024", id=document("d"))):
        steps = plan(connection, walk_documents_statement(asked, after, 51))
        assert len(steps) == 1
        assert re.match(r"SEARCH i USING INDEX documents_by_\w+ \(tenant=\?", steps[0])
        assert after is None or f"({field},id){'<' if sort.startswith('-') else '>'}(?,?)" in steps[0]
        for each in asked.conditions:
            assert_reads_by_index(plan(connection, count_statement(each.rows, 5000)))
            steps = plan(connection, few_documents_statement(asked, each, after, 51))
            assert_reads_by_index(steps)
            assert "SEARCH i USING INTEGER PRIMARY KEY (rowid=?)" in steps


@pytest.mark.parametrize("sort", get_args(DocumentSort))
def test_documents_are_found_the_same_in_every_way(connection: sqlite3.Connection, sort: str) -> None:
    for parameters in (
        {"status": "extracted", "stage": "extract", "filename": "2024"},
        {"status": "received"},
        {"stage": "extract", "since": "2026-03-02T20:00:00", "until": "2026-03-03"},
    ):
        asked = document_question("default", DocumentListParameters(**parameters, sort=sort).query())  # type: ignore[arg-type]
        found = _fetch(connection, walk_documents_statement(asked, None, 9999))
        assert bool(found) == (parameters != {"status": "received"})
        for each in asked.conditions:
            assert _fetch(connection, few_documents_statement(asked, each, None, 9999)) == found
