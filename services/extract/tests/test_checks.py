"""The checks are silent on an invoice that closes, and each broken rule is found by its name."""

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_contracts.invoice import (
    Address,
    AllowanceCharge,
    Identifier,
    Invoice,
    InvoiceLine,
    InvoiceType,
    Party,
    Payment,
    TaxBreakdown,
    Totals,
)
from invoiceflow_extract.checks import CHECKS, Origin, Subject, check
from invoiceflow_extract.checks.law import countries
from invoiceflow_extract.rules import RULES

D = Decimal

SOUND = Invoice(
    number="7",
    issue_date=date(2024, 3, 1),
    due_date=date(2024, 3, 31),
    period_start=date(2024, 2, 1),
    period_end=date(2024, 2, 29),
    currency="EUR",
    seller=Party(name="Nordwind", vat_id="DE136695976", address=Address(city="Kiel", country="DE")),
    buyer=Party(name="Bergblick", address=Address(city="Graz", country="AT")),
    payment=Payment(iban="DE89370400440532013000"),
    totals=Totals(
        lines_net=D(120),
        allowances=D(10),
        charges=D(5),
        net=D(115),
        tax=D("18.05"),
        gross=D("133.05"),
        prepaid=D(33),
        rounding=D("-0.05"),
        payable=D(100),
    ),
    taxes=(
        TaxBreakdown(category="S", rate=D(19), basis=D(95), amount=D("18.05")),
        TaxBreakdown(category="E", rate=D(0), basis=D(20), amount=D(0), exemption_reason="Books"),
    ),
    allowances_charges=(
        AllowanceCharge(is_charge=False, amount=D(10), reason="Loyalty", tax_category="S", tax_rate=D(19)),
        AllowanceCharge(is_charge=True, amount=D(5), reason="Freight", tax_category="S", tax_rate=D(19)),
    ),
    lines=(
        InvoiceLine(
            id="1",
            description="Gravel",
            quantity=D(250),
            unit="KGM",
            unit_price=D("0.42"),
            discount=D(5),
            net=D(100),
            tax_category="S",
            tax_rate=D(19),
        ),
        InvoiceLine(
            id="2",
            description="Book",
            quantity=D(2),
            unit="C62",
            unit_price=D(10),
            net=D(20),
            tax_category="E",
            tax_rate=D(0),
        ),
    ),
)


def rules(invoice: Invoice, origin: Origin = Origin.EN16931) -> set[str]:
    return {finding.rule for finding in check(Subject(invoice, origin))}


def found(rule: str, invoice: Invoice, origin: Origin = Origin.EN16931) -> Finding:
    (finding,) = [each for each in check(Subject(invoice, origin)) if each.rule == rule]
    return finding


def totals(**changes: Decimal | None) -> Invoice:
    return SOUND.model_copy(update={"totals": SOUND.totals.model_copy(update=changes)})


def but(**changes: object) -> Invoice:
    return SOUND.model_copy(update=changes)


def line_but(**changes: object) -> Invoice:
    return but(lines=(SOUND.lines[0], SOUND.lines[1].model_copy(update=changes)))


@pytest.mark.parametrize("origin", Origin)
def test_a_sound_invoice_has_no_findings(origin: Origin) -> None:
    assert check(Subject(SOUND, origin)) == ()


