"""The consumer groups: one for each service, on the topics that ``topics.yaml`` says it consumes."""

from invoiceflow_contracts.topics import OUTSIDE, RETRY_SUFFIX, TOPICS

__all__ = ["consumed_topics", "group_of"]


def group_of(service: str) -> str:
    """Return the name of the service's consumer group."""
    return f"invoiceflow-{service}"


def consumed_topics() -> dict[str, tuple[str, ...]]:
    """Return, by service, the topics that it consumes, each followed by its retry partner."""
    consumed: dict[str, list[str]] = {}
    for topic in TOPICS.values():
        for service in topic.consumers:
            if service not in OUTSIDE:
                consumed.setdefault(service, []).extend([topic.name, topic.name + RETRY_SUFFIX])
    return {service: tuple(topics) for service, topics in consumed.items()}
