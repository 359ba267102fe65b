"""Reads documents: text, layout, tables and embedded e-invoices."""
