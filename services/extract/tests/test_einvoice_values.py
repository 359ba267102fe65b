"""Every value of an e-invoice arrives exactly, with the XPath it stands at."""

from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from invoiceflow_contracts.extraction import Method
from invoiceflow_contracts.invoice import Address, AllowanceCharge, InvoiceType, Party, Payment, TaxBreakdown, Totals
from invoiceflow_extract.checks import Origin, Subject, check
from invoiceflow_extract.einvoice import EInvoice, Profile, Syntax, read
from invoiceflow_extract.einvoice.model import profile_of
from invoiceflow_extract.einvoice.node import PREFIXES

D = Decimal


def test_ubl_header(ubl: str) -> None:
    einvoice = read(ubl.encode())
    invoice = einvoice.reading.invoice
    assert einvoice.syntax is Syntax.UBL_INVOICE
    assert einvoice.claims_en16931
    assert einvoice.findings == ()
    assert invoice.number == "2024-0117"
    assert invoice.type is InvoiceType.INVOICE
    assert (invoice.issue_date, invoice.due_date) == (date(2024, 3, 1), date(2024, 3, 31))
    assert invoice.delivery_date == date(2024, 2, 28)
    assert (invoice.period_start, invoice.period_end) == (date(2024, 2, 1), date(2024, 2, 29))
    assert invoice.currency == "EUR"
    assert (invoice.purchase_order, invoice.buyer_reference) == ("PO-88", "Floor 3")
    assert invoice.preceding_invoice == "2024-0099"
    assert invoice.payment_terms == "30 days net"
    assert invoice.notes == ("Thank you for your order.",)


def test_ubl_parties_and_payment(ubl: str) -> None:
    invoice = read(ubl.encode()).reading.invoice
    assert invoice.seller == Party(
        name="Nordwind Handel GmbH",
        trading_name="Nordwind",
        vat_id="DE136695976",
        tax_id="20/123/45678",
        registration_id="HRB 4711",
        address=Address(
            street="Hafenweg 4, Tor B", city="Kiel", postcode="24103", region="Schleswig-Holstein", country="DE"
        ),
        email="office@nordwind.example",
        phone="+49 431 5550",
    )
    assert invoice.buyer == Party(name="Bergblick KG", address=Address(city="Graz", country="AT"))
    assert invoice.payment == Payment(
        means="58",
        iban="DE89370400440532013000",
        bic="COBADEFFXXX",
        account_name="Nordwind Handel",
        reference="RF18 5390",
    )


def test_ubl_amounts_are_those_in_the_invoice_currency(ubl: str) -> None:
    invoice = read(ubl.encode()).reading.invoice
    assert invoice.totals == Totals(
        lines_net=D("120.00"),
        allowances=D("10.00"),
        charges=D("5.00"),
        net=D("115.00"),
        tax=D("18.05"),
        tax_in_tax_currency=D("210.00"),
        gross=D("133.05"),
        prepaid=D("33.00"),
        rounding=D("-0.05"),
        payable=D("100.00"),
    )
    assert invoice.taxes == (
        TaxBreakdown(category="S", rate=D(19), basis=D("95.00"), amount=D("18.05")),
        TaxBreakdown(category="E", rate=D(0), basis=D("20.00"), amount=D("0.00"), exemption_reason="Books are exempt"),
    )
    assert invoice.allowances_charges == (
        AllowanceCharge(
            is_charge=False,
            amount=D("10.00"),
            basis=D("100.00"),
            percent=D(10),
            reason="Loyalty",
            tax_rate=D(19),
            tax_category="S",
        ),
        AllowanceCharge(is_charge=True, amount=D("5.00"), reason_code="FC", tax_rate=D(19), tax_category="S"),
    )


