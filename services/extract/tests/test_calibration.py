"""The engine's scores become chances: by signals that a person can follow, weighed by the table that is shipped."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from invoiceflow_contracts.extraction import Evidence, Method
from invoiceflow_contracts.invoice import Address, Invoice, InvoiceLine, Party, Payment, Totals
from invoiceflow_contracts.layout import Box, Engine, Layout, Line, Page, Word
from invoiceflow_extract.calibration import Calibration, Passing, shipped
from invoiceflow_extract.calibration.signals import FAMILIES, SIGNALS, family_of, signals
from invoiceflow_extract.calibration.sums import sums_of
from invoiceflow_extract.reading import Reading

BOX = Box(0.1, 0.1, 0.2, 0.2)


def shown(text: str, confidence: float = 0.8, method: Method = Method.LOCAL) -> Evidence:
    return Evidence(method=method, text=text, confidence=confidence, page=1, box=BOX)


def page(*texts: str, source: str = "text") -> Layout:
    lines = tuple(Line(words=tuple(Word(text=word, box=BOX) for word in text.split())) for text in texts)
    made = Page.model_validate({"number": 1, "width": 600, "height": 800, "source": source, "lines": lines})
    return Layout(engine=Engine(name="test", version="1"), pages=(made,))


def found(reading: Reading, layout: Layout, pointer: str) -> Mapping[str, float]:
    return {at: given for at, _, given in signals(reading, layout)}[pointer]


def totals(net: str, tax: str | None, gross: str, lines: tuple[str, ...] = ()) -> Invoice:
    return Invoice(
        totals=Totals(net=Decimal(net), tax=None if tax is None else Decimal(tax), gross=Decimal(gross)),
        lines=tuple(InvoiceLine(net=Decimal(line)) for line in lines),
    )


def test_amounts_prove_one_another_where_their_sums_close() -> None:
    sums = sums_of(totals("100.00", "19.00", "119.00", ("60.00", "40.00")))
    assert {"/totals/net", "/totals/tax", "/totals/gross", "/lines"} <= sums.proved
    assert sums.whole
    assert not sums.contradicted


def test_a_sum_that_does_not_close_speaks_against_its_amounts() -> None:
    sums = sums_of(totals("100.00", "19.00", "120.00", ("60.00", "30.00")))
    assert {"/totals/net", "/totals/gross", "/lines"} <= sums.contradicted
    assert not sums.whole


def test_a_missing_tax_is_a_sum_that_does_not_close() -> None:
    assert "/totals/gross" in sums_of(totals("100.00", None, "119.00")).contradicted
    assert not sums_of(totals("100.00", None, "100.00")).contradicted


def test_lines_after_a_discount_make_the_net_total_with_it() -> None:
    invoice = Invoice(totals=Totals(net=Decimal(90), allowances=Decimal(10)), lines=(InvoiceLine(net=Decimal(100)),))
    assert {"/lines", "/totals/net"} <= sums_of(invoice).proved


def test_check_digits_speak_for_an_account_and_against_it() -> None:
    for iban, signal in (("DE89370400440532013000", "checksum"), ("DE88370400440532013000", "checksum_fails")):
        reading = Reading(Invoice(payment=Payment(iban=iban)), {"/payment/iban": shown(iban)})
        given = found(reading, page(iban), "/payment/iban")
        assert given[signal] == 1.0
        assert len({"checksum", "checksum_fails"} & given.keys()) == 1


def test_a_total_above_which_nothing_is_printed_is_known_as_the_largest() -> None:
    reading = Reading(totals("100.00", "19.00", "119.00"), {"/totals/gross": shown("119.00")})
    assert found(reading, page("Net 100.00", "Total 119.00"), "/totals/gross")["largest"] == 1.0
    assert "largest" not in found(reading, page("Total 119.00", "Due 1.250,00"), "/totals/gross")


def test_a_name_is_known_by_its_legal_form_and_by_not_being_a_place() -> None:
    reading = Reading(
        Invoice(seller=Party(name="Nordwind GmbH"), buyer=Party(name="Paris", address=Address(city="Paris"))),
        {"/seller/name": shown("Nordwind GmbH"), "/buyer/name": shown("Paris")},
    )
    layout = page("Nordwind GmbH", "Paris", "Nordwind GmbH, Kiel")
    seller, buyer = found(reading, layout, "/seller/name"), found(reading, layout, "/buyer/name")
    assert (seller["legal_form"], seller["repeated"]) == (1.0, 1.0)
    assert "legal_form" not in buyer
    assert "repeated" not in buyer
    assert buyer["like_an_address"] == 1.0
    assert "like_an_address" not in seller


def test_values_of_a_recognised_page_are_told_apart() -> None:
    reading = Reading(Invoice(number="4711"), {"/number": shown("4711")})
    assert "recognised" not in found(reading, page("4711"), "/number")
    assert found(reading, page("4711", source="ocr"), "/number")["recognised"] == 1.0


TABLE = Calibration(
    constant=1.0,
    signals={"score": 1.0, "contradicted": -2.0},
    families={"number": 0.5},
    passing=(
        Passing(confidence=0.6, precision=0.95),
        Passing(confidence=0.9, precision=0.98),
        Passing(confidence=0.97, precision=0.995),
    ),
)


def test_a_confidence_is_the_sum_of_its_addends_as_a_chance() -> None:
    assert TABLE.addends("number", {"contradicted": 1.0}) == {"constant": 1.5, "contradicted": -2.0}
    assert TABLE.confidence("number", {"contradicted": 1.0}) == pytest.approx(0.378, abs=0.001)
    assert TABLE.confidence("other", {}) == pytest.approx(0.731, abs=0.001)


def test_nothing_read_from_a_page_is_beyond_doubt_or_impossible() -> None:
    assert TABLE.confidence("other", {"score": 50.0}) < 1
    assert TABLE.confidence("other", {"score": -50.0}) > 0


def test_only_the_local_engines_scores_are_calibrated() -> None:
    reading = Reading(
        Invoice(number="4711", currency="EUR"),
        {"/number": shown("4711"), "/currency": shown("EUR", 1.0, Method.E_INVOICE)},
    )
    applied = TABLE.apply(reading, page("4711 EUR"))
    assert applied.evidence["/currency"] == reading.evidence["/currency"]
    assert applied.evidence["/number"].confidence != reading.evidence["/number"].confidence
    assert applied.evidence["/number"].box == BOX
    assert applied.invoice == reading.invoice


@pytest.mark.parametrize(("target", "threshold"), [(0.9, 0.6), (0.95, 0.6), (0.96, 0.9), (0.98, 0.9), (0.99, 0.97)])
def test_what_passes_is_right_to_the_rate_that_is_asked_for(target: float, threshold: float) -> None:
    assert TABLE.threshold(target) == threshold


def test_no_page_passes_where_no_confidence_reaches_the_rate() -> None:
    assert TABLE.threshold(0.999) > 1


def test_the_shipped_table_weighs_every_signal_and_family_there_is() -> None:
    table = shipped()
    assert set(table.signals) == set(SIGNALS)
    assert set(table.families) <= {*FAMILIES.values(), "line", "tax", "other"}
    assert table.signals["score"] > 0
    assert table.signals["contradicted"] < 0


def test_the_shipped_table_asks_for_more_the_higher_the_target() -> None:
    rows = shipped().passing
    assert [row.confidence for row in rows] == sorted(row.confidence for row in rows)
    assert [row.precision for row in rows] == sorted(row.precision for row in rows)
    assert 0.5 < shipped().threshold(0.95) <= shipped().threshold(0.98) <= 1


def test_every_pointer_has_a_family() -> None:
    assert family_of("/lines/3/net") == "line"
    assert family_of("/taxes/0/amount") == "tax"
    assert family_of("/totals/gross") == "total"
    assert family_of("/seller/email") == "other"
