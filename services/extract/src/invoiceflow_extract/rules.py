"""Every rule that can lead to a finding, in one table.

Identifiers beginning with ``BR-`` are those of EN 16931-1 and its validation artefacts, where the rule means the same
here; ``IF-`` are this project's own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from invoiceflow_contracts.extraction import Finding, Severity

__all__ = ["RULES", "Rule"]

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@dataclass(frozen=True)
class Rule:
    """A rule as the reference lists it."""

    id: str
    severity: Severity
    """What a breach counts as, unless the check that finds it knows better."""
    title: str
    """What must hold, as a sentence without its full stop."""

    def finding(
        self,
        message: str,
        *,
        pointers: Iterable[str] = (),
        values: Mapping[str, object] | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """Return the finding that this rule does not hold."""
        return Finding(
            rule=self.id,
            severity=severity or self.severity,
            message=message,
            pointers=tuple(pointers),
            values={name: str(value) for name, value in (values or {}).items()},
        )


_TABLE = (
    # What an invoice must have
    ("BR-2", _ERROR, "An invoice has a number (BT-1)"),
    ("BR-3", _ERROR, "An invoice has an issue date (BT-2)"),
    ("BR-5", _ERROR, "An invoice names its currency (BT-5)"),
    ("BR-6", _ERROR, "An invoice names the seller (BT-27)"),
    ("BR-7", _ERROR, "An invoice names the buyer (BT-44)"),
    ("BR-9", _WARNING, "The seller's address has a country (BT-40)"),
    ("BR-11", _WARNING, "The buyer's address has a country (BT-55)"),
    ("BR-12", _ERROR, "An invoice has the sum of its lines (BT-106)"),
    ("BR-13", _ERROR, "An invoice has a total without VAT (BT-109)"),
    ("BR-14", _ERROR, "An invoice has a total with VAT (BT-112)"),
    ("BR-15", _ERROR, "An invoice has an amount due (BT-115)"),
    ("BR-16", _ERROR, "An invoice has at least one line (BG-25)"),
    ("BR-CO-18", _ERROR, "An invoice has at least one VAT breakdown (BG-23)"),
    ("BR-17", _ERROR, "A payee has a name (BT-59)"),
    ("BR-18", _ERROR, "The seller's tax representative has a name (BT-62)"),
    ("BR-20", _ERROR, "The tax representative's address has a country (BT-69)"),
    ("BR-56", _ERROR, "The seller's tax representative has a VAT identifier (BT-63)"),
    ("BR-CO-9", _ERROR, "A VAT identifier begins with the code of its country"),
    ("BR-CO-26", _ERROR, "The seller has an identifier, a registration or a VAT identifier (BT-29, BT-30, BT-31)"),
    ("BR-CO-25", _ERROR, "Where an amount is due, there is a due date or terms of payment (BT-9, BT-20)"),
    ("BR-61", _ERROR, "A credit transfer names an account (BT-84)"),
    ("BR-21", _ERROR, "A line has a number (BT-126)"),
    ("BR-22", _ERROR, "A line has a quantity (BT-129)"),
    ("BR-23", _ERROR, "A line's quantity has a unit (BT-130)"),
    ("BR-24", _ERROR, "A line has a net amount (BT-131)"),
    ("BR-25", _ERROR, "A line has the name of an item (BT-153)"),
    ("BR-26", _ERROR, "A line has a price (BT-146)"),
    ("BR-27", _ERROR, "A line's net price is not negative (BT-146)"),
    ("BR-28", _ERROR, "A line's gross price is not negative (BT-148)"),
    ("BR-CO-4", _ERROR, "A line has a VAT category (BT-151)"),
    ("BR-33", _ERROR, "An allowance of the document gives a reason (BT-97, BT-98)"),
    ("BR-38", _ERROR, "A charge of the document gives a reason (BT-104, BT-105)"),
    ("IF-LAW", _WARNING, "An invoice has what the law of the seller's country asks for"),
    # Arithmetic
    ("BR-CO-10", _ERROR, "The sum of the lines is the total of their net amounts"),
    ("BR-CO-11", _ERROR, "The sum of allowances is the total of the document's allowances"),
    ("BR-CO-12", _ERROR, "The sum of charges is the total of the document's charges"),
    ("BR-CO-13", _ERROR, "Total without VAT = sum of lines - allowances + charges"),
    ("BR-CO-14", _ERROR, "Total VAT is the sum of the VAT breakdown"),
    ("BR-CO-15", _ERROR, "Total with VAT = total without VAT + VAT"),
    ("BR-CO-16", _ERROR, "Amount due = total with VAT - prepaid + rounding, less what is withheld"),
    ("BR-CO-17", _WARNING, "VAT of a category = its taxable amount x its rate"),
    ("IF-TAX-BASIS", _WARNING, "The taxable amounts of the VAT breakdown add up to the total without VAT"),
    ("IF-LINE-NET", _WARNING, "Line net amount = quantity x unit price - discount"),
    ("IF-SEVERAL-INVOICES", _WARNING, "A document holds one invoice"),
    ("IF-LINES-COMPLETE", _WARNING, "The lines found add up to a total of the invoice"),
    ("IF-ROWS-UNREAD", _WARNING, "Every row with an amount among the lines was read"),
    ("IF-LINE-NUMBERS", _WARNING, "The printed numbers of the lines have no gap"),
    ("IF-LINE-REPEATED", _WARNING, "No line is repeated word for word"),
    ("IF-PAGES-MISSING", _ERROR, "As many pages are there as the document says"),
    # Taxes
    ("BR-S-1", _ERROR, "Standard rate: what lines, allowances and charges are of has its VAT breakdown"),
    ("BR-S-2", _ERROR, "Standard rate: the identifiers of seller that it needs are there"),
    ("BR-S-5", _ERROR, "Standard rate: the rate of a line is above 0"),
    ("BR-S-8", _ERROR, "Standard rate: the taxable amount is what its lines, allowances and charges come to"),
    ("BR-Z-1", _ERROR, "Zero-rated: what lines, allowances and charges are of has its VAT breakdown"),
    ("BR-Z-2", _ERROR, "Zero-rated: the identifiers of seller that it needs are there"),
    ("BR-Z-5", _ERROR, "Zero-rated: the rate of a line is 0"),
    ("BR-Z-8", _ERROR, "Zero-rated: the taxable amount is what its lines, allowances and charges come to"),
    ("BR-E-1", _ERROR, "Exempt from VAT: what lines, allowances and charges are of has its VAT breakdown"),
    ("BR-E-2", _ERROR, "Exempt from VAT: the identifiers of seller that it needs are there"),
    ("BR-E-5", _ERROR, "Exempt from VAT: the rate of a line is 0"),
    ("BR-E-8", _ERROR, "Exempt from VAT: the taxable amount is what its lines, allowances and charges come to"),
    ("BR-AE-1", _ERROR, "Reverse charge: what lines, allowances and charges are of has its VAT breakdown"),
    ("BR-AE-2", _ERROR, "Reverse charge: the identifiers of seller and buyer that it needs are there"),
    ("BR-AE-5", _ERROR, "Reverse charge: the rate of a line is 0"),
    ("BR-AE-8", _ERROR, "Reverse charge: the taxable amount is what its lines, allowances and charges come to"),
    ("BR-IC-1", _ERROR, "Intra-community supply: what lines, allowances and charges are of has its VAT breakdown"),
    ("BR-IC-2", _ERROR, "Intra-community supply: the identifiers of seller and buyer that it needs are there"),
    ("BR-IC-5", _ERROR, "Intra-community supply: the rate of a line is 0"),
    ("BR-IC-8", _ERROR, "Intra-community supply: the taxable amount is what its lines, allowances and charges come to"),
    ("BR-G-1", _ERROR, "Export outside the EU: what lines, allowances and charges are of has its VAT breakdown"),
    ("BR-G-2", _ERROR, "Export outside the EU: the identifiers of seller that it needs are there"),
    ("BR-G-5", _ERROR, "Export outside the EU: the rate of a line is 0"),
    ("BR-G-8", _ERROR, "Export outside the EU: the taxable amount is what its lines, allowances and charges come to"),
    ("BR-O-1", _ERROR, "Not subject to VAT: what lines, allowances and charges are of has its VAT breakdown"),
    ("BR-O-5", _ERROR, "Not subject to VAT: a line has no rate"),
    ("BR-O-8", _ERROR, "Not subject to VAT: the taxable amount is what its lines, allowances and charges come to"),
    ("BR-IG-1", _ERROR, "Canary Islands (IGIC): what lines, allowances and charges are of has its VAT breakdown"),
    ("BR-IG-2", _ERROR, "Canary Islands (IGIC): the identifiers of seller that it needs are there"),
    ("BR-IG-8", _ERROR, "Canary Islands (IGIC): the taxable amount is what its lines, allowances and charges come to"),
    ("BR-IP-1", _ERROR, "Ceuta and Melilla (IPSI): what lines, allowances and charges are of has its VAT breakdown"),
    ("BR-IP-2", _ERROR, "Ceuta and Melilla (IPSI): the identifiers of seller that it needs are there"),
    (
        "BR-IP-8",
        _ERROR,
        "Ceuta and Melilla (IPSI): the taxable amount is what its lines, allowances and charges come to",
    ),
    ("BR-IC-11", _ERROR, "Intra-community supply: there is a delivery date or an invoicing period (BT-72, BG-14)"),
    ("BR-IC-12", _ERROR, "Intra-community supply: there is a country of delivery (BT-80)"),
    ("BR-Z-9", _ERROR, "Zero-rated: the VAT amount is 0"),
    ("BR-E-9", _ERROR, "Exempt from VAT: the VAT amount is 0"),
    ("BR-AE-9", _ERROR, "Reverse charge: the VAT amount is 0"),
    ("BR-IC-9", _ERROR, "Intra-community supply: the VAT amount is 0"),
    ("BR-G-9", _ERROR, "Export outside the EU: the VAT amount is 0"),
    ("BR-O-9", _ERROR, "Not subject to VAT: the VAT amount is 0"),
    ("BR-E-10", _WARNING, "Exempt from VAT: there is an exemption reason (BT-120 or BT-121)"),
    ("BR-AE-10", _WARNING, "Reverse charge: there is an exemption reason (BT-120 or BT-121)"),
    ("BR-IC-10", _WARNING, "Intra-community supply: there is an exemption reason (BT-120 or BT-121)"),
    ("BR-G-10", _WARNING, "Export outside the EU: there is an exemption reason (BT-120 or BT-121)"),
    ("BR-O-10", _WARNING, "Not subject to VAT: there is an exemption reason (BT-120 or BT-121)"),
    # Dates, codes, identifiers
    ("BR-29", _ERROR, "The invoicing period does not end before it starts (BT-73, BT-74)"),
    ("BR-30", _ERROR, "The period of a line does not end before it starts (BT-134, BT-135)"),
    ("IF-DUE-DATE", _WARNING, "The due date is not before the issue date (BT-9, BT-2)"),
    ("BR-CL-01", _WARNING, "The document type is a code of UNTDID 1001 for invoices (BT-3)"),
    ("BR-CL-04", _ERROR, "The currency is a code of ISO 4217 (BT-5)"),
    ("IF-VAT-ID", _WARNING, "The VAT identifier has its country's form and check digits (BT-31, BT-48)"),
    ("IF-IBAN", _WARNING, "The IBAN has its country's length and the right check digits (BT-84)"),
    ("IF-BIC", _WARNING, "The BIC has the form of ISO 9362 (BT-86)"),
    ("IF-GLN", _WARNING, "A GLN has 13 digits and the right check digit (BT-29, BT-46, BT-71)"),
    # E-invoice files
    ("IF-EINV-DAMAGED", _ERROR, "The embedded e-invoice can be read"),
    ("IF-EINV-VALUE", _ERROR, "Every value of the e-invoice can be understood"),
    ("IF-EINV-SCHEMA", _WARNING, "The e-invoice keeps to the XML Schema of its syntax and profile"),
    ("IF-EINV-SEVERAL", _WARNING, "A document carries one e-invoice"),
    ("IF-FX-XML-MISSING", _ERROR, "A PDF that declares itself Factur-X or ZUGFeRD carries its XML"),
    ("IF-FX-XMP-MISSING", _ERROR, "A PDF with a Factur-X or ZUGFeRD XML declares it in its metadata (XMP)"),
    ("IF-FX-PROFILE", _ERROR, "The profile in the PDF's metadata (XMP) is that of its XML"),
    ("IF-FX-RELATIONSHIP", _WARNING, "The e-invoice is attached as Data or Alternative (/AFRelationship)"),
    ("IF-EVIDENCE", _INFO, "The evidence of every line fits into the event"),
    # The language model
    ("IF-LLM-SILENT", _WARNING, "The language model answers what it is asked"),
    ("IF-LLM-INSTRUCTION", _ERROR, "No text of the document speaks to a program"),
    # The e-invoice and the page beside it
    ("IF-PAGE-NUMBER", _ERROR, "The page shows the e-invoice's number"),
    ("IF-PAGE-DATE", _ERROR, "The page shows the e-invoice's issue date and due date"),
    ("IF-PAGE-CURRENCY", _ERROR, "The page shows the e-invoice's currency"),
    ("IF-PAGE-TOTAL", _ERROR, "The page shows the e-invoice's totals"),
    ("IF-PAGE-LINES", _ERROR, "The page shows the lines of the e-invoice"),
    ("IF-PAGE-IBAN", _ERROR, "The page shows the e-invoice's IBAN"),
    ("IF-PAGE-PARTY", _ERROR, "The page shows the e-invoice's seller and buyer"),
    ("IF-PAGE-VAT-ID", _ERROR, "The page shows the e-invoice's VAT identifiers of seller and buyer"),
)

RULES: Final[Mapping[str, Rule]] = {row[0]: Rule(*row) for row in _TABLE}
"""By identifier, in the order of the reference."""
