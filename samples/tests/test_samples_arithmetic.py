from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban as iban_check
from stdnum.util import get_cc_module

from invoiceflow_contracts.invoice import Invoice
from invoiceflow_samples.arithmetic import cents, line_net
from invoiceflow_samples.fiction import Fiction, imagine
from invoiceflow_samples.language import COUNTRIES
from invoiceflow_samples.scenario import Scenario, random_scenario

seeds = st.integers(min_value=0, max_value=2**32)


def invent(seed: int) -> Fiction:
    rng = Random(seed)
    return imagine(random_scenario(rng), rng)


def amount(value: Decimal | None) -> Decimal:
    return value if value is not None else Decimal(0)


def test_half_a_cent_is_rounded_away_from_zero() -> None:
    assert cents(Decimal("0.125")) == Decimal("0.13")
    assert cents(Decimal("-0.125")) == Decimal("-0.13")


def test_the_line_discount_is_taken_off_the_rounded_product() -> None:
    assert line_net(Decimal("2.5"), Decimal("4.67"), Decimal("1.00")) == Decimal("10.68")


@settings(max_examples=150)
@given(seed=seeds)
def test_every_invoice_closes_from_its_lines_to_the_amount_payable(seed: int) -> None:
    invoice = invent(seed).invoice
    totals = invoice.totals
    for line in invoice.lines:
        assert line.net == cents(amount(line.quantity) * amount(line.unit_price)) - amount(line.discount)
    assert totals.lines_net == sum(amount(line.net) for line in invoice.lines)
    assert totals.net == totals.lines_net - amount(totals.allowances) + amount(totals.charges)
    assert sum(amount(row.basis) for row in invoice.taxes) == totals.net
    for row in invoice.taxes:
        assert row.amount == cents(amount(row.basis) * amount(row.rate) / 100)
    assert totals.tax == sum(amount(row.amount) for row in invoice.taxes)
    assert totals.gross == amount(totals.net) + amount(totals.tax)
    assert totals.payable == totals.gross - amount(totals.prepaid)
    assert totals.net > 0


@settings(max_examples=100)
@given(seed=seeds)
def test_identifiers_pass_the_checks_of_their_countries(seed: int) -> None:
    invoice = invent(seed).invoice
    for party in (invoice.seller, invoice.buyer):
        country = party.address.country
        assert country is not None
        assert get_cc_module(country.lower(), "vat").is_valid(party.vat_id)
    assert iban_check.is_valid(invoice.payment.iban)


@settings(max_examples=100)
@given(seed=seeds)
def test_tax_follows_the_treatment(seed: int) -> None:
    fiction = invent(seed)
    scenario, invoice = fiction.scenario, fiction.invoice
    if scenario.treatment == "domestic":
        own = COUNTRIES[scenario.country]
        assert {row.rate for row in invoice.taxes} <= {own.standard, own.reduced}
        assert all(row.exemption_reason is None for row in invoice.taxes)
    else:
        assert invoice.totals.tax == 0
        assert all(row.exemption_reason in invoice.notes for row in invoice.taxes)


@given(seed=seeds)
@settings(max_examples=50)
def test_the_same_seed_invents_the_same_invoice(seed: int) -> None:
    assert invent(seed) == invent(seed)


def closes(invoice: Invoice) -> bool:
    totals = invoice.totals
    return (
        totals.lines_net == sum(amount(line.net) for line in invoice.lines)
        and totals.tax == sum(cents(amount(row.basis) * amount(row.rate) / 100) for row in invoice.taxes)
        and totals.gross == amount(totals.net) + amount(totals.tax)
    )


@given(seed=seeds, defect=st.sampled_from(["gross_total", "tax_amount", "line_amount"]))
@settings(max_examples=50)
def test_a_defect_breaks_the_sums(seed: int, defect: str) -> None:
    sound = Scenario("en", "GB", lines=3)
    spoilt = Scenario("en", "GB", lines=3, defect=defect)  # type: ignore[arg-type]
    assert closes(imagine(sound, Random(seed)).invoice)
    assert not closes(imagine(spoilt, Random(seed)).invoice)