def test_ubl_lines(ubl: str) -> None:
    gravel, book = read(ubl.encode()).reading.invoice.lines
    assert (gravel.id, gravel.description, gravel.item_code) == ("1", "Gravel\nWashed, in sacks", "GR-16")
    assert (gravel.quantity, gravel.unit, gravel.unit_price) == (D(250), "KGM", D("0.42"))
    assert (gravel.discount, gravel.net) == (D("5.00"), D("100.00"))
    assert (gravel.tax_rate, gravel.tax_category) == (D(19), "S")
    assert (book.description, book.unit_price, book.discount, book.net) == ("Garden book", D("10.00"), None, D("20.00"))


def test_a_ubl_credit_note_is_one_by_its_name(ubl: str) -> None:
    text = (
        ubl.replace("Invoice-2", "CreditNote-2")
        .replace("<Invoice ", "<CreditNote ")
        .replace("</Invoice>", "</CreditNote>")
        .replace("InvoiceLine", "CreditNoteLine")
        .replace("InvoicedQuantity", "CreditedQuantity")
        .replace("<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>", "")
        .replace("<cbc:DueDate>2024-03-31</cbc:DueDate>", "")
        .replace(
            "<cbc:PaymentMeansCode>48</cbc:PaymentMeansCode>",
            "<cbc:PaymentMeansCode>48</cbc:PaymentMeansCode><cbc:PaymentDueDate>2024-04-01</cbc:PaymentDueDate>",
        )
    )
    einvoice = read(text.encode())
    assert einvoice.syntax is Syntax.UBL_CREDIT_NOTE
    assert einvoice.reading.invoice.type is InvoiceType.CREDIT_NOTE
    assert einvoice.reading.invoice.due_date == date(2024, 4, 1)
    assert [line.quantity for line in einvoice.reading.invoice.lines] == [D(250), D(2)]


def test_an_invoice_in_a_peppol_envelope(ubl: str) -> None:
    body = ubl.split("?>", 1)[1]
    namespace = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
    wrapped = f'<StandardBusinessDocument xmlns="{namespace}"><StandardBusinessDocumentHeader/>{body}</StandardBusinessDocument>'
    assert read(wrapped.encode()).reading.invoice.number == "2024-0117"


def test_cii_values(cii: str) -> None:
    einvoice = read(cii.encode())
    invoice = einvoice.reading.invoice
    assert (einvoice.syntax, einvoice.profile) == (Syntax.CII, Profile.EN16931)
    assert (invoice.number, invoice.type) == ("R-7", InvoiceType.CORRECTED_INVOICE)
    assert (invoice.issue_date, invoice.due_date) == (date(2024, 3, 1), date(2024, 3, 15))
    assert (invoice.delivery_date, invoice.period_end) == (date(2024, 2, 28), date(2024, 2, 29))
    assert (invoice.purchase_order, invoice.buyer_reference) == ("PO-88", "04011000-12345-03")
    assert (invoice.preceding_invoice, invoice.payment_terms) == ("R-6", "14 days")
    assert invoice.seller == Party(
        name="Lumen SARL",
        vat_id="FR44732829320",
        tax_id="FISC-9",
        registration_id="73282932000074",
        registration_scheme="0002",
        address=Address(street="2 rue du Bac, Bât. C", city="Lyon", postcode="69001", country="FR"),
        email="compta@lumen.example",
        phone="+33 1 02",
    )
    assert invoice.payment == Payment(
        means="58", iban="FR1420041010050500013M02606", bic="PSSTFRPPPAR", account_name="Lumen", reference="R-7"
    )
    assert invoice.totals == Totals(
        lines_net=D(80), allowances=D(2), charges=D(6), net=D(84), tax=D(0), gross=D(84), prepaid=D(4), payable=D(80)
    )
    assert invoice.taxes[0].exemption_reason == "Reverse charge"
    assert [(each.is_charge, each.amount, each.reason) for each in invoice.allowances_charges] == [
        (False, D(2), "Late delivery"),
        (True, D(6), "Freight"),
    ]
    (line,) = invoice.lines
    assert (line.description, line.item_code) == ("Lamp\nBrass", "L-1")
    assert (line.quantity, line.unit, line.unit_price, line.discount, line.net) == (D(3), "H87", D(30), D(10), D(80))


