"""The topics and events, from ``topics.yaml`` and the events' models."""

from invoiceflow_contracts.events import EVENTS
from invoiceflow_contracts.schemas import schema_path
from invoiceflow_contracts.topics import TOPICS, TopicSpec, partners, topic_specs
from reference_pages.blocks import table

__all__ = ["contract_blocks"]


def contract_blocks() -> dict[str, str]:
    """Return the tables of topics, of their partners and of events."""
    specs = {spec.name: spec for spec in topic_specs()}
    topics = [
        (f"`{name}`", topic.description, topic.owner, ", ".join(topic.producers), ", ".join(topic.consumers))
        for name, topic in TOPICS.items()
    ]
    sizes = [_size(specs[spec.name]) for topic in TOPICS.values() for spec in (specs[topic.name], *partners(topic))]
    events = [
        (
            f"`{event.event_type}` v{event.event_version}",
            _first_sentence(event.__doc__ or ""),
            f"`{event.ce_type()}`",
            f"[schema](../../contracts/schemas/{schema_path(event)})",
            f"[examples](../../contracts/examples/{event.event_type}/v{event.event_version})",
        )
        for event in EVENTS
    ]
    return {
        "topics": table(("topic", "what it says", "owner", "producers", "consumers"), topics),
        "topics.sizes": table(("topic", "partitions", "retention", "largest message"), sizes),
        "events": table(("event", "meaning", "`ce_type`", "", ""), events),
    }


def _size(spec: TopicSpec) -> tuple[str, str, str, str]:
    days, hours = divmod(spec.retention_hours, 24)
    kept = f"{days} d" if days and not hours else f"{spec.retention_hours} h"
    return f"`{spec.name}`", str(spec.partitions), kept, f"{spec.max_message_bytes:,} bytes"


def _first_sentence(text: str) -> str:
    return text.strip().partition("\n\n")[0].replace("``", "`")
