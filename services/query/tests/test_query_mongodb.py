"""What holds for the MongoDB store and can be seen without a server."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import bson
import pytest

from invoiceflow_chassis.errors import TransientError
from invoiceflow_query.adapters.mongodb import MongoReadModel
from invoiceflow_query.adapters.mongodb.documents import (
    document_fields,
    invoice_document,
    record_of,
    state_of,
    summary_of,
)
from invoiceflow_query.adapters.mongodb.filters import INVOICE_SORT_FIELDS, invoice_filter, page_filter
from invoiceflow_query.projection import change_of, merge
from invoiceflow_query.queries import InvoiceQuery, Position
from invoiceflow_query.records import summarise
from invoiceflow_query.testing import document, extracted, failed, invoice, progress, read, uploaded

D = document("d")

QUERY = InvoiceQuery(
    q="steel M.8",
    seller="acme",
    number="a 1",
    issue_date_from=date(2024, 1, 1),
    gross_min=Decimal("1.50"),
    needs_review=False,
    finding="BR-CO-15",
)


def stored(document: dict[str, Any]) -> dict[str, Any]:
    """What comes back from the server."""
    return bson.decode(bson.encode(document))


def test_an_invoice_comes_back_as_it_was_kept() -> None:
    event = extracted(D, of=invoice(gross="1234567890123456789012345.50"), findings=(("IF-1", "error"),))
    record = change_of(event, "e").invoice
    assert record
    kept = stored(invoice_document("default", record))
    assert record_of(kept) == record
    assert summary_of(kept, "a.pdf") == summarise(record).model_copy(update={"filename": "a.pdf"})


def test_amounts_are_numbers_to_whoever_reads_the_database() -> None:
    record = change_of(extracted(D), "e").invoice
    assert record
    kept = stored(invoice_document("default", record))
    assert kept["invoice"]["totals"]["gross"] == bson.Decimal128("119.00")
    assert kept["summary"]["gross"] == bson.Decimal128("119.00")


def test_a_state_comes_back_as_it_was_kept() -> None:
    state = change_of(uploaded(D, 0.000001), "u").state
    for event in (progress(D), read(D), extracted(D), failed(D)):
        state = merge(state, change_of(event, "e").state)
        assert state_of(stored(document_fields(state))) == state


def operators(condition: Any) -> Iterator[str]:
    if isinstance(condition, dict):
        yield from (name for name in condition if name.startswith("$"))
        for each in condition.values():
            yield from operators(each)
    elif isinstance(condition, list):
        for each in condition:
            yield from operators(each)


def test_asks_only_what_every_server_answers() -> None:
    field = INVOICE_SORT_FIELDS["gross"]
    for value in ("1.50", None):
        page = page_filter(
            invoice_filter("default", QUERY), field, Position(value=value, id=D), "default/x", descending=True
        )
        assert bson.encode(page)
        assert set(operators(page)) <= {"$and", "$or", "$gt", "$gte", "$lt", "$lte", "$ne", "$regex", "$elemMatch"}


def test_searches_by_prefix_so_that_an_index_serves() -> None:
    asked = invoice_filter("default", QUERY)
    assert asked["$and"] == [
        {"words": {"$regex": "^steel"}},
        {"words": {"$regex": "^m"}},
        {"words": {"$regex": "^8"}},
        {"seller_words": {"$regex": "^acme"}},
    ]


def test_false_is_a_filter_and_none_is_not() -> None:
    asked = invoice_filter("default", QUERY)
    assert asked["summary.needs_review"] is False
    assert "summary.currency" not in asked


async def test_a_server_that_does_not_answer_is_trouble_that_may_pass() -> None:
    model = MongoReadModel("mongodb://127.0.0.1:1", "invoiceflow", timeout=0.05)
    with pytest.raises(TransientError, match="read_model_unavailable"):
        await model.open()
    with pytest.raises(TransientError, match="read_model_unavailable"):
        await model.ping()
    await model.close()
