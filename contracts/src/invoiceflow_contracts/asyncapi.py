"""The AsyncAPI 3.0 document, made from ``topics.yaml`` and the events' schemas."""

from importlib.metadata import version
from typing import Any

from invoiceflow_contracts.cloudevents import CONTENT_TYPE, SPEC_VERSION
from invoiceflow_contracts.events import EVENTS, Event
from invoiceflow_contracts.schemas import schema_path
from invoiceflow_contracts.topics import TOPICS, Topic, partners

__all__ = ["asyncapi_document"]

_DESCRIPTION = """\
Invoiceflow turns invoices that arrive in any form into checked, queryable invoice data. Its services talk only through these topics.

Events are CloudEvents 1.0 in the Kafka protocol binding's binary mode: the context attributes are headers, the value is the data as JSON. \
The record's key is the document's id. Delivery is at least once: drop an event whose `ce_source` and `ce_id` were seen before.

Amounts are decimal strings, times RFC 3339 in UTC. Readers ignore fields they do not know.
"""

_HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source"],
    "properties": {
        "ce_specversion": {"type": "string", "const": SPEC_VERSION},
        "ce_id": {
            "type": "string",
            "minLength": 1,
            "description": "The same for the same event however often it is sent; unique within ce_source.",
        },
        "ce_source": {"type": "string", "minLength": 1, "description": "Who sends: a URI reference."},
        "ce_time": {"type": "string", "format": "date-time", "description": "When it happened."},
        "ce_subject": {"type": "string", "description": "The document's id."},
        "traceparent": {"type": "string", "description": "The trace the event belongs to (W3C Trace Context)."},
    },
}


def asyncapi_document() -> dict[str, Any]:
    """Return the document; its schemas are referred to as files beside it."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:invoiceflow:asyncapi",
        "info": {
            "title": "Invoiceflow",
            "version": version("invoiceflow-contracts"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {topic.name: _channel(topic) for topic in TOPICS.values()},
        "operations": {name: operation for topic in TOPICS.values() for name, operation in _operations(topic).items()},
        "components": {
            "messages": {event.ce_type(): _message(event) for event in EVENTS},
        },
    }


def _events(topic: Topic) -> list[type[Event]]:
    return [event for event in EVENTS if event.event_type == topic.name]


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {event.ce_type(): {"$ref": f"#/components/messages/{event.ce_type()}"} for event in _events(topic)},
        "bindings": {"kafka": _binding(topic.name, topic.partitions, topic.retention_hours, topic.max_message_bytes)},
        "x-owner": topic.owner,
        "x-producers": list(topic.producers),
        "x-consumers": list(topic.consumers),
        "x-partners": [
            _binding(spec.name, spec.partitions, spec.retention_hours, spec.max_message_bytes)
            for spec in partners(topic)
        ],
    }


def _binding(topic: str, partitions: int, retention_hours: int, max_message_bytes: int) -> dict[str, Any]:
    return {
        "topic": topic,
        "partitions": partitions,
        "topicConfiguration": {
            "cleanup.policy": ["delete"],
            "retention.ms": retention_hours * 3_600_000,
            "max.message.bytes": max_message_bytes,
        },
    }


def _operations(topic: Topic) -> dict[str, Any]:
    sides = [("send", "sends", topic.producers), ("receive", "receives", topic.consumers)]
    return {
        f"{party}.{action}.{topic.name}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{topic.name}"},
            "summary": f"{party} {verb} {topic.name}",
            "messages": [{"$ref": f"#/channels/{topic.name}/messages/{event.ce_type()}"} for event in _events(topic)],
        }
        for action, verb, parties in sides
        for party in parties
    }


def _message(event: type[Event]) -> dict[str, Any]:
    headers = {
        **_HEADERS,
        "properties": {
            **_HEADERS["properties"],
            "ce_type": {"type": "string", "const": event.ce_type()},
            "ce_dataschema": {"type": "string", "const": event.ce_dataschema()},
            "content-type": {"type": "string", "const": CONTENT_TYPE},
        },
    }
    return {
        "name": event.ce_type(),
        "title": f"{event.event_type} version {event.event_version}",
        "summary": (event.__doc__ or "").strip().partition("\n")[0],
        "contentType": CONTENT_TYPE,
        "headers": headers,
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"./schemas/{schema_path(event)}"},
        },
        "bindings": {"kafka": {"key": {"type": "string", "description": "The document's id."}}},
    }
