"""What is no e-invoice, or is meant to do harm, is refused with a code and a sentence."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.layout import EmbeddedFile
from invoiceflow_extract.einvoice import Candidate, in_order_of_trust, read

XXE = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    + "]>"
)


def refusal(data: bytes, **limits: int) -> str:
    with pytest.raises(PermanentError) as caught:
        read(data, **limits)
    assert caught.value.message.endswith(".")
    return caught.value.code


@pytest.mark.parametrize("prolog", [XXE, LAUGHS, '<!DOCTYPE r SYSTEM "http://192.0.2.1/r.dtd">'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_declaration_is_refused(ubl: str, prolog: str, encoding: str) -> None:
    text = prolog + ubl.split("?>", 1)[1].replace("2024-0117", "&x;")
    assert refusal(text.encode(encoding)) == "einvoice_unsafe"


def test_cut_off_xml_is_damaged(ubl: str) -> None:
    assert refusal(ubl.encode()[:3000]) == "einvoice_damaged"


@pytest.mark.parametrize("data", [b"", b"   ", b"hello", b"\x89PNG\r\n\x1a\n", b"<a>\xff\xfe</a>"])
def test_what_is_not_xml_is_damaged(data: bytes) -> None:
    assert refusal(data) == "einvoice_damaged"


def test_too_large(ubl: str) -> None:
    assert refusal(ubl.encode(), max_size=1000) == "einvoice_too_large"


@pytest.mark.parametrize(
    "root",
    [
        '<x:SCRDMCCBDACIOMessageStructure xmlns:x="urn:un:unece:uncefact:data:SCRDMCCBDACIOMessageStructure:100"/>',
        '<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>',
    ],
)
def test_an_order_is_no_invoice(root: str) -> None:
    assert refusal(root.encode()) == "order_not_invoice"


@pytest.mark.parametrize("root", ["<html/>", '<Invoice xmlns="urn:example"/>', "<Invoice/>"])
def test_other_xml_is_no_einvoice(root: str) -> None:
    assert refusal(root.encode()) == "not_an_einvoice"


@given(st.data())
def test_a_damaged_file_is_read_or_refused_never_worse(data: st.DataObject) -> None:
    text = (
        b'<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100">'
        b"<rsm:ExchangedDocument><rsm:ID>1</rsm:ID><rsm:IssueDateTime><rsm:DateTimeString>20240101</rsm:DateTimeString>"
        b"</rsm:IssueDateTime></rsm:ExchangedDocument></rsm:CrossIndustryInvoice>"
    )
    at = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:at] + data.draw(st.binary(max_size=4)) + text[at + data.draw(st.integers(0, 8)) :]
    with suppress(PermanentError):
        read(damaged)


def candidate(name: str, data: bytes) -> Candidate:
    ref = ContentRef(bucket="b", key="default/x", sha256="0" * 64, size=len(data), media_type="application/xml")
    return Candidate(EmbeddedFile(name=name, content=ref), data)


def test_prescribed_names_come_first_and_other_files_only_by_their_content(ubl: str, cii: str) -> None:
    files = [
        candidate("style.xml", b"<xsl:stylesheet/>"),
        candidate("UBL-Invoice.xml", ubl.encode()),
        candidate("ZUGFeRD-invoice.xml", cii.encode()),
        candidate("factur-x.xml", b"<rsm:Cross"),
    ]
    assert [each.file.name for each in in_order_of_trust(files)] == [
        "ZUGFeRD-invoice.xml",
        "factur-x.xml",
        "UBL-Invoice.xml",
    ]
