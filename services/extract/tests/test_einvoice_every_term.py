"""Every business term of EN 16931 arrives in its place, from both syntaxes alike."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree
from pydantic import BaseModel

from invoiceflow_contracts.invoice import (
    AllowanceCharge,
    Classification,
    Delivery,
    DirectDebit,
    Identifier,
    Invoice,
    InvoiceLine,
    ItemAttribute,
    PaymentAccount,
    PaymentCard,
    PrecedingInvoice,
    SupportingDocument,
)
from invoiceflow_extract.einvoice import EInvoice, read
from invoiceflow_extract.einvoice.node import PREFIXES

FILES = Path(__file__).parent / "einvoices"
SYNTAXES = ("ubl", "cii")
D = Decimal


def every_term(syntax: str) -> EInvoice:
    return read((FILES / f"every-term-{syntax}.xml").read_bytes())


def unset(model: BaseModel, at: str = "") -> Iterator[str]:
    """Yield the pointers of the fields that hold nothing; of the parties the seller has to stand for all."""
    for name, value in model:
        if at == "" and name in {"buyer", "payee", "tax_representative"}:
            continue
        if value is None or value == ():
            yield f"{at}/{name}"
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, BaseModel):
                yield from unset(each, f"{at}/{name}")


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_no_term_of_the_standard_is_without_its_value(syntax: str) -> None:
    einvoice = every_term(syntax)
    assert einvoice.findings == ()
    assert set(unset(einvoice.reading.invoice)) == {
        "/totals/withheld",  # beyond EN 16931
        "/delivery/address/postcode",
        "/delivery/address/region",
        "/payment/other_accounts/bic",
        "/payment/other_accounts/account_name",
        "/preceding_invoices/issue_date",
        # Both are of the document's allowances alone.
        "/lines/allowances_charges/tax_rate",
        "/lines/allowances_charges/tax_category",
    }


def test_both_syntaxes_say_the_same() -> None:
    assert every_term("ubl").reading.invoice == every_term("cii").reading.invoice


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_value_leads_back_to_its_element(syntax: str) -> None:
    root = etree.fromstring((FILES / f"every-term-{syntax}.xml").read_bytes())
    prefixes = {prefix: namespace for namespace, prefix in reversed(PREFIXES.items())}
    for evidence in every_term(syntax).reading.evidence.values():
        assert evidence.path is not None
        found = root.xpath(evidence.path, namespaces=prefixes)
        assert isinstance(found, list)
        assert len(found) == 1


@pytest.fixture(params=SYNTAXES)
def invoice(request: pytest.FixtureRequest) -> Invoice:
    return every_term(request.param).reading.invoice


def test_references(invoice: Invoice) -> None:
    assert invoice.preceding_invoice == "R-0"
    assert invoice.preceding_invoices == (
        PrecedingInvoice(number="R-0", issue_date=date(2026, 1, 31)),
        PrecedingInvoice(number="R-00"),
    )
    assert (invoice.purchase_order, invoice.sales_order, invoice.contract, invoice.project) == (
        *("PO-1", "SO-1"),
        *("C-1", "P-1"),
    )
    assert (invoice.despatch_advice, invoice.receiving_advice, invoice.tender) == ("DN-1", "RA-1", "LOT-1")
    assert invoice.object_id == Identifier(value="METER-1", scheme="ABT")
    assert invoice.supporting_documents == (
        SupportingDocument(
            reference="TS-1",
            description="Time sheet",
            url="https://files.example/ts-1",
            filename="hours.csv",
            media_type="text/csv",
        ),
    )


def test_a_note_keeps_the_code_of_its_subject(invoice: Invoice) -> None:
    assert invoice.notes == ("Corrects two invoices.", "Thank you.")
    assert invoice.note_subject_codes == ("AAI", None)


def test_parties_beside_seller_and_buyer(invoice: Invoice) -> None:
    assert invoice.payee is not None
    assert (invoice.payee.name, invoice.payee.registration_id) == ("Factoring AG", "HRB 1")
    assert invoice.payee.identifiers == (Identifier(value="4000001000012", scheme="0088"),)
    assert invoice.tax_representative is not None
    assert (invoice.tax_representative.vat_id, invoice.tax_representative.address.country) == ("FR44732829320", "FR")
    assert isinstance(invoice.delivery, Delivery)
    assert (invoice.delivery.name, invoice.delivery.address.city) == ("Bergblick Lager", "Wels")
    assert invoice.delivery.location == Identifier(value="4000001000029", scheme="0088")


def test_every_way_to_pay(invoice: Invoice) -> None:
    assert invoice.payment.iban == "DE89370400440532013000"
    assert invoice.payment.other_accounts == (PaymentAccount(iban="FR1420041010050500013M02606"),)
    assert invoice.payment.card == PaymentCard(number="XXXX1234", holder="B. Berg")
    assert invoice.payment.direct_debit == DirectDebit(
        mandate="M-1", creditor_id="DE98ZZZ09999999999", account="AT611904300234573201"
    )


def test_a_line_in_full(invoice: Invoice) -> None:
    assert invoice.lines == (
        InvoiceLine(
            id="1",
            description="Gravel\nWashed",
            item_code="S-1",
            quantity=D(200),
            unit="KGM",
            unit_price=D("0.50"),
            discount=D("5.00"),
            net=D("95.00"),
            tax_rate=D(0),
            tax_category="AE",
            note="Second delivery",
            period_start=date(2026, 2, 1),
            period_end=date(2026, 2, 14),
            order_line="7",
            object_id=Identifier(value="METER-2", scheme="ABT"),
            accounting_reference="4712",
            gross_price=D("0.60"),
            price_discount=D("0.10"),
            price_base_quantity=D(100),
            price_base_unit="KGM",
            buyer_item_code="B-1",
            standard_item_code=Identifier(value="4000001000036", scheme="0160"),
            classifications=(Classification(code="11111501", scheme="STI", version="26"),),
            country_of_origin="NO",
            attributes=(ItemAttribute(name="Colour", value="Grey"),),
            allowances_charges=(
                AllowanceCharge(
                    is_charge=False,
                    amount=D("5.00"),
                    basis=D("100.00"),
                    percent=D(5),
                    reason="Bulk",
                    reason_code="95",
                ),
            ),
        ),
    )
