"""Takes documents in: HTTP and Kafka to document.uploaded."""
