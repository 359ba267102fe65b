"""An e-invoice is held against the official XML Schema of its syntax and profile."""

import pytest

from invoiceflow_contracts.extraction import Severity
from invoiceflow_extract.einvoice import read


def said(xml: str) -> list[str]:
    return [finding.message for finding in read(xml.encode()).findings if finding.rule == "IF-EINV-SCHEMA"]


def test_files_that_keep_to_their_schemas(ubl: str, cii: str, zugferd1: str) -> None:
    for sound in (ubl, cii, cii.replace("2017</ram:ID>", "2017#conformant#urn:factur-x.eu:1p0:extended</ram:ID>")):
        assert said(sound) == []
    assert all("LogisticsServiceCharge" not in message for message in said(zugferd1))


def test_a_breach_is_a_warning_that_names_the_schema(ubl: str) -> None:
    (finding,) = read(ubl.replace("<cbc:ID>2024-0117</cbc:ID>", "").encode()).findings
    assert (finding.rule, finding.severity) == ("IF-EINV-SCHEMA", Severity.WARNING)
    assert finding.values == {"schema": "UBL-Invoice-2.1.xsd"}
    assert "urn:" not in finding.message


@pytest.mark.parametrize("profile", ["minimum", "basicwl"])
def test_a_profile_without_lines_may_have_none(cii: str, profile: str) -> None:
    as_profile = cii.replace("urn:cen.eu:en16931:2017<", f"urn:factur-x.eu:1p0:{profile}<")
    assert any("IncludedSupplyChainTradeLineItem" in message for message in said(as_profile))


def test_a_mistake_on_every_line_is_told_once(ubl: str) -> None:
    start, end = ubl.index("  <cac:InvoiceLine>"), ubl.index("</Invoice>")
    broken = ubl[start:end].replace("</cbc:ID>", "</cbc:ID><cbc:Colour>red</cbc:Colour>", 1)
    assert len(said(ubl[:start] + broken * 20 + "</Invoice>")) <= 2


def test_an_envelope_is_no_breach(ubl: str) -> None:
    header = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
    body = ubl.partition("?>")[2]
    assert said(f'<StandardBusinessDocument xmlns="{header}">{body}</StandardBusinessDocument>') == []
