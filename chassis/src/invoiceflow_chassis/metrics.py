"""What Prometheus scrapes. One set of metrics a process; services are told apart by a label."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector

__all__ = [
    "DEAD_LETTERS",
    "DELIVERIES",
    "DELIVERY_SECONDS",
    "HTTP_REQUESTS",
    "HTTP_SECONDS",
    "IN_FLIGHT",
    "PUBLISHED",
    "REGISTRY",
]

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)

DELIVERIES = Counter(
    "invoiceflow_deliveries",
    "Records settled, by outcome: done, retry, failed, dead_letter.",
    ["service", "topic", "outcome"],
    registry=REGISTRY,
)
DELIVERY_SECONDS = Histogram(
    "invoiceflow_delivery_seconds",
    "Time a handler took.",
    ["service", "topic"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
DEAD_LETTERS = Counter(
    "invoiceflow_dead_letters", "Records sent to a DLQ, by error code.", ["service", "topic", "code"], registry=REGISTRY
)
IN_FLIGHT = Gauge(
    "invoiceflow_in_flight", "Records taken from a topic and not yet settled.", ["service", "topic"], registry=REGISTRY
)
PUBLISHED = Counter("invoiceflow_published", "Events acknowledged by Kafka.", ["service", "topic"], registry=REGISTRY)
HTTP_REQUESTS = Counter(
    "invoiceflow_http_requests", "Requests answered.", ["service", "method", "route", "status"], registry=REGISTRY
)
HTTP_SECONDS = Histogram(
    "invoiceflow_http_seconds",
    "Time to the end of the answer.",
    ["service", "method", "route"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
