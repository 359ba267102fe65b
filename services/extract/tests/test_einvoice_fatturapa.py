"""FatturaPA is read exactly, bare and inside a signed file."""

import base64
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from asn1crypto import cms
from lxml import etree

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.extraction import Severity
from invoiceflow_contracts.invoice import Address, Identifier, InvoiceType, Party, PrecedingInvoice, TaxBreakdown
from invoiceflow_contracts.layout import EmbeddedFile
from invoiceflow_extract.checks import Origin, Subject, check
from invoiceflow_extract.einvoice import Candidate, Syntax, looks_like_einvoice, read, read_all
from invoiceflow_extract.einvoice.node import PREFIXES

D = Decimal
FATTURA = (Path(__file__).parent / "einvoices" / "fatturapa.xml").read_bytes()


def test_parties() -> None:
    invoice = read(FATTURA).reading.invoice
    assert invoice.seller == Party(
        name="Maria Rossi",
        vat_id="IT00743110157",
        tax_id="RSSMRA70A01F205V",
        registration_id="MI-123456",
        address=Address(street="Via Torino 12/A", city="Milano", postcode="20123", region="MI", country="IT"),
        email="maria@rossi.example",
        phone="02123456",
    )
    assert (invoice.buyer.name, invoice.buyer.vat_id, invoice.buyer.tax_id) == (
        "Officine Lago S.p.A.",
        None,
        "80012345678",
    )
    assert invoice.buyer.electronic_address == Identifier(value="ABC1234", scheme="0205")


def test_header_and_totals() -> None:
    einvoice = read(FATTURA)
    invoice = einvoice.reading.invoice
    assert (einvoice.syntax, einvoice.claims_en16931, einvoice.findings) == (Syntax.FATTURAPA, False, ())
    assert (invoice.number, invoice.issue_date, invoice.due_date) == ("42/2026", date(2026, 3, 2), date(2026, 5, 1))
    assert (invoice.purchase_order, invoice.project, invoice.tender) == ("PO-9", "C11B26", "Z1234")
    assert invoice.preceding_invoices == (PrecedingInvoice(number="41/2026", issue_date=date(2026, 2, 2)),)
    totals = invoice.totals
    assert (totals.net, totals.tax, totals.gross) == (D("1090.00"), D("228.80"), D("1318.80"))
    assert (totals.withheld, totals.payable) == (D("200.00"), D("1118.80"))
    assert invoice.taxes[1] == TaxBreakdown(
        category="E", rate=D(0), basis=D("50.00"), amount=D("0.00"), exemption_reason="N1: Art. 15"
    )
    (fund,) = invoice.allowances_charges
    assert (fund.is_charge, fund.amount, fund.percent, fund.reason) == (True, D("40.00"), D(4), "TC01")
    assert (invoice.payment.means, invoice.payment.iban) == ("58", "IT60X0542811101000000123456")
    assert invoice.payment.other_accounts == ()
    assert invoice.supporting_documents[0].filename == "ore.pdf"


def test_lines() -> None:
    work, costs = read(FATTURA).reading.invoice.lines
    assert (work.description, work.quantity, work.unit, work.unit_price) == ("Consulenza", D(10), "ore", D("125.00"))
    assert (work.discount, work.net, work.tax_category) == (D("250.00"), D("1000.00"), "S")
    assert (work.item_code, work.standard_item_code) == ("CONS", Identifier(value="4000001000036", scheme="0160"))
    assert (costs.quantity, costs.net, costs.tax_category) == (None, D("50.00"), "E")


def test_what_is_withheld_is_not_due() -> None:
    errors = [
        finding
        for finding in check(Subject(read(FATTURA).reading.invoice, Origin.EINVOICE))
        if finding.severity is Severity.ERROR
    ]
    assert errors == []


def test_every_value_leads_back_to_its_element() -> None:
    root = etree.fromstring(FATTURA)
    prefixes = {prefix: namespace for namespace, prefix in reversed(PREFIXES.items())}
    for evidence in read(FATTURA).reading.evidence.values():
        assert evidence.path is not None
        assert len(list(root.xpath(evidence.path, namespaces=prefixes))) == 1  # type: ignore[arg-type]


def test_under_split_payment_the_vat_is_withheld() -> None:
    split = FATTURA.replace(b">I</Esig", b">S</Esig")
    start, end = split.index(b"<DatiRitenuta>"), split.index(b"<DatiCassaPrevidenziale>")
    assert read(split[:start] + split[end:]).reading.invoice.totals.withheld == D("228.80")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("TD02", InvoiceType.PREPAYMENT_INVOICE),
        ("TD04", InvoiceType.CREDIT_NOTE),
        ("TD17", InvoiceType.SELF_BILLED_INVOICE),
        ("TD24", InvoiceType.INVOICE),
    ],
)
def test_types(code: str, kind: InvoiceType) -> None:
    invoice = read(FATTURA.replace(b"TD01", code.encode())).reading.invoice
    assert (invoice.type, invoice.type_code) == (kind, code)


