"""What an e-invoice says beyond the document: only what the document's other fields leave no choice of."""

from decimal import Decimal

import pytest

from invoiceflow_contracts.invoice import (
    AllowanceCharge,
    Identifier,
    Invoice,
    InvoiceLine,
    InvoiceType,
    ItemAttribute,
    Party,
    Payment,
    TaxBreakdown,
    Totals,
)
from invoiceflow_query.einvoice import NotPossibleError, Syntax, completed, violations, write
from invoiceflow_query.einvoice.code_lists import code_list
from invoiceflow_query.einvoice.prices import stated
from invoiceflow_query.einvoice.units import unit_code


def of(*lines: InvoiceLine, **fields: object) -> Invoice:
    return completed(Invoice.model_validate({"lines": lines, **fields}))


def test_lines_without_an_id_are_numbered_by_their_position() -> None:
    assert [line.id for line in of(InvoiceLine(), InvoiceLine(id="A"), InvoiceLine()).lines] == ["1", "A", "3"]


def test_sums_that_are_not_printed_are_added_up() -> None:
    line = InvoiceLine(net=Decimal(100), tax_rate=Decimal(19))
    charge = AllowanceCharge(is_charge=True, amount=Decimal(10), tax_rate=Decimal(19))
    totals = of(line, line, allowances_charges=(charge,), totals={"prepaid": Decimal(50)}).totals
    assert totals == Totals(
        lines_net=Decimal(200),
        charges=Decimal(10),
        net=Decimal(210),
        tax=Decimal("39.90"),
        gross=Decimal("249.90"),
        prepaid=Decimal(50),
        payable=Decimal("199.90"),
    )


def test_a_sum_with_a_missing_part_is_not_added_up() -> None:
    assert of(InvoiceLine(net=Decimal(100)), InvoiceLine()).totals.lines_net is None


def test_what_is_printed_stays_though_it_is_wrong() -> None:
    assert of(InvoiceLine(net=Decimal(100)), totals={"lines_net": Decimal(99)}).totals.lines_net == 99


@pytest.mark.parametrize(
    ("rate", "rows", "category"),
    [
        ("19", (), "S"),
        ("0", (), None),
        ("0", (("E", "0"),), "E"),
        ("0", (("E", "0"), ("Z", "0")), None),
        (None, (("AE", "0"),), "AE"),
        (None, (("S", "19"), ("S", "7")), None),
    ],
)
def test_a_lines_category_is_told_where_its_rate_leaves_no_choice(
    rate: str | None, rows: tuple[tuple[str, str], ...], category: str | None
) -> None:
    line = InvoiceLine(net=Decimal(1), tax_rate=Decimal(rate) if rate else None)
    taxes = tuple(TaxBreakdown(category=code, rate=Decimal(each)) for code, each in rows)
    assert of(line, taxes=taxes).lines[0].tax_category == category


def test_a_missing_breakdown_is_made_of_the_lines() -> None:
    high, low = (InvoiceLine(net=Decimal(100), tax_rate=Decimal(rate)) for rate in (19, 7))
    assert [(row.rate, row.basis, row.amount) for row in of(high, low, high).taxes] == [
        (Decimal(19), Decimal(200), Decimal("38.00")),
        (Decimal(7), Decimal(100), Decimal("7.00")),
    ]


def test_reverse_charge_has_its_reason_by_definition_and_an_exemption_has_none() -> None:
    taxes = (TaxBreakdown(category="AE", rate=Decimal(0)), TaxBreakdown(category="E", rate=Decimal(0)))
    assert [row.exemption_reason_code for row in of(taxes=taxes).taxes] == ["VATEX-EU-AE", None]


def test_a_price_below_zero_gives_its_sign_to_the_quantity() -> None:
    line = of(InvoiceLine(quantity=Decimal(2), unit_price=Decimal(-5), net=Decimal(-10))).lines[0]
    assert (line.quantity, line.unit_price, line.net) == (-2, 5, -10)


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        (None, "C62"),
        ("C62", "C62"),
        ("Stk.", "C62"),
        ("stk", "C62"),
        ("STK", "STK"),
        ("Std.", "HUR"),
        ("h", "HUR"),
        ("kg", "KGM"),
        ("KGM", "KGM"),
        ("m²", "MTK"),
        ("flask", "ZZ"),
    ],
)
def test_a_printed_unit_becomes_its_code(unit: str | None, code: str) -> None:
    assert unit_code(unit) == code
    assert code in code_list("unit")


