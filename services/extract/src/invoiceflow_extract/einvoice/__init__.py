"""Exact reading of e-invoices: UBL 2.1, UN/CEFACT CII (Factur-X, ZUGFeRD 1 and 2, XRechnung) and FatturaPA."""

from invoiceflow_extract.einvoice.choice import Candidate, in_order_of_trust, looks_like_einvoice
from invoiceflow_extract.einvoice.lots import read_all
from invoiceflow_extract.einvoice.model import EInvoice, Profile, Syntax
from invoiceflow_extract.einvoice.reader import read

__all__ = ["Candidate", "EInvoice", "Profile", "Syntax", "in_order_of_trust", "looks_like_einvoice", "read", "read_all"]