def test_zugferd_1_has_other_names_for_the_same(zugferd1: str) -> None:
    einvoice = read(zugferd1.encode())
    invoice = einvoice.reading.invoice
    assert (einvoice.syntax, einvoice.profile) == (Syntax.ZUGFERD_1, Profile.EN16931)
    assert not einvoice.claims_en16931
    assert (invoice.number, invoice.seller.name, invoice.buyer.name) == ("471102", "Obsthof Lindau", "Kantine Mitte")
    assert (invoice.totals.lines_net, invoice.totals.gross) == (D("100.00"), D("107.00"))
    assert invoice.taxes[0].rate == D("7.00")
    assert invoice.delivery_date is None, "a month alone is no date"
    assert [line.description for line in invoice.lines] == ["Apples"], "a text between the lines is no line"


@pytest.mark.parametrize("syntax", ["ubl", "cii", "zugferd1"])
def test_each_value_says_where_it_stands(syntax: str, request: pytest.FixtureRequest) -> None:
    data = request.getfixturevalue(syntax).encode()
    einvoice = read(data)
    assert set(einvoice.reading.evidence) == {
        pointer for pointer in _pointers(einvoice) if pointer != "/type" or "/type" in einvoice.reading.evidence
    }
    root = etree.fromstring(data)
    names = {prefix: uri for uri, prefix in PREFIXES.items() if uri.encode() in data}
    for pointer, evidence in einvoice.reading.evidence.items():
        assert evidence.method is Method.E_INVOICE
        assert evidence.confidence == 1.0
        found = root.xpath(evidence.path, namespaces=names)
        assert len(found) == 1, pointer
        text = found[0] if isinstance(found[0], str) else (found[0].text or "").strip()
        assert text in evidence.text or evidence.text in str(found[0].tag), pointer


def _pointers(einvoice: EInvoice) -> set[str]:
    def walk(value: object, at: str) -> set[str]:
        if isinstance(value, dict):
            return {pointer for name, inner in value.items() for pointer in walk(inner, f"{at}/{name}")}
        if isinstance(value, tuple | list):
            return {pointer for index, inner in enumerate(value) for pointer in walk(inner, f"{at}/{index}")}
        return {at}

    return walk(einvoice.reading.invoice.model_dump(exclude_none=True), "")


@pytest.mark.parametrize("syntax", ["ubl", "cii", "zugferd1"])
def test_sound_invoices_have_no_findings(syntax: str, request: pytest.FixtureRequest) -> None:
    einvoice = read(request.getfixturevalue(syntax).encode())
    origin = Origin.EN16931 if einvoice.claims_en16931 else Origin.EINVOICE
    assert check(Subject(einvoice.reading.invoice, origin)) == ()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("380", InvoiceType.INVOICE),
        ("326", InvoiceType.INVOICE),
        ("381", InvoiceType.CREDIT_NOTE),
        ("261", InvoiceType.CREDIT_NOTE),
        ("384", InvoiceType.CORRECTED_INVOICE),
        ("386", InvoiceType.PREPAYMENT_INVOICE),
        ("389", InvoiceType.SELF_BILLED_INVOICE),
        ("325", InvoiceType.PRO_FORMA),
    ],
)
def test_type_codes(cii: str, code: str, kind: InvoiceType) -> None:
    assert read(cii.replace(">384<", f">{code}<").encode()).reading.invoice.type is kind


def test_an_unknown_type_code_is_found(cii: str) -> None:
    einvoice = read(cii.replace(">384<", ">999<").encode())
    assert einvoice.reading.invoice.type is InvoiceType.INVOICE
    assert [finding.rule for finding in einvoice.findings] == ["BR-CL-01"]


