import io
from decimal import Decimal
from random import Random
from typing import Any

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from invoiceflow_contracts.invoice import Invoice, InvoiceType
from invoiceflow_samples import Kind, generate
from invoiceflow_samples.einvoice.cii import write_cii
from invoiceflow_samples.einvoice.ubl import write_ubl
from invoiceflow_samples.fiction import imagine
from invoiceflow_samples.scenario import Scenario, random_scenario

CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
RAM = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
RSM = "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}"

seeds = st.integers(min_value=0, max_value=2**32)


def invent(seed: int) -> Invoice:
    rng = Random(seed)
    return imagine(random_scenario(rng), rng).invoice


def text(root: Any, path: str) -> str:
    found = root.findtext(path)
    assert found is not None, path
    return str(found)


@settings(max_examples=60)
@given(seed=seeds)
def test_ubl_says_what_the_invoice_says(seed: int) -> None:
    invoice = invent(seed)
    root = etree.fromstring(write_ubl(invoice))
    credit = invoice.type is InvoiceType.CREDIT_NOTE
    assert etree.QName(root).localname == ("CreditNote" if credit else "Invoice")
    assert text(root, f"{CBC}ID") == invoice.number
    assert text(root, f"{CBC}IssueDate") == str(invoice.issue_date)
    assert text(root, f"{CBC}DocumentCurrencyCode") == invoice.currency
    seller = f"{CAC}AccountingSupplierParty/{CAC}Party"
    assert text(root, f"{seller}/{CAC}PartyLegalEntity/{CBC}RegistrationName") == invoice.seller.name
    assert text(root, f"{seller}/{CAC}PartyTaxScheme/{CBC}CompanyID") == invoice.seller.vat_id
    sums = f"{CAC}LegalMonetaryTotal"
    assert Decimal(text(root, f"{sums}/{CBC}LineExtensionAmount")) == invoice.totals.lines_net
    assert Decimal(text(root, f"{sums}/{CBC}TaxInclusiveAmount")) == invoice.totals.gross
    assert Decimal(text(root, f"{sums}/{CBC}PayableAmount")) == invoice.totals.payable
    assert Decimal(text(root, f"{CAC}TaxTotal/{CBC}TaxAmount")) == invoice.totals.tax
    lines = root.findall(f"{CAC}CreditNoteLine" if credit else f"{CAC}InvoiceLine")
    assert [Decimal(text(line, f"{CBC}LineExtensionAmount")) for line in lines] == [line.net for line in invoice.lines]
    prices = [Decimal(text(line, f"{CAC}Price/{CBC}PriceAmount")) for line in lines]
    assert prices == [line.unit_price for line in invoice.lines]


@settings(max_examples=60)
@given(seed=seeds)
def test_cii_says_what_the_invoice_says(seed: int) -> None:
    invoice = invent(seed)
    root = etree.fromstring(write_cii(invoice))
    assert text(root, f"{RSM}ExchangedDocument/{RAM}ID") == invoice.number
    code = "381" if invoice.type is InvoiceType.CREDIT_NOTE else "380"
    assert text(root, f"{RSM}ExchangedDocument/{RAM}TypeCode") == code
    trade = root.find(f"{RSM}SupplyChainTradeTransaction")
    assert trade is not None
    seller = f"{RAM}ApplicableHeaderTradeAgreement/{RAM}SellerTradeParty"
    assert text(trade, f"{seller}/{RAM}Name") == invoice.seller.name
    assert text(trade, f"{seller}/{RAM}SpecifiedTaxRegistration/{RAM}ID") == invoice.seller.vat_id
    settlement = f"{RAM}ApplicableHeaderTradeSettlement"
    sums = f"{settlement}/{RAM}SpecifiedTradeSettlementHeaderMonetarySummation"
    assert Decimal(text(trade, f"{sums}/{RAM}TaxBasisTotalAmount")) == invoice.totals.net
    assert Decimal(text(trade, f"{sums}/{RAM}TaxTotalAmount")) == invoice.totals.tax
    assert Decimal(text(trade, f"{sums}/{RAM}GrandTotalAmount")) == invoice.totals.gross
    assert Decimal(text(trade, f"{sums}/{RAM}DuePayableAmount")) == invoice.totals.payable
    lines = trade.findall(f"{RAM}IncludedSupplyChainTradeLineItem")
    quantities = [Decimal(text(line, f"{RAM}SpecifiedLineTradeDelivery/{RAM}BilledQuantity")) for line in lines]
    assert quantities == [line.quantity for line in invoice.lines]


def test_an_exemption_carries_its_reason_in_both_syntaxes() -> None:
    invoice = imagine(Scenario("es", "ES", lines=2, treatment="exempt"), Random(4)).invoice
    reason = invoice.taxes[0].exemption_reason
    ubl = etree.fromstring(write_ubl(invoice))
    cii = etree.fromstring(write_cii(invoice))
    assert next(ubl.iter(f"{CBC}TaxExemptionReason")).text == reason
    assert next(cii.iter(f"{RAM}ExemptionReason")).text == reason


@pytest.fixture(scope="module")
def facturx() -> bytes:
    return next(generate(seed=3, count=1, kinds=[Kind.FACTURX])).data


def test_a_facturx_file_carries_its_invoice_as_an_associated_file(facturx: bytes) -> None:
    with pikepdf.open(io.BytesIO(facturx)) as pdf:
        assert list(pdf.attachments) == ["factur-x.xml"]
        assert pdf.Root.AF[0].AFRelationship == pikepdf.Name.Alternative
        content = pdf.attachments["factur-x.xml"].get_file().read_bytes()
    assert etree.QName(etree.fromstring(content)).localname == "CrossIndustryInvoice"


def test_a_facturx_file_names_its_profile_in_the_metadata(facturx: bytes) -> None:
    with pikepdf.open(io.BytesIO(facturx)) as pdf, pdf.open_metadata() as metadata:
        assert metadata["{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}ConformanceLevel"] == "EN 16931"
        assert metadata["pdfaid:part"] == "3"


def test_a_facturx_file_embeds_every_font(facturx: bytes) -> None:
    with pikepdf.open(io.BytesIO(facturx)) as pdf:
        fonts = [font for page in pdf.pages for font in page.Resources.Font.values()]
        assert fonts
        assert all("/FontFile2" in font.FontDescriptor for font in fonts)
