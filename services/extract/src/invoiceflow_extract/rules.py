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
    ("IF-DUE-DATE", _WARNING, "The due date is not before the issue date (BT-9, BT-2)"),
    ("BR-CL-01", _WARNING, "The document type is a code of UNTDID 1001 for invoices (BT-3)"),
    ("BR-CL-04", _ERROR, "The currency is a code of ISO 4217 (BT-5)"),
    ("IF-VAT-ID", _WARNING, "The VAT identifier has its country's form and check digits (BT-31, BT-48)"),
    ("IF-IBAN", _WARNING, "The IBAN has its country's length and the right check digits (BT-84)"),
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
