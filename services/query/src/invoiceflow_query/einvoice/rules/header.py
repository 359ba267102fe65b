"""The invoice as a whole: number, dates, type, currencies, references (BR-02 to BR-05, BR-16, BR-29, BR-52, BR-53, BR-CO-03, BR-CL-*)."""

from collections.abc import Iterator

from invoiceflow_contracts.invoice import Invoice
from invoiceflow_query.einvoice.code_lists import code_list
from invoiceflow_query.einvoice.rules.asking import listed, missing, scheme_listed
from invoiceflow_query.einvoice.violations import Violation

__all__ = ["header"]

TAX_POINTS = {"3", "35", "432"}
"""UNTDID 2005: date of issue, of delivery, of payment (BR-CL-06)."""


def header(invoice: Invoice) -> Iterator[Violation]:
    """Yield what is wrong with the head of a completed invoice."""
    yield from missing("BR-02", invoice.number, "/number", "The invoice has no number (BT-1).")
    yield from missing("BR-03", invoice.issue_date, "/issue_date", "The invoice has no issue date (BT-2).")
    yield from _type(invoice)
    yield from missing("BR-05", invoice.currency, "/currency", "The invoice has no currency (BT-5).")
    yield from listed("BR-CL-04", invoice.currency, "currency", "/currency", "The currency (BT-5)")
    if not invoice.lines:
        yield Violation("BR-16", "The invoice has no line (BG-25).", ("/lines",))
    start, end = invoice.period_start, invoice.period_end
    if start and end and end < start:
        message = "The invoicing period ends before it begins (BT-73, BT-74)."
        yield Violation("BR-29", message, ("/period_start", "/period_end"))
    yield from _tax_accounting(invoice)
    for index, subject in enumerate(invoice.note_subject_codes):
        at = f"/note_subject_codes/{index}"
        yield from listed("BR-CL-08", subject, "note_subject", at, "The subject code of a note (BT-21)")
    yield from scheme_listed(
        "BR-CL-07", invoice.object_id, "object_scheme", "/object_id", "The invoiced object (BT-18)"
    )
    for index, document in enumerate(invoice.supporting_documents):
        message = "A supporting document has no reference (BT-122)."
        yield from missing("BR-52", document.reference, f"/supporting_documents/{index}/reference", message)


def _type(invoice: Invoice) -> Iterator[Violation]:
    if invoice.type_code is None:
        kind = invoice.type.value.replace("_", " ")
        yield Violation("BR-CL-01", f"A {kind} is no invoice: EN 16931 has no document type for it (BT-3).", ("/type",))
    elif invoice.type_code not in code_list("invoice_type") | code_list("credit_note_type"):
        message = f"The document type code {invoice.type_code[:30]!r} is not in the code list (BT-3)."
        yield Violation("BR-CL-01", message, ("/type_code",))


def _tax_accounting(invoice: Invoice) -> Iterator[Violation]:
    """Yield what is wrong with when the VAT becomes due and in which currency it is accounted."""
    if invoice.tax_point_date and invoice.tax_point_code:
        message = "When the VAT becomes due is stated as a date and as a code; only one of them may be (BT-7, BT-8)."
        yield Violation("BR-CO-03", message, ("/tax_point_date", "/tax_point_code"))
    if invoice.tax_point_code is not None and invoice.tax_point_code not in TAX_POINTS:
        message = (
            f"The code for when the VAT becomes due, {invoice.tax_point_code[:30]!r}, is not in the code list (BT-8)."
        )
        yield Violation("BR-CL-06", message, ("/tax_point_code",))
    if invoice.tax_currency is not None:
        yield from listed("BR-CL-05", invoice.tax_currency, "currency", "/tax_currency", "The VAT currency (BT-6)")
        message = "The VAT is accounted in another currency, and its total in that currency is missing (BT-111)."
        yield from missing("BR-53", invoice.totals.tax_in_tax_currency, "/totals/tax_in_tax_currency", message)