@pytest.mark.parametrize(
    ("sound", "broken", "pointer"),
    [
        (">2024-03-01<", ">2024-02-30<", "/issue_date"),
        (">2024-03-01<", ">01.03.2024<", "/issue_date"),
        (">133.05<", ">133,05<", "/totals/gross"),
        (">133.05<", ">NaN<", "/totals/gross"),
        (">250<", ">many<", "/lines/0/quantity"),
        (">133.05<", f">{'9' * 40}<", "/totals/gross"),
    ],
)
def test_a_value_that_cannot_be_understood_is_left_out_and_found(
    ubl: str, sound: str, broken: str, pointer: str
) -> None:
    einvoice = read(ubl.replace(sound, broken).encode())
    assert einvoice.reading.invoice.number == "2024-0117"
    assert pointer not in einvoice.reading.evidence
    found = [(finding.rule, finding.pointers) for finding in einvoice.findings if finding.rule != "IF-EINV-SCHEMA"]
    assert found == [("IF-EINV-VALUE", (pointer,))]


def test_a_logistics_charge_is_a_charge(cii: str) -> None:
    start = cii.index("<ram:SpecifiedTradeAllowanceCharge><ram:ChargeIndicator><udt:Indicator>true<")
    end = cii.index("<ram:SpecifiedTradePaymentTerms>")
    charge = "<ram:SpecifiedLogisticsServiceCharge><ram:Description>Freight</ram:Description><ram:AppliedAmount>6.00</ram:AppliedAmount></ram:SpecifiedLogisticsServiceCharge>"
    invoice = read((cii[:start] + charge + cii[end:]).encode()).reading.invoice
    assert [(each.is_charge, each.amount, each.reason) for each in invoice.allowances_charges] == [
        (False, D(2), "Late delivery"),
        (True, D(6), "Freight"),
    ]


def test_lines_whose_amount_other_lines_carry_are_not_counted_twice(cii: str) -> None:
    line = cii[cii.index("<ram:Included") : cii.index("<ram:ApplicableHeaderTradeAgreement>")]
    line = line[line.index("<ram:IncludedSupply") :]
    group = line.replace("<ram:LineID>1<", "<ram:LineStatusReasonCode>GROUP</ram:LineStatusReasonCode><ram:LineID>0<")
    invoice = read(cii.replace(line, group + line).encode()).reading.invoice
    assert [each.id for each in invoice.lines] == ["1"]


def test_a_price_beside_the_lines_own_quantity_is_the_price_of_one(ubl: str) -> None:
    text = ubl.replace(
        '<cbc:PriceAmount currencyID="EUR">10.00</cbc:PriceAmount>',
        '<cbc:PriceAmount currencyID="EUR">10.00</cbc:PriceAmount><cbc:BaseQuantity unitCode="C62">2</cbc:BaseQuantity>',
    )
    assert read(text.encode()).reading.invoice.lines[1].unit_price == D("10.00")


@pytest.mark.parametrize(
    ("guideline", "profile"),
    [
        ("urn:factur-x.eu:1p0:minimum", Profile.MINIMUM),
        ("urn:zugferd.de:2p0:minimum", Profile.MINIMUM),
        ("urn:factur-x.eu:1p0:basicwl", Profile.BASIC_WL),
        ("urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic", Profile.BASIC),
        ("urn:cen.eu:en16931:2017:compliant:factur-x.eu:1p0:basic", Profile.BASIC),
        ("urn:cen.eu:en16931:2017", Profile.EN16931),
        ("urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0", Profile.EN16931),
        ("urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended", Profile.EXTENDED),
        ("urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0", Profile.XRECHNUNG),
        ("urn:ferd:CrossIndustryDocument:invoice:1p0:comfort", Profile.EN16931),
        ("urn:example:own", None),
        (None, None),
    ],
)
def test_profiles_by_their_guideline(guideline: str | None, profile: Profile | None) -> None:
    assert profile_of(guideline) is profile
