"""How fast it is: one document from upload to invoice, and pages a second beside the engines as they come."""
