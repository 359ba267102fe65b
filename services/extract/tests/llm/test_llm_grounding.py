"""Whether a value stands where a model says: every type, and what looks alike but is not there."""

from collections.abc import Sequence

import pytest
from grids import layout_of

from invoiceflow_contracts.extraction import Verdict
from invoiceflow_extract.llm.answers import Read, parse, read_answer
from invoiceflow_extract.llm.excerpt import Excerpt, Pages, read_pages
from invoiceflow_extract.llm.schema import FIELDS, ROWS

PAGE = """
Nordwind Handel GmbH          Hafenweg 4, Tor B
VAT DE 136 695 976            24103 Kiel, Germany
IBAN DE89 3704 0044 0532 0130 00

Invoice RE-2024/117           03/04/2024
Due 31 March 2024
Total 1.234,50 EUR            -20,00
19 % VAT                      (197.10)
Harbour crane rent, with
operator and fuel             1 200,00
Shipping                      $ 34.50
1191 items                    119
"""


@pytest.fixture(scope="module")
def pages() -> Pages:
    return read_pages(layout_of(PAGE))


def shown(pages: Pages) -> Excerpt:
    return pages.header(100_000)


def line(pages: Pages, part: str) -> str:
    """Return the id of the line that holds ``part``."""
    (found,) = [name for name, row in shown(pages).rows.items() if part in row.text]
    return found


def said(pages: Pages, pointer: str, value: str, lines: Sequence[str]) -> Read:
    answer: dict[str, object] = {"value": value, "lines": list(lines)}
    for part in reversed(pointer.removeprefix("/").split("/")):
        answer = {part: answer}
    return read_answer(answer, {pointer}, shown(pages), pages.seen)


@pytest.mark.parametrize(
    ("pointer", "value", "at", "printed"),
    [
        ("/number", "RE-2024/117", "Invoice RE", "RE-2024/117"),
        ("/number", "RE 2024 117", "Invoice RE", "RE-2024/117"),
        ("/seller/name", "Nordwind Handel GmbH", "Nordwind", "Nordwind Handel GmbH"),
        ("/seller/name", "NORDWIND HANDEL GMBH", "Nordwind", "Nordwind Handel GmbH"),
        ("/seller/vat_id", "DE136695976", "VAT DE", "DE 136 695 976"),
        ("/payment/iban", "DE89370400440532013000", "IBAN", "DE89 3704 0044 0532 0130 00"),
        ("/seller/address/postcode", "24103", "24103", "24103"),
        ("/seller/address/city", "Kiel", "24103", "Kiel,"),
        ("/seller/address/country", "DE", "24103", "Germany"),
        ("/issue_date", "2024-04-03", "Invoice RE", "03/04/2024"),
        ("/issue_date", "2024-03-04", "Invoice RE", "03/04/2024"),
        ("/due_date", "2024-03-31", "Due", "31 March 2024"),
        ("/totals/gross", "1234.50", "Total", "1.234,50 EUR"),
        ("/totals/gross", "1234.5", "Total", "1.234,50 EUR"),
        ("/totals/allowances", "20.00", "Total", "-20,00"),
        ("/totals/tax", "-197.10", "19 %", "(197.10)"),
        ("/totals/net", "1200.00", "operator", "1 200,00"),
        ("/totals/charges", "34.50", "Shipping", "$ 34.50"),
        ("/currency", "EUR", "Total", "EUR"),
        ("/currency", "CAD", "Shipping", "$"),
    ],
)
def test_a_value_stands_where_it_is_printed(pages: Pages, pointer: str, value: str, at: str, printed: str) -> None:
    read = said(pages, pointer, value, [line(pages, at)])
    assert read.record[pointer].verdict is Verdict.ADDED
    assert read.fields[pointer].place.text == printed


@pytest.mark.parametrize(
    ("pointer", "value", "at"),
    [
        ("/number", "RE-2024/118", "Invoice RE"),
        ("/number", "E-2024/117", "Invoice RE"),  # a part of a word
        ("/number", "RE-2024/11", "Invoice RE"),
        ("/number", "117 RE-2024", "Invoice RE"),  # in another order
        ("/seller/name", "Nordwind GmbH", "Nordwind"),  # with a word left out
        ("/seller/name", "Nordwind Handel AG", "Nordwind"),
        ("/seller/name", "Nordwind Handel GmbH Hafenweg 4", "Nordwind"),  # from two columns
        ("/seller/vat_id", "DE136695977", "VAT DE"),
        ("/payment/iban", "DE89370400440532013001", "IBAN"),
        ("/seller/address/country", "FR", "24103"),
        ("/seller/address/country", "AT", "24103"),
        ("/issue_date", "2024-04-04", "Invoice RE"),
        ("/due_date", "2024-04-30", "Due"),
        ("/totals/gross", "1234.51", "Total"),
        ("/totals/gross", "234.50", "Total"),  # the end of a number
        ("/totals/gross", "1234", "Total"),  # the beginning of one
        ("/totals/gross", "-1234.50", "Total"),  # another sign
        ("/totals/gross", "20.00", "Total"),  # another sign, and not of the kind that is printed with a minus
        ("/totals/tax", "119.1", "1191"),
        ("/totals/tax", "191", "1191"),
        ("/currency", "USD", "Total"),
        ("/currency", "SEK", "Shipping"),
    ],
)
def test_what_only_looks_like_it_does_not_stand_there(pages: Pages, pointer: str, value: str, at: str) -> None:
    read = said(pages, pointer, value, [line(pages, at)])
    assert read.fields == {}
    assert read.record[pointer].verdict is Verdict.UNGROUNDED
    assert read.record[pointer].value == value