@pytest.mark.parametrize(
    ("rule", "invoice"),
    [
        ("BR-2", but(number=None)),
        ("BR-3", but(issue_date=None)),
        ("BR-5", but(currency=None)),
        ("BR-6", but(seller=Party(address=Address(country="DE")))),
        ("BR-7", but(buyer=Party(address=Address(country="AT")))),
        ("BR-9", but(seller=Party(name="Nordwind"))),
        ("BR-11", but(buyer=Party(name="Bergblick"))),
        ("BR-12", totals(lines_net=None)),
        ("BR-13", totals(net=None)),
        ("BR-14", totals(gross=None)),
        ("BR-15", totals(payable=None)),
        ("BR-16", but(lines=())),
        ("BR-CO-18", but(taxes=())),
        ("BR-CO-10", totals(lines_net=D("120.01"), net=D("115.01"), gross=D("133.06"), rounding=D("-0.06"))),
        ("BR-CO-11", totals(allowances=D(11), net=D(114), gross=D("132.05"), prepaid=D(32))),
        ("BR-CO-12", totals(charges=D(6), net=D(116), gross=D("134.05"), prepaid=D(34))),
        ("BR-CO-13", totals(net=D("115.01"))),
        ("BR-CO-14", totals(tax=D("18.06"))),
        ("BR-CO-15", totals(gross=D("133.06"))),
        ("BR-CO-16", totals(payable=D("100.01"))),
        ("BR-29", but(period_end=date(2024, 1, 31))),
        ("IF-DUE-DATE", but(due_date=date(2024, 2, 29))),
        ("BR-CL-04", but(currency="EURO")),
        ("IF-VAT-ID", but(seller=SOUND.seller.model_copy(update={"vat_id": "DE136695977"}))),
        ("IF-VAT-ID", but(seller=SOUND.seller.model_copy(update={"vat_id": "136695976"}))),
        ("IF-IBAN", but(payment=Payment(iban="DE89370400440532013001"))),
        ("IF-IBAN", but(payment=Payment(iban="DE8937040044053201300"))),
        ("IF-TAX-BASIS", but(taxes=(SOUND.taxes[0], SOUND.taxes[1].model_copy(update={"basis": D(21)})))),
        ("BR-CO-17", but(taxes=(SOUND.taxes[0].model_copy(update={"rate": D(18)}), SOUND.taxes[1]))),
        ("BR-E-10", but(taxes=(SOUND.taxes[0], SOUND.taxes[1].model_copy(update={"exemption_reason": None})))),
        ("BR-E-9", but(taxes=(SOUND.taxes[0], SOUND.taxes[1].model_copy(update={"amount": D(3)})))),
        ("BR-17", but(payee=Party())),
        ("BR-18", but(tax_representative=Party(vat_id="DE136695976", address=Address(country="DE")))),
        ("BR-20", but(tax_representative=Party(name="Agent", vat_id="DE136695976"))),
        ("BR-56", but(tax_representative=Party(name="Agent", address=Address(country="DE")))),
        ("BR-CO-9", but(buyer=SOUND.buyer.model_copy(update={"vat_id": "136695976"}))),
        ("BR-CO-26", but(seller=SOUND.seller.model_copy(update={"vat_id": None}))),
        ("BR-CO-25", but(due_date=None)),
        ("BR-61", but(payment=Payment(means="58"))),
        ("BR-21", line_but(id=None)),
        ("BR-22", line_but(quantity=None)),
        ("BR-23", line_but(unit=None)),
        ("BR-24", line_but(net=None)),
        ("BR-25", line_but(description=None)),
        ("BR-26", line_but(unit_price=None)),
        ("BR-27", line_but(unit_price=D(-10), quantity=D(-2))),
        ("BR-28", line_but(gross_price=D(-10))),
        ("BR-30", line_but(period_start=date(2024, 3, 2), period_end=date(2024, 3, 1))),
        ("BR-CO-4", line_but(tax_category=None)),
        ("BR-33", but(allowances_charges=(SOUND.allowances_charges[0].model_copy(update={"reason": None}),))),
        ("BR-38", but(allowances_charges=(SOUND.allowances_charges[1].model_copy(update={"reason": None}),))),
        ("BR-Z-1", line_but(tax_category="Z")),
        ("BR-E-8", line_but(net=D(21))),
        ("BR-S-8", but(allowances_charges=SOUND.allowances_charges[:1])),
        ("BR-E-5", line_but(tax_rate=D(19))),
        ("BR-S-5", line_but(tax_category="S")),
        ("BR-S-2", but(seller=SOUND.seller.model_copy(update={"vat_id": None}))),
        ("BR-AE-2", line_but(tax_category="AE")),
        ("BR-IC-2", line_but(tax_category="K")),
        ("BR-IC-11", but(lines=line_but(tax_category="K").lines, period_start=None, period_end=None)),
        ("BR-IC-12", line_but(tax_category="K")),
        ("IF-LAW", but(buyer=SOUND.buyer.model_copy(update={"address": Address(country="AT")}))),
        ("IF-BIC", but(payment=SOUND.payment.model_copy(update={"bic": "COBADEF"}))),
        (
            "IF-GLN",
            but(
                seller=SOUND.seller.model_copy(
                    update={"identifiers": (Identifier(value="4012345000001", scheme="0088"),)}
                )
            ),
        ),
        ("IF-LINE-NET", but(lines=(SOUND.lines[0], SOUND.lines[1].model_copy(update={"quantity": D(3)})))),
    ],
)
def test_a_broken_rule_is_found_and_its_fields_are_named(rule: str, invoice: Invoice) -> None:
    finding = found(rule, invoice)
    assert finding.message.endswith(".")
    assert finding.pointers
    assert rule in RULES


