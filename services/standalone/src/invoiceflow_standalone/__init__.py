"""All four services in one process on the embedded default, and the ``invoiceflow`` command."""
