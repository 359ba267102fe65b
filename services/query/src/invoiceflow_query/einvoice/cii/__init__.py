"""UN/CEFACT Cross Industry Invoice, Factur-X."""

from invoiceflow_query.einvoice.cii.document import write_cii

__all__ = ["write_cii"]
