"""The rules of EN 16931 that an invoice can break, as far as the official validation of its documents checks them.

They are held against the invoice before it is written, so that nobody gets a document that the receiver would refuse; what writing
itself decides (order, names, formats) is not among them.
"""

from invoiceflow_contracts.invoice import Invoice
from invoiceflow_query.einvoice.rules.header import header
from invoiceflow_query.einvoice.rules.lines import lines
from invoiceflow_query.einvoice.rules.parties import parties
from invoiceflow_query.einvoice.rules.sums import sums
from invoiceflow_query.einvoice.rules.vat import vat
from invoiceflow_query.einvoice.violations import Violation

__all__ = ["violations"]


def violations(invoice: Invoice) -> tuple[Violation, ...]:
    """Return what a completed invoice breaks, in the order of the rules' subjects; nothing where it can be written."""
    return (*header(invoice), *parties(invoice), *lines(invoice), *sums(invoice), *vat(invoice))
