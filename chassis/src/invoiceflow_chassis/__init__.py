"""The microservice chassis: Kafka delivery, object store, settings, health, telemetry."""
