"""UBL 2.1."""

from invoiceflow_query.einvoice.ubl.document import write_ubl

__all__ = ["write_ubl"]
