"""Invoices as e-invoices: UBL 2.1 and UN/CEFACT CII (Factur-X), after EN 16931."""

from invoiceflow_query.einvoice.completion import completed
from invoiceflow_query.einvoice.rules import violations
from invoiceflow_query.einvoice.violations import Violation
from invoiceflow_query.einvoice.writing import NotPossibleError, Syntax, write

__all__ = ["NotPossibleError", "Syntax", "Violation", "completed", "violations", "write"]
