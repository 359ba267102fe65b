"""Every question that the API takes has its declared index in MongoDB, shown by the equality-sort-range rule."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import combinations
from typing import Any, get_args

import pytest
from bson import Decimal128
from pymongo.errors import OperationFailure

from invoiceflow_contracts.extraction import Severity
from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_query.adapters.mongodb import MongoReadModel
from invoiceflow_query.adapters.mongodb.filters import document_filter, invoice_filter, sort_order
from invoiceflow_query.adapters.mongodb.indexes import (
    ARRAYS,
    DOCUMENT_INDEXES,
    INVOICE_INDEXES,
    Index,
    Shape,
    leads,
    shape_of,
    walk,
)
from invoiceflow_query.adapters.mongodb.schema import SCHEMA_VERSION, Collections
from invoiceflow_query.projection import change_of
from invoiceflow_query.queries import DocumentField, DocumentQuery, InvoiceField, InvoiceQuery, Position, Sort
from invoiceflow_query.testing import document, extracted, uploaded

SAMPLES: dict[str, Any] = {
    "q": "steel bolts",
    "seller": "acme",
    "buyer": "widget works",
    "seller_vat_id": "DE129273398",
    "number": "2024-0117",
    "type": InvoiceType.CREDIT_NOTE,
    "currency": "EUR",
    "issue_date_from": date(2024, 1, 1),
    "issue_date_to": date(2024, 12, 31),
    "due_date_from": date(2024, 1, 1),
    "due_date_to": date(2024, 12, 31),
    "gross_min": Decimal("1.50"),
    "gross_max": Decimal(1000),
    "needs_review": False,
    "finding": "BR-CO-15",
    "severity": Severity.ERROR,
    "status": "failed",
    "stage": "ocr",
    "filename": "invoice-2024",
    "received_from": datetime(2024, 1, 1, tzinfo=UTC),
    "received_to": datetime(2024, 12, 31, tzinfo=UTC),
}
"""A value for each filter. One that is new has none here, and the tests say so."""

VALUES = {"gross": "119.00", None: None}


def queries(kind: Any, fields: Any) -> Iterator[tuple[Any, Position | None]]:
    """Every filter alone and every two together, in each order and direction, from the beginning and from within."""
    filters = [name for name in kind.model_fields if name != "sort"]
    for count in (0, 1, 2):
        for names in combinations(filters, count):
            for field in get_args(fields):
                for descending in (False, True):
                    query = kind(
                        **{name: SAMPLES[name] for name in names}, sort=Sort(field=field, descending=descending)
                    )
                    for value in (VALUES.get(field, "2024-01-17"), None):
                        yield query, Position(value=value, id=document("anywhere"))
                    yield query, None


CASES = {
    "invoices": (InvoiceQuery, InvoiceField, invoice_filter, INVOICE_INDEXES),
    "documents": (DocumentQuery, DocumentField, document_filter, DOCUMENT_INDEXES),
}


def shapes(case: str) -> dict[Shape, Any]:
    kind, fields, filter_of, _ = CASES[case]
    return {
        shape_of(
            filter_of("default", query, after), sort_order(query.sort.field, descending=query.sort.descending)
        ): query
        for query, after in queries(kind, fields)
    }


@pytest.mark.parametrize("case", CASES)
def test_every_page_is_a_walk_along_an_index_that_tells_what_to_fetch(case: str) -> None:
    indexes = CASES[case][3]
    found = shapes(case)
    assert len(found) >= 50
    assert [query for shape, query in found.items() if walk(shape, indexes) is None] == []


@pytest.mark.parametrize("case", CASES)
def test_every_condition_has_an_index_that_leads_to_the_few_that_meet_it(case: str) -> None:
    indexes = CASES[case][3]
    for shape in shapes(case):
        assert leads(shape, indexes).keys() == (shape.equal | shape.ranges) - {"tenant"}


@pytest.mark.parametrize("case", CASES)
def test_no_index_is_without_a_question(case: str) -> None:
    indexes = CASES[case][3]
    used: set[Index] = {("tenant", "status", "_id")} if case == "documents" else set()  # of unfinished documents
    for shape in shapes(case):
        used |= set(leads(shape, indexes).values())
        if served := walk(shape, indexes):
            used.add(served)
    assert set(indexes) - used == set()


def test_the_unfinished_documents_are_a_walk_along_an_index() -> None:
    asked = {"tenant": "default", "status": {"$in": ["received", "processing"]}, "_id": {"$gt": "default/x"}}
    assert walk(shape_of(asked, [("_id", 1)]), DOCUMENT_INDEXES) == ("tenant", "status", "_id")


@pytest.mark.parametrize(
    ("equal", "ranges", "sort", "served"),
    [
        ({"tenant"}, set(), "a", ("tenant", "a", "b")),
        ({"tenant", "b"}, set(), "a", ("tenant", "a", "b")),
        ({"tenant", "c"}, set(), "a", ("tenant", "c", "a")),
        ({"tenant"}, {"b"}, "a", ("tenant", "a", "b")),
        # A range before the sort breaks its order, and what is not in the index would have to be fetched.
        ({"tenant"}, {"c"}, "a", None),
        ({"tenant", "b", "c"}, set(), "a", None),
        (set(), set(), "a", None),
        ({"tenant"}, set(), "b", None),
    ],
)
def test_the_rule(equal: set[str], ranges: set[str], sort: str, served: Index | None) -> None:
    indexes = (("tenant", "a", "b"), ("tenant", "c", "a"))
    assert walk(Shape(frozenset(equal), frozenset(ranges), sort), indexes) == served


def test_an_alternative_is_nothing_that_an_index_is_known_to_serve() -> None:
    with pytest.raises(ValueError, match=r"\$or"):
        shape_of({"$or": [{"a": 1}]}, [("a", 1)])
    with pytest.raises(ValueError, match=r"\$ne"):
        shape_of({"a": {"$ne": None}}, [("a", 1)])


@pytest.mark.parametrize("indexes", [INVOICE_INDEXES, DOCUMENT_INDEXES])
def test_a_real_server_takes_the_indexes(indexes: tuple[Index, ...]) -> None:
    assert len(set(indexes)) == len(indexes) <= 64
    assert all(len(index) <= 32 and len(set(index)) == len(index) for index in indexes)
    # Two arrays in one index are refused as soon as a document has both.
    assert all(len(ARRAYS & set(index)) <= 1 for index in indexes)


def test_a_change_of_the_indexes_is_a_new_version_of_the_schema() -> None:
    digest = hashlib.sha256(repr((DOCUMENT_INDEXES, INVOICE_INDEXES)).encode()).hexdigest()[:16]
    # Declared otherwise, a database that has been migrated lacks them: raise SCHEMA_VERSION, add a step, then this.
    assert (SCHEMA_VERSION, digest) == (1, "fc18c3bf79d512c7")


@pytest.mark.engine
@pytest.mark.parametrize("case", CASES)
async def test_the_server_itself_walks_without_sorting(mongodb_uri: str, case: str) -> None:
    """Needs a real MongoDB: the plan of every question has neither a scan of the collection nor a sort."""
    kind, fields, filter_of, indexes = CASES[case]
    model = MongoReadModel(mongodb_uri, f"plans-{case}")
    await model.migrate(print)
    await model.open()
    try:
        for number in range(30):
            name = document(str(number))
            await model.apply("default", change_of(uploaded(name), f"u{number}"))
            await model.apply("default", change_of(extracted(name, findings=(("IF-1", "error"),)), f"e{number}"))
        collection = getattr(Collections.of(model._database, 1), case)
        try:
            await collection.find({}).explain()
        except OperationFailure:
            pytest.skip("the server that MONGO_IMAGE names has no explain, so its plans are shown by the rule alone")
        seen: set[Shape] = set()
        for query, after in queries(kind, fields):
            asked, order = (
                filter_of("default", query, after),
                sort_order(query.sort.field, descending=query.sort.descending),
            )
            shape = shape_of(asked, order)
            if shape in seen or not (served := walk(shape, indexes)):
                continue
            seen.add(shape)
            hint = [(field, 1) for field in served]
            stages = list(stages_of((await collection.find(asked).sort(order).hint(hint).explain())["queryPlanner"]))
            assert {"SORT", "COLLSCAN"} & set(stages) == set(), query
            assert "IXSCAN" in stages
    finally:
        await model.close()


def stages_of(plan: Any) -> Iterator[str]:
    if isinstance(plan, dict):
        if "stage" in plan:
            yield plan["stage"]
        for name, each in plan.items():
            if name != "rejectedPlans":
                yield from stages_of(each)
    elif isinstance(plan, list):
        for each in plan:
            yield from stages_of(each)


def test_amounts_compare_as_numbers_where_they_are_not_sorted_by() -> None:
    asked = invoice_filter("default", InvoiceQuery(gross_min=Decimal("1.50")))
    assert asked["summary.gross"] == {"$gte": Decimal128("1.50")}
