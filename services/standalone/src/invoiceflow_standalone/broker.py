"""The embedded broker: librdkafka's in-memory cluster, which speaks the Kafka protocol on a loopback port.

It forgets everything when it stops (see ``resumption``), keeps some 5 MB or 100,000 events a partition, and takes
one consumer in a group, which is what one process has.
"""

from confluent_kafka import Producer

from invoiceflow_contracts.topics import topic_specs

__all__ = ["EmbeddedBroker"]

TIMEOUT_SECONDS = 10.0


class EmbeddedBroker:
    """A cluster of one broker with all topics of ``topics.yaml``; it lives as long as this object."""

    def __init__(self) -> None:
        self._cluster = Producer({"bootstrap.servers": "embedded", "test.mock.num.brokers": 1, "log_level": 0})
        for spec in topic_specs():
            # Asking for a topic creates it; creating one by its admin call does not work here.
            self._cluster.list_topics(spec.name, timeout=TIMEOUT_SECONDS)

    @property
    def bootstrap_servers(self) -> str:
        """Where clients find it: ``host:port``."""
        brokers = self._cluster.list_topics(timeout=TIMEOUT_SECONDS).brokers.values()
        return ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
