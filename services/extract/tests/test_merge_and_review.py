"""Joining readings, and what follows for a person's attention."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_contracts.extraction import Evidence, Finding, Method, Severity
from invoiceflow_contracts.invoice import Address, Invoice, InvoiceLine, InvoiceType, Party, Totals
from invoiceflow_extract.merge import REQUIRED, fill
from invoiceflow_extract.reading import Reading
from invoiceflow_extract.review import confidence, key_fields, needs_review


def said(method: Method, sureness: float = 1.0) -> Evidence:
    return Evidence(method=method, text="as printed", confidence=sureness)


def reading(invoice: Invoice, method: Method, *pointers: str, sureness: float = 1.0) -> Reading:
    return Reading(invoice, dict.fromkeys(pointers, said(method, sureness)))


XML = reading(
    Invoice(number="7", currency="EUR", seller=Party(name="Nordwind")),
    Method.E_INVOICE,
    "/number",
    "/currency",
    "/seller/name",
    "/type",
)
PAGE = reading(
    Invoice(
        number="8",
        type=InvoiceType.CREDIT_NOTE,
        issue_date=date(2024, 3, 1),
        seller=Party(name="Südwind", address=Address(city="Kiel")),
        lines=(InvoiceLine(net=Decimal(1)),),
    ),
    Method.LOCAL,
    "/number",
    "/type",
    "/issue_date",
    "/seller/name",
    "/seller/address/city",
    "/lines/0/net",
)


def test_the_first_wins_and_the_second_fills_the_gaps_with_its_own_evidence() -> None:
    joined = fill(XML, PAGE)
    assert (joined.invoice.number, joined.invoice.seller.name) == ("7", "Nordwind")
    assert joined.invoice.type is InvoiceType.INVOICE, "said by the first, though it is also the default"
    assert (joined.invoice.issue_date, joined.invoice.seller.address.city) == (date(2024, 3, 1), "Kiel")
    assert [line.net for line in joined.invoice.lines] == [Decimal(1)]
    methods = {pointer: evidence.method for pointer, evidence in joined.evidence.items()}
    assert methods == {
        "/number": Method.E_INVOICE,
        "/type": Method.E_INVOICE,
        "/currency": Method.E_INVOICE,
        "/seller/name": Method.E_INVOICE,
        "/issue_date": Method.LOCAL,
        "/seller/address/city": Method.LOCAL,
        "/lines/0/net": Method.LOCAL,
    }


def test_only_what_is_wanted_is_filled() -> None:
    joined = fill(XML, PAGE, wanted=REQUIRED.__contains__)
    assert joined.invoice.issue_date == date(2024, 3, 1)
    assert joined.invoice.lines == ()
    assert joined.invoice.seller.address.city is None
    assert "/lines/0/net" not in joined.evidence


def test_lines_of_two_readers_do_not_mix() -> None:
    mine = reading(Invoice(lines=(InvoiceLine(id="a"),)), Method.E_INVOICE, "/lines/0/id")
    assert fill(mine, PAGE).invoice.lines == (InvoiceLine(id="a"),)
    assert "/lines/0/net" not in fill(mine, PAGE).evidence


@pytest.mark.parametrize("one", [XML, PAGE, Reading()])
def test_nothing_added_changes_nothing(one: Reading) -> None:
    assert fill(one, Reading()) == one
    assert fill(Reading(), one) == one
    assert fill(one, one) == one


def key_reading(**sureness: float) -> Reading:
    pointers = {name.replace("_", "/"): value for name, value in sureness.items()}
    names = {
        "/number": pointers.get("number", 0.9),
        "/issue_date": pointers.get("date", 0.9),
        "/seller/name": pointers.get("seller", 0.9),
        "/currency": pointers.get("currency", 0.9),
        "/totals/gross": pointers.get("gross", 0.9),
    }
    evidence = {name: said(Method.LOCAL, value) for name, value in names.items()}
    return Reading(Invoice(totals=Totals(gross=Decimal(1))), evidence)


def test_confidence_is_that_of_the_least_certain_key_field() -> None:
    assert confidence(key_reading()) == 0.9
    assert confidence(key_reading(seller=0.4)) == 0.4
    assert confidence(Reading()) == 0.0


def test_the_amount_due_stands_in_for_the_total() -> None:
    one = Reading(Invoice(totals=Totals(payable=Decimal(1))))
    assert "/totals/payable" in key_fields(one)
    assert "/totals/gross" not in key_fields(one)


def test_a_receipt_needs_no_number() -> None:
    assert "/number" not in key_fields(Reading(Invoice(type=InvoiceType.RECEIPT)))


def finding(severity: Severity) -> Finding:
    return Finding(rule="BR-2", severity=severity, message="Said.")


@given(st.floats(0, 1), st.lists(st.sampled_from(Severity)), st.floats(0, 1))
def test_a_person_looks_at_errors_and_at_doubtful_values_only(
    sureness: float, severities: list[Severity], threshold: float
) -> None:
    expected = sureness < threshold or Severity.ERROR in severities
    assert needs_review(sureness, [finding(each) for each in severities], threshold) is expected