@pytest.mark.parametrize(
    ("category", "rule"), [("AE", "BR-AE-10"), ("K", "BR-IC-10"), ("G", "BR-G-10"), ("O", "BR-O-10")]
)
def test_no_tax_needs_a_reason(category: str, rule: str) -> None:
    exempt = TaxBreakdown(category=category, rate=D(0), basis=D(20), amount=D(0))
    assert rule in rules(but(taxes=(SOUND.taxes[0], exempt)))
    assert rule.replace("-10", "-9") in rules(but(taxes=(SOUND.taxes[0], exempt.model_copy(update={"amount": D(1)}))))


def test_zero_rated_goods_need_no_reason() -> None:
    zero = TaxBreakdown(category="Z", rate=D(0), basis=D(20), amount=D(0))
    book = SOUND.lines[1].model_copy(update={"tax_category": "Z"})
    assert rules(but(taxes=(SOUND.taxes[0], zero), lines=(SOUND.lines[0], book))) == set()


def test_the_values_used_are_given_as_text() -> None:
    finding = found("BR-CO-15", totals(gross=D("140.00"), rounding=D("-7.00")))
    assert finding.values == {"totals.net": "115", "totals.tax": "18.05", "totals.gross": "140.00"}
    assert finding.pointers == ("/totals/gross", "/totals/net", "/totals/tax")
    assert "133.05" in finding.message


def test_a_page_that_shows_only_the_amount_due_is_held_against_net_and_tax_all_the_same() -> None:
    sound = totals(gross=None)
    assert "BR-CO-15" not in rules(sound, Origin.PAGE)
    wrong = totals(gross=None, payable=D("200.00"))
    (finding,) = [one for one in check(Subject(wrong, Origin.PAGE)) if one.rule == "BR-CO-15"]
    assert finding.pointers[0] == "/totals/payable"


def test_a_page_may_round_where_an_einvoice_may_not() -> None:
    by_a_cent = totals(gross=D("133.06"), payable=D("100.01"))
    assert rules(by_a_cent, Origin.PAGE) == set()
    assert rules(by_a_cent, Origin.EINVOICE) == {"BR-CO-15"}


def test_a_printed_price_may_be_cut_to_the_cent() -> None:
    line = InvoiceLine(quantity=D(300), unit_price=D("0.33"), net=D(100))
    subject = Subject(but(lines=(line,), totals=Totals(gross=D(100))), Origin.PAGE)
    assert not any(finding.rule == "IF-LINE-NET" for finding in check(subject))


@pytest.mark.parametrize(("net", "severity"), [(D(90), Severity.INFO), (D("93.33"), Severity.WARNING)])
def test_a_round_discount_that_was_not_read_is_only_worth_knowing(net: Decimal, severity: Severity) -> None:
    line = InvoiceLine(quantity=D(10), unit_price=D(10), net=net)
    assert found("IF-LINE-NET", but(lines=(line,)), Origin.PAGE).severity is severity
    assert found("IF-LINE-NET", but(lines=(line,)), Origin.EN16931).severity is Severity.WARNING


def test_lines_with_tax_in_their_price_are_complete() -> None:
    lines = (InvoiceLine(net=D(119)), InvoiceLine(net=D("11.90")))
    invoice = Invoice(lines=lines, totals=Totals(net=D(110), tax=D("20.90"), gross=D("130.90")))
    assert "IF-LINES-COMPLETE" not in rules(invoice, Origin.PAGE)


