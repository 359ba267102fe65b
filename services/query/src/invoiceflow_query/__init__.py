"""The read model and the REST API over documents and invoices."""
