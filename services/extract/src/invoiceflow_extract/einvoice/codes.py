"""Code lists that decide what a document is."""

from invoiceflow_contracts.extraction import Finding
from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_extract.rules import RULES

__all__ = ["invoice_type", "unknown_type"]

_CREDIT_NOTES = {"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532"}
_CORRECTED = {"384", "471", "472", "473"}
_PREPAYMENT = {"386", "500"}
_SELF_BILLED = {"389", "501", "527"}
_INVOICES = {
    *(
        "71",
        "80",
        "82",
        "84",
        "102",
        "130",
        "202",
        "203",
        "204",
        "211",
        "218",
        "219",
        "295",
        "326",
        "331",
        "380",
        "382",
    ),
    *("383", "385", "387", "388", "390", "393", "394", "395", "456", "457", "553", "575", "623", "633", "751", "780"),
    *("817", "870", "875", "876", "877", "935"),
}


def invoice_type(code: str) -> InvoiceType | None:
    """Return what a document type code (BT-3, UNTDID 1001) means here; None for one that is not an invoice's.

    A self-billed credit note (261) counts as a credit note and a self-billed corrected invoice (471) as corrected:
    what it does to the amount owed matters more than who wrote it. A partial invoice (326) is an invoice.
    """
    kinds = (
        (_CREDIT_NOTES, InvoiceType.CREDIT_NOTE),
        (_CORRECTED, InvoiceType.CORRECTED_INVOICE),
        (_PREPAYMENT, InvoiceType.PREPAYMENT_INVOICE),
        (_SELF_BILLED, InvoiceType.SELF_BILLED_INVOICE),
        ({"325"}, InvoiceType.PRO_FORMA),
        (_INVOICES, InvoiceType.INVOICE),
    )
    return next((kind for codes, kind in kinds if code in codes), None)


def unknown_type(code: str) -> Finding:
    """Return the finding for a type code that stands for no invoice."""
    return RULES["BR-CL-01"].finding(
        f"The document type code {code[:20]!r} stands for no kind of invoice, so it was taken as the file's own kind.",
        pointers=("/type",),
        values={"code": code[:20]},
    )
