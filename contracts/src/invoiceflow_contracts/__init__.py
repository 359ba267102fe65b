"""What the services may know of each other: events, the invoice, the layout, topics."""