@pytest.mark.parametrize("net", [D(50), None])
def test_missing_or_unread_lines_are_found(net: Decimal | None) -> None:
    lines = (InvoiceLine(net=D(60)), InvoiceLine(net=net))
    invoice = Invoice(lines=lines, totals=Totals(net=D(120), gross=D(140)))
    assert "IF-LINES-COMPLETE" in rules(invoice, Origin.PAGE)


def test_amounts_without_decimals_round_to_the_whole() -> None:
    invoice = Invoice(totals=Totals(net=D(999), tax=D(100), gross=D(1100)))
    assert "BR-CO-15" not in rules(invoice, Origin.PAGE)


def test_a_receipt_may_lack_number_and_buyer() -> None:
    receipt = Invoice(
        type=InvoiceType.RECEIPT,
        issue_date=date(2024, 3, 1),
        currency="EUR",
        seller=Party(name="Kiosk"),
        totals=Totals(gross=D(3)),
        lines=(InvoiceLine(description="Coffee", net=D(3)),),
    )
    (finding,) = check(Subject(receipt, Origin.PAGE))
    assert (finding.rule, finding.severity) == ("BR-2", Severity.WARNING)


def test_an_empty_page_lacks_everything() -> None:
    assert rules(Invoice(), Origin.PAGE) == {"BR-2", "BR-3", "BR-5", "BR-6", "BR-7", "BR-14", "BR-16"}


def test_a_vat_difference_of_a_whole_unit_is_an_error() -> None:
    slight = but(taxes=(SOUND.taxes[0].model_copy(update={"amount": D("18.55")}), SOUND.taxes[1]))
    grave = but(taxes=(SOUND.taxes[0].model_copy(update={"amount": D("28.05")}), SOUND.taxes[1]))
    assert found("BR-CO-17", slight).severity is Severity.WARNING
    assert found("BR-CO-17", grave).severity is Severity.ERROR


@pytest.mark.parametrize("account", ["1234567-8", "US1234567890"])
def test_an_account_that_is_no_iban(account: str) -> None:
    assert ("IF-IBAN" in rules(but(payment=Payment(iban=account)))) is account.startswith("US")


@pytest.mark.parametrize("vat_id", ["EL094259216", "XI980780684", "CHE107787577IVA", "CHE107787577", "US123"])
def test_prefixes_that_are_no_country_codes_and_countries_without_rules(vat_id: str) -> None:
    assert "IF-VAT-ID" not in rules(but(seller=SOUND.seller.model_copy(update={"vat_id": vat_id})))


money = st.decimals(min_value="0.01", max_value="99999", places=2)
rates = st.sampled_from([D(0), D("5.5"), D(7), D(19), D(20), D("25.5")])


@st.composite
def closing_invoices(draw: st.DrawFn) -> Invoice:
    """An invoice whose arithmetic closes to the cent, as EN 16931 asks."""
    cent = D("0.01")
    items = draw(st.lists(st.tuples(st.integers(1, 999), money, rates), min_size=1, max_size=12))
    lines = tuple(
        InvoiceLine(
            id=str(index),
            description=f"Thing {index}",
            quantity=D(quantity),
            unit="C62",
            unit_price=price,
            net=quantity * price,
            tax_category="S" if rate else "Z",
            tax_rate=rate,
        )
        for index, (quantity, price, rate) in enumerate(items, 1)
    )
    bases: dict[Decimal, Decimal] = {}
    for line in lines:
        assert line.tax_rate is not None
        assert line.net is not None
        bases[line.tax_rate] = bases.get(line.tax_rate, D(0)) + line.net
    taxes = tuple(
        TaxBreakdown(
            category="S" if rate else "Z",
            rate=rate,
            basis=basis,
            amount=(basis * rate / 100).quantize(cent, ROUND_HALF_UP),
        )
        for rate, basis in bases.items()
    )
    net, tax = sum(bases.values(), D(0)), sum((each.amount or D(0) for each in taxes), D(0))
    prepaid = draw(money)
    return but(
        lines=lines,
        taxes=taxes,
        allowances_charges=(),
        totals=Totals(lines_net=net, net=net, tax=tax, gross=net + tax, prepaid=prepaid, payable=net + tax - prepaid),
    )