@pytest.mark.parametrize("lines", [[], ["9.99"], ["total"], ["1.1"]])
def test_a_value_in_no_line_or_another_line_does_not_count(pages: Pages, lines: list[str]) -> None:
    assert said(pages, "/totals/gross", "1234.50", lines).record["/totals/gross"].verdict is Verdict.UNGROUNDED


def test_a_line_that_was_not_shown_does_not_count(pages: Pages) -> None:
    at = line(pages, "Total")
    few = Excerpt({name: row for name, row in shown(pages).rows.items() if name != at})
    read = read_answer({"totals": {"gross": {"value": "1234.50", "lines": [at]}}}, {"/totals/gross"}, few, pages.seen)
    assert read.record["/totals/gross"].verdict is Verdict.UNGROUNDED


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/totals/gross", "1.234,50"),
        ("/totals/gross", "1234.50 EUR"),
        ("/totals/gross", "NaN"),
        ("/totals/gross", "1e3"),
        ("/totals/gross", "9" * 40),
        ("/issue_date", "03/04/2024"),
        ("/issue_date", "20240403"),
        ("/issue_date", "2024-13-40"),
        ("/seller/name", "—"),
        ("/seller/name", "N" * 5000),
    ],
)
def test_what_is_no_value_of_its_field_is_invalid(pages: Pages, pointer: str, value: str) -> None:
    record = said(pages, pointer, value, list(shown(pages).rows)).record[pointer]
    assert record.verdict is Verdict.INVALID
    assert len(record.value or "") <= 200


def test_a_description_may_go_on_in_the_next_line(pages: Pages) -> None:
    lines = [line(pages, "Harbour"), line(pages, "operator")]
    row = {"description": {"value": "Harbour crane rent, with operator and fuel", "lines": lines}}
    read = read_answer({"lines": [row]}, {"/lines"}, pages.items(100_000), pages.seen)
    found = read.rows["/lines"][0]["description"].place
    assert found.text == "Harbour crane rent, with operator and fuel"
    assert found.box.y1 - found.box.y0 > 0.02, "around both lines"


def test_words_picked_from_a_line_are_no_description(pages: Pages) -> None:
    row = {"description": {"value": "Harbour with fuel", "lines": [line(pages, "Harbour"), line(pages, "operator")]}}
    assert read_answer({"lines": [row]}, {"/lines"}, pages.items(100_000), pages.seen).rows == {}


def test_an_item_that_is_said_twice_is_there_once(pages: Pages) -> None:
    at = line(pages, "Shipping")
    row = {"description": {"value": "Shipping", "lines": [at]}, "net": {"value": "34.50", "lines": [at]}}
    read = read_answer({"lines": [row, row]}, {"/lines"}, pages.items(100_000), pages.seen)
    assert len(read.rows["/lines"]) == 1
    assert read.record["/lines/1/net"].verdict is Verdict.UNGROUNDED


@pytest.mark.parametrize(
    "answer",
    [
        {"totals": None},
        {"totals": []},
        {"totals": {"gross": []}},
        {"totals": {"gross": {"value": None, "lines": None}}},
        {"totals": {"gross": {"value": {"a": 1}, "lines": {}}}},
        {"totals": {"gross": {"value": True, "lines": ["1.1"]}}},
        {"lines": {"description": 1}},
        {"lines": [None, 1, "x", [], {"net": {"value": [], "lines": [None]}}]},
        {"taxes": "none"},
        {"other": {"value": "1", "lines": ["1.1"]}},
    ],
)
def test_an_answer_of_any_shape_says_nothing_rather_than_failing(pages: Pages, answer: dict[str, object]) -> None:
    read = read_answer(answer, FIELDS | ROWS.keys(), shown(pages), pages.seen)
    assert (read.fields, read.rows) == ({}, {})


def test_what_was_not_asked_for_is_not_looked_at(pages: Pages) -> None:
    answer = {"number": {"value": "RE-2024/117", "lines": [line(pages, "Invoice RE")]}}
    assert read_answer(answer, {"/totals/gross"}, shown(pages), pages.seen).fields == {}


@pytest.mark.parametrize("text", ['{"a": 1}', '```json\n{"a": 1}\n```', '  {"a": 1}\n'])
def test_json_is_found_in_a_fence(text: str) -> None:
    assert parse(text) == {"a": 1}


@pytest.mark.parametrize("text", ["", "no", "[1]", '{"a": 1', "null", '{"a": 1} and more'])
def test_what_is_no_json_object_is_none(text: str) -> None:
    assert parse(text) is None
