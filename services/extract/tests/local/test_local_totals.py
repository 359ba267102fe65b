from decimal import Decimal

import pytest
from grids import layout_of
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_extract.local import read_layout
from invoiceflow_extract.local.totals import Candidate, assign

amounts = st.integers(min_value=100, max_value=10**8).map(lambda number: Decimal(number) / 100)
rates = st.sampled_from([Decimal(rate) for rate in ("5", "7", "10", "19", "20", "21", "25.5")])


def candidate(role: str, value: Decimal, weight: float = 0.7) -> Candidate:
    return Candidate(role, value, weight, object())


@given(
    net=amounts, rate=rates, decoys=st.lists(st.tuples(st.sampled_from(["net", "tax", "gross"]), amounts), max_size=5)
)
def test_the_amounts_that_close_are_found_among_decoys(
    net: Decimal, rate: Decimal, decoys: list[tuple[str, Decimal]]
) -> None:
    tax = (net * rate / 100).quantize(Decimal("0.01"))
    gross = net + tax
    candidates = [candidate(role, value, 0.75) for role, value in decoys]
    candidates += [candidate("net", net), candidate("tax", tax), candidate("gross", gross)]
    best = assign(candidates, rates=[rate])
    found = {role: best.value(role) for role in ("net", "tax", "gross")}
    assert None not in found.values()
    assert abs(found["net"] + found["tax"] - found["gross"]) <= Decimal("0.02")  # type: ignore[operator]
    assert {"net", "gross"} <= best.proved


def test_what_is_paid_already_leads_from_the_gross_to_the_payable_amount() -> None:
    best = assign(
        [
            candidate("net", Decimal("100.00")),
            candidate("tax", Decimal("19.00")),
            candidate("gross", Decimal("119.00")),
            candidate("payable", Decimal("69.00")),
            candidate("prepaid", Decimal("-50.00")),
        ]
    )
    assert best.value("payable") == Decimal("69.00")
    assert best.value("prepaid") == Decimal("-50.00")
    assert {"payable", "prepaid"} <= best.proved


def test_a_discount_leads_from_the_sum_of_the_lines_to_the_net_total() -> None:
    subtotal = object()
    best = assign(
        [
            Candidate("lines_net", Decimal("200.00"), 0.85, subtotal),
            Candidate("net", Decimal("200.00"), 0.75, subtotal),
            candidate("allowances", Decimal("-20.00"), 0.9),
            candidate("net", Decimal("180.00"), 0.6),
            candidate("tax", Decimal("36.00"), 1.0),
            candidate("gross", Decimal("216.00"), 0.85),
        ]
    )
    assert best.value("lines_net") == Decimal("200.00")
    assert best.value("net") == Decimal("180.00")
    assert best.value("gross") == Decimal("216.00")


def test_one_printed_amount_is_not_taken_for_net_and_tax() -> None:
    amount = object()
    best = assign([Candidate("net", Decimal("50.00"), 0.5, amount), Candidate("tax", Decimal("50.00"), 0.5, amount)])
    assert len(best.chosen) == 1


def test_amounts_that_do_not_close_are_not_called_proved() -> None:
    best = assign([candidate("net", Decimal("100.00")), candidate("gross", Decimal("125.00"))], rates=[Decimal(19)])
    assert not best.proved


SUMS = """
     Invoice number: 2024/17

     Description                Qty     Unit price       Amount
     Oak table                    2         150.00       300.00
     Chair                        4          45.50       182.00

                                        Subtotal        £{net}
                                        VAT 20%         £{tax}
                                        Total           £{gross}
                                        Balance due     £{payable}
"""
RIGHT = {"net": "482.00", "tax": "96.40", "gross": "578.40", "payable": "578.40"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"gross": "678.40", "payable": "678.40"},
        {"gross": "678.40"},
        {"tax": "69.40"},
        {"net": "472.00"},
        {"payable": "587.40"},
    ],
    ids=["gross and payable", "gross", "tax", "net", "payable"],
)
def test_a_total_that_is_wrong_on_the_page_is_reported_as_printed_and_less_sure(wrong: dict[str, str]) -> None:
    sure = read_layout(layout_of(SUMS.format(**RIGHT))).evidence
    reading = read_layout(layout_of(SUMS.format(**RIGHT | wrong)))
    totals = reading.invoice.totals
    printed = {role: str(getattr(totals, role)) for role in RIGHT}
    assert printed == RIGHT | wrong
    for role in wrong:
        pointer = f"/totals/{role}"
        assert reading.evidence[pointer].confidence < sure[pointer].confidence, role


def test_a_sum_printed_with_its_tax_is_no_net_total_that_contradicts_it() -> None:
    totals = read_layout(
        layout_of("""
     Receipt 4711

     Subtotal                       120.00
     Total                          120.00
     VAT included                    20.00
""")
    ).invoice.totals
    assert totals.gross == Decimal("120.00")
    assert totals.net != Decimal("120.00") or totals.tax is None


def test_an_amount_due_that_the_page_does_not_explain_is_reported_as_printed() -> None:
    totals = read_layout(
        layout_of("""
     Facture FA-17

                                        Total HT          624,90
                                        TVA 5,5%           34,37
                                        Total TTC         659,27
                                        Solde à payer     458,27
""")
    ).invoice.totals
    assert (totals.gross, totals.payable) == (Decimal("659.27"), Decimal("458.27"))


def test_of_two_amounts_to_pay_that_nothing_proves_the_lower_on_the_page_is_due() -> None:
    totals = read_layout(
        layout_of("""
     Invoice no. 17

                                        Total with tax    659.27
                                        Total to pay      641.15
                                        Total due         458.27
""")
    ).invoice.totals
    assert totals.payable == Decimal("458.27")
