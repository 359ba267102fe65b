from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

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