@given(closing_invoices(), st.sampled_from(Origin))
def test_checks_are_silent_where_the_arithmetic_closes(invoice: Invoice, origin: Origin) -> None:
    assert check(Subject(invoice, origin)) == ()


@given(closing_invoices(), st.sampled_from(["lines_net", "net", "tax", "gross", "payable"]), money)
def test_any_total_off_by_more_than_rounding_is_found(invoice: Invoice, name: str, by: Decimal) -> None:
    stated: Decimal = getattr(invoice.totals, name)
    wrong = invoice.model_copy(update={"totals": invoice.totals.model_copy(update={name: stated + by})})
    errors = [each for each in check(Subject(wrong, Origin.EN16931)) if each.severity is Severity.ERROR]
    assert any(f"/totals/{name}" in finding.pointers for finding in errors)


def test_every_rule_has_one_line_in_the_reference() -> None:
    assert len(CHECKS) == len(set(CHECKS))
    for name, rule in RULES.items():
        assert rule.id == name
        assert rule.title
        assert not rule.title.endswith(".")
    assert replace(RULES["BR-2"], title="x").finding("Said.").rule == "BR-2"


def on_page(*lines: InvoiceLine, **totals: Decimal) -> set[str]:
    invoice = SOUND.model_copy(update={"lines": lines, "totals": Totals(**totals)})
    return {finding.rule for finding in check(Subject(invoice, Origin.PAGE))}


def numbered(*numbers: str) -> tuple[InvoiceLine, ...]:
    return tuple(InvoiceLine(id=number, description=f"Thing {number}", net=D(10)) for number in numbers)


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        (("1", "2", "3"), False),
        (("1", "2", "4"), True),
        (("2", "3"), True),
        (("10", "20", "40"), True),
        (("10", "20", "30"), False),
        (("4711", "815"), False),
        (("1", "1", "2"), False),
        (("A1", "A3"), False),
    ],
)
def test_a_gap_in_the_numbers_of_the_lines_is_found(numbers: tuple[str, ...], found: bool) -> None:
    assert ("IF-LINE-NUMBERS" in on_page(*numbered(*numbers), gross=D(10 * len(numbers)))) is found


def test_an_invoice_without_lines_says_so() -> None:
    assert "BR-16" in on_page(gross=D(10))


def test_lines_that_no_total_can_be_held_against_are_a_finding() -> None:
    assert "IF-LINES-COMPLETE" in on_page(*numbered("1", "2"))


def test_an_unread_amount_is_a_finding_even_where_the_total_of_the_lines_is_printed() -> None:
    lines = (InvoiceLine(id="1", description="Thing", net=D(10)), InvoiceLine(id="2", description="Other"))
    assert "IF-LINES-COMPLETE" in on_page(*lines, lines_net=D(10), gross=D(10))


def test_lines_with_vat_in_them_are_complete_where_they_add_up_to_the_gross() -> None:
    assert "BR-CO-10" not in on_page(*numbered("1", "2"), lines_net=D("16.81"), net=D("16.81"), gross=D(20))


def test_the_same_line_twice_is_asked_about() -> None:
    twice = InvoiceLine(description="Consulting in March", quantity=D(8), unit_price=D(10), net=D(80))
    assert "IF-LINE-REPEATED" in on_page(twice, twice, gross=D(160))
    other = twice.model_copy(update={"description": "Consulting in April"})
    assert "IF-LINE-REPEATED" not in on_page(twice, other, gross=D(160))


@pytest.mark.parametrize("country", countries())
def test_what_the_law_of_each_country_asks_for_is_a_field_of_the_invoice(country: str) -> None:
    bare = but(
        seller=Party(name="Nordwind", address=Address(country=country)),
        buyer=Party(),
        totals=Totals(gross=D(1)),
        taxes=(),
        due_date=None,
    )
    findings = [one for one in check(Subject(bare, Origin.PAGE)) if one.rule == "IF-LAW"]
    assert len(findings) == (country != "US")
    for finding in findings:
        assert finding.severity is Severity.INFO
        assert finding.values["law"] in finding.message


def test_a_receipt_is_not_held_to_what_an_invoice_has() -> None:
    assert "IF-LAW" not in rules(but(type=InvoiceType.RECEIPT, buyer=Party()), Origin.PAGE)