@pytest.mark.parametrize(
    ("payment", "means", "words"),
    [
        (Payment(), None, None),
        (Payment(means="58", iban="DE1"), "58", None),
        (Payment(means="Überweisung", iban="DE1"), "30", "Überweisung"),
        (Payment(reference="RF18"), "1", None),
    ],
)
def test_the_means_of_payment_are_a_code(payment: Payment, means: str | None, words: str | None) -> None:
    completed_payment = of(payment=payment).payment
    assert (completed_payment.means, completed_payment.means_text) == (means, words)


def test_a_lines_discount_is_an_allowance_and_a_surcharge_a_charge() -> None:
    off, on = of(InvoiceLine(discount=Decimal(3)), InvoiceLine(discount=Decimal(-4))).lines
    assert [(each.is_charge, each.amount, each.reason_code) for each in off.allowances_charges] == [(False, 3, "95")]
    assert [(each.is_charge, each.amount, each.reason_code) for each in on.allowances_charges] == [(True, 4, "ABK")]


def test_an_allowance_of_which_only_the_total_is_known_is_one_where_all_is_taxed_alike() -> None:
    rows = [TaxBreakdown(rate=Decimal(rate), category="S") for rate in (19, 7)]
    line, totals = InvoiceLine(net=Decimal(100)), {"allowances": Decimal(10), "charges": Decimal(0)}
    (allowance,) = of(line, taxes=rows[:1], totals=totals).allowances_charges
    assert (allowance.is_charge, allowance.amount, allowance.tax_rate, allowance.reason_code) == (False, 10, 19, "95")
    assert of(line, taxes=rows, totals=totals).allowances_charges == ()
    known = AllowanceCharge(is_charge=False, amount=Decimal(3))
    assert len(of(line, taxes=rows[:1], totals=totals, allowances_charges=(known,)).allowances_charges) == 1


def test_what_xml_cannot_carry_is_left_out_and_what_is_left_empty_with_it() -> None:
    invoice = of(
        InvoiceLine(description="\x00 ", attributes=(ItemAttribute(name="Colour", value="\x1f"),)),
        number="A\x0c1 ",
        notes=("\x02", "kept"),
        note_subject_codes=("AAI", "AAJ"),
        seller=Party(identifiers=(Identifier(value=" "), Identifier(value="7"))),
    )
    assert (invoice.number, invoice.notes, invoice.note_subject_codes) == ("A1", ("kept",), ("AAJ",))
    assert (invoice.lines[0].description, invoice.lines[0].attributes) == (None, ())
    assert invoice.seller.identifiers == (Identifier(value="7"),)


@pytest.mark.parametrize("price", ["3.3333333333", "0.0125", "10"])
def test_a_price_for_several_comes_out_as_it_was(price: str) -> None:
    line = InvoiceLine(price_base_quantity=Decimal(3))
    of_three = stated(line, Decimal(price))
    assert of_three is not None
    assert abs(of_three / 3 - Decimal(price)) < Decimal("1e-10")
    assert len(str(of_three)) <= 10


def test_a_base_quantity_in_another_unit_divides_nothing() -> None:
    line = InvoiceLine(unit="H87", price_base_quantity=Decimal(100), price_base_unit="KGM")
    assert stated(line, Decimal("1.5")) == Decimal("1.5")


@pytest.mark.parametrize("kind", [InvoiceType.RECEIPT, InvoiceType.REMINDER])
def test_what_is_no_invoice_becomes_none(kind: InvoiceType) -> None:
    assert "BR-CL-01" in {each.rule for each in violations(of(type=kind))}


def test_completing_twice_changes_nothing() -> None:
    once = of(InvoiceLine(description="x", discount=Decimal(1), unit="Stk"), taxes=({"rate": Decimal(19)},))
    assert completed(once) == once


def test_the_refusal_names_every_rule_once() -> None:
    with pytest.raises(NotPossibleError, match="BR-02, BR-03, BR-05") as refusal:
        write(Invoice(lines=(InvoiceLine(), InvoiceLine())), Syntax.UBL)
    assert [each.rule for each in refusal.value.violations].count("BR-22") == 2
    assert str(refusal.value).count("BR-22") == 1
