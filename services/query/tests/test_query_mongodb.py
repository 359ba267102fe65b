"""What holds for the MongoDB store and can be seen without a server."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import bson
import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DocumentTooLarge,
    ExecutionTimeout,
    NotPrimaryError,
    OperationFailure,
    WriteError,
    WTimeoutError,
)

from invoiceflow_chassis.errors import TransientError, UnavailableError
from invoiceflow_query.adapters.mongodb import MongoReadModel
from invoiceflow_query.adapters.mongodb.documents import (
    document_fields,
    invoice_document,
    record_of,
    sort_key,
    state_of,
    summary_of,
)
from invoiceflow_query.adapters.mongodb.errors import translated
from invoiceflow_query.adapters.mongodb.filters import invoice_filter
from invoiceflow_query.adapters.mongodb.generations import Patience
from invoiceflow_query.folding import decimal_key
from invoiceflow_query.projection import change_of, merge
from invoiceflow_query.queries import InvoiceQuery, Position, Sort
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
        assert state_of(stored(document_fields(D, state))) == state


def operators(condition: Any) -> Iterator[str]:
    if isinstance(condition, dict):
        yield from (name for name in condition if name.startswith("$"))
        for each in condition.values():
            yield from operators(each)
    elif isinstance(condition, list):
        for each in condition:
            yield from operators(each)


def test_asks_only_what_every_server_answers() -> None:
    for value in ("1.50", None):
        query = QUERY.model_copy(update={"sort": Sort(field="gross", descending=True)})
        page = invoice_filter("default", query, Position(value=value, id=D))
        assert bson.encode(page)
        assert set(operators(page)) <= {"$and", "$gt", "$gte", "$lt", "$lte", "$regex"}


@pytest.mark.parametrize("descending", [False, True])
def test_a_page_is_one_range_of_the_keys(descending: bool) -> None:
    query = InvoiceQuery(
        issue_date_from=date(2024, 1, 1),
        issue_date_to=date(2024, 12, 31),
        sort=Sort(field="issue_date", descending=descending),
    )
    asked = invoice_filter("default", query, Position(value="2024-06-30", id=D))
    position = f"2024-06-30\x1f{D}"
    assert asked == {
        "tenant": "default",
        "keys.issue_date": (
            {"$gte": "2024-01-01\x1f", "$lt": position}
            if descending
            else {"$gte": "2024-01-01\x1f", "$lt": "2024-12-31 ", "$gt": position}
        ),
    }


def test_keys_sort_as_values_do_and_what_has_none_comes_first() -> None:
    ids = [document(name) for name in "ab"]
    values = [None, *map(decimal_key, map(Decimal, ("-5.5", "-5", "0", "5", "5.05", "50")))]
    keys = [sort_key(value, each) for value in values for each in sorted(ids, key=str)]
    assert keys == sorted(keys)
    assert sort_key("acme", ids[0]) < sort_key("acme gmbh", ids[1])


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


async def test_a_server_that_does_not_answer_is_waited_for() -> None:
    model = MongoReadModel("mongodb://127.0.0.1:1", "invoiceflow", patience=Patience(operation=0.05))
    with pytest.raises(UnavailableError, match="read_model_unavailable"):
        await model.open()
    with pytest.raises(UnavailableError, match="not open yet"):
        await model.ping()
    with pytest.raises(UnavailableError, match="not open yet"):
        await model.apply("default", change_of(uploaded(D), "u"))
    await model.close()


@pytest.mark.parametrize("code", [13, 18, 59])
def test_a_server_that_refuses_the_user_says_which_setting_to_look_at(code: int) -> None:
    with pytest.raises(UnavailableError, match=r"INVOICEFLOW_QUERY_MONGODB_URI") as raised, translated():
        raise OperationFailure("Authentication failed for secret", code)
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AutoReconnect("gone"), UnavailableError),
        (ExecutionTimeout("slow"), UnavailableError),
        (NotPrimaryError("elections"), UnavailableError),
        (OperationFailure("not authorized", 13), UnavailableError),
        (WTimeoutError("no majority"), UnavailableError),
        (BulkWriteError({"writeErrors": [], "writeConcernErrors": [{"code": 64}]}), UnavailableError),
        (BulkWriteError({"writeErrors": [{"index": 0, "code": 17419}]}), TransientError),
        (WriteError("too large", 17419), TransientError),
        (DocumentTooLarge("too large"), TransientError),
    ],
)
def test_what_is_wrong_with_the_server_is_waited_for_and_what_is_wrong_with_a_change_is_not(
    error: Exception, expected: type[TransientError]
) -> None:
    with pytest.raises(TransientError) as raised, translated():
        raise error
    assert type(raised.value) is expected
