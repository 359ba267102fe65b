"""Kafka delivery: at-least-once transport, effectively-once results."""

from invoiceflow_chassis.kafka.settings import KafkaSettings
from invoiceflow_chassis.kafka.transport import KafkaTransport

__all__ = ["KafkaSettings", "KafkaTransport"]
