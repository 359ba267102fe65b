"""Makes sample invoices with their truth, deterministic by seed."""
