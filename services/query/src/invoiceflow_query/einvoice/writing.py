"""From an invoice to the bytes of an e-invoice, or to what is in the way."""

from enum import StrEnum

from invoiceflow_contracts.invoice import Invoice
from invoiceflow_query.einvoice.cii import write_cii
from invoiceflow_query.einvoice.completion import completed
from invoiceflow_query.einvoice.rules import violations
from invoiceflow_query.einvoice.ubl import write_ubl
from invoiceflow_query.einvoice.violations import Violation

__all__ = ["NotPossibleError", "Syntax", "write"]


class Syntax(StrEnum):
    """The two syntaxes of EN 16931."""

    UBL = "ubl"
    CII = "cii"


class NotPossibleError(Exception):
    """The invoice does not say what EN 16931 demands, or contradicts itself."""

    def __init__(self, broken: tuple[Violation, ...]) -> None:
        super().__init__(", ".join(dict.fromkeys(each.rule for each in broken)))
        self.violations = broken


def write(invoice: Invoice, syntax: Syntax) -> bytes:
    """Return the invoice in ``syntax``; the same invoice gives the same bytes.

    Raises:
        NotPossibleError: no valid document can be made of it.
    """
    full = completed(invoice)
    broken = violations(full)
    if broken:
        raise NotPossibleError(broken)
    return write_ubl(full) if syntax is Syntax.UBL else write_cii(full)
