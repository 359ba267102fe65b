"""What the whole stack does on this machine: Kafka, MinIO, the read model's store, the four services and the gateway."""
