"""Electronic invoices: UBL, CII, and CII inside a PDF."""
