"""The code of what kind of document an invoice is (BT-3, UNTDID 1001)."""

from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_query.einvoice.code_lists import code_list

__all__ = ["is_credit_note", "type_code"]

_CODES = {
    InvoiceType.INVOICE: "380",
    InvoiceType.CREDIT_NOTE: "381",
    InvoiceType.CORRECTED_INVOICE: "384",
    InvoiceType.PREPAYMENT_INVOICE: "386",
    InvoiceType.SELF_BILLED_INVOICE: "389",
    InvoiceType.PRO_FORMA: "325",
}


def type_code(kind: InvoiceType) -> str | None:
    """Return the code, or None for what EN 16931 has none for: a receipt and a reminder are no invoices."""
    return _CODES.get(kind)


def is_credit_note(code: str | None) -> bool:
    """Whether a document of this code is a credit note in UBL."""
    return code in code_list("credit_note_type")