def test_of_several_invoices_in_a_file_the_first_is_read_and_the_others_are_told() -> None:
    start, end = FATTURA.index(b"<FatturaElettronicaBody>"), FATTURA.index(b"</p:FatturaElettronica>")
    second = FATTURA[start:end].replace(b"42/2026", b"43/2026")
    einvoice = read(FATTURA[:end] + second + FATTURA[end:])
    (finding,) = einvoice.findings
    assert (finding.rule, finding.values) == ("IF-EINV-SEVERAL", {"number 1": "42/2026", "number 2": "43/2026"})
    assert einvoice.reading.invoice.number == "42/2026"
    assert len(einvoice.reading.invoice.lines) == 2


def lot(*numbers: bytes) -> bytes:
    start, end = FATTURA.index(b"<FatturaElettronicaBody>"), FATTURA.index(b"</p:FatturaElettronica>")
    body = FATTURA[start:end]
    return FATTURA[:start] + b"".join(body.replace(b"42/2026", number) for number in numbers) + FATTURA[end:]


def test_each_invoice_of_a_lot_is_read_as_if_it_stood_alone() -> None:
    einvoices = read_all(lot(b"42/2026", b"43/2026", b"44/2026"), max_size=10**6)
    assert [one.reading.invoice.number for one in einvoices] == ["42/2026", "43/2026", "44/2026"]
    alone = read(FATTURA).reading.invoice
    for one in einvoices:
        assert one.findings == ()
        assert one.reading.invoice.model_copy(update={"number": alone.number}) == alone


def test_the_evidence_of_a_lot_points_into_the_file_that_was_sent() -> None:
    data = lot(b"42/2026", b"43/2026")
    _, second = read_all(data, max_size=10**6)
    root = etree.fromstring(data)
    path = second.reading.evidence["/number"].path
    assert path is not None
    assert root.xpath(f"string({path})", namespaces=root.nsmap) == "43/2026"
    line = second.reading.evidence["/lines/1/net"].path
    assert line is not None
    assert "FatturaElettronicaBody[2]" in line
    (element,) = root.xpath(line, namespaces=root.nsmap)
    assert element.getparent().getparent().getparent() is root.findall("FatturaElettronicaBody")[1]


def test_a_file_of_one_invoice_is_no_lot() -> None:
    assert [one.reading.invoice.number for one in read_all(FATTURA, max_size=10**6)] == ["42/2026"]


def test_it_is_told_by_its_namespace() -> None:
    content = ContentRef(bucket="b", key="k", sha256="0" * 64, size=1, media_type="application/xml")
    assert looks_like_einvoice(Candidate(EmbeddedFile(name="IT01234567890_00042.xml", content=content), FATTURA))


def signed(content: bytes) -> bytes:
    """Return signed data (RFC 5652) without any signer, in DER."""
    data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [],
            "encap_content_info": {"content_type": "data", "content": content},
            "signer_infos": [],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "signed_data", "content": data}).dump())


def in_ber(content: bytes) -> bytes:
    """Return the same with lengths that are told by an end and a content in pieces, as signing programs stream it."""
    halves = (content[: len(content) // 2], content[len(content) // 2 :])
    pieces = b"".join(b"\x04\x82" + len(half).to_bytes(2, "big") + half for half in halves)
    end = b"\0\0"
    encapsulated = bytes.fromhex("308006092a864886f70d010701a0802480") + pieces + end * 3
    return (
        bytes.fromhex("308006092a864886f70d010702a080308002010131 00".replace(" ", ""))
        + encapsulated
        + bytes.fromhex("3100")
        + end * 3
    )


@pytest.mark.parametrize(
    "wrap",
    [
        signed,
        in_ber,
        lambda content: signed(signed(content)),
        lambda content: base64.b64encode(signed(content)),
        lambda content: base64.encodebytes(signed(content)),
        lambda content: b"-----BEGIN PKCS7-----\n" + base64.encodebytes(signed(content)) + b"-----END PKCS7-----\n",
    ],
    ids=["DER", "BER", "signed twice", "base64", "base64 in lines", "PEM"],
)
def test_a_signed_file_is_read_as_what_was_signed(wrap: Callable[[bytes], bytes]) -> None:
    assert read(wrap(FATTURA)) == read(FATTURA)


@pytest.mark.parametrize(
    "broken", [signed(FATTURA)[:3000], signed(b""), signed(FATTURA)[:40]], ids=["cut", "detached", "cut early"]
)
def test_a_damaged_signed_file_is_refused(broken: bytes) -> None:
    with pytest.raises(PermanentError) as refusal:
        read(broken)
    assert refusal.value.code == "einvoice_damaged"


def test_what_is_signed_is_not_trusted_more() -> None:
    with pytest.raises(PermanentError) as refusal:
        read(signed(b"<!DOCTYPE x>" + FATTURA))
    assert refusal.value.code == "einvoice_unsafe"
