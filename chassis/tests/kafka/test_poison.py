"""Poison on every topic: each message is dead-lettered with its reason, and what comes after it is handled."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from invoiceflow_chassis.dead_letters import DeadLetter, Selection
from invoiceflow_chassis.service import Delivery, Service, Subscription
from invoiceflow_chassis.testing.kafka import Broker, eventually
from invoiceflow_contracts.cloudevents import encode
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events import EVENTS, Event
from invoiceflow_contracts.topics import topic_of

pytestmark = pytest.mark.slow

MEBIBYTE = 1024 * 1024
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Headers = list[tuple[str, bytes | None]]


def headers_of(event: type[Event], version: int) -> Headers:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"4711"),
        ("ce_source", b"/test"),
        ("ce_type", f"invoiceflow.{event.event_type}.v{version}".encode()),
        ("content-type", b"application/json"),
    ]


def poison_of(event: type[Event]) -> dict[str, tuple[bytes | None, Headers, str]]:
    """Return, by what is wrong with it, a message and the reason that is expected."""
    noise = random.Random(event.event_type).randbytes(MEBIBYTE)
    return {
        "random bytes": (noise, [], "missing_attribute"),
        "random bytes that claim to be an event": (noise, headers_of(event, event.event_version), "not_json"),
        "no headers": (b"{}", [], "missing_attribute"),
        "null headers": (b"{}", [("ce_id", None), ("ce_type", None), ("ce_specversion", None)], "missing_attribute"),
        "headers that are not UTF-8": (
            b"{}",
            [*headers_of(event, 1)[:1], ("ce_type", b"\xff\xfe"), ("odd", b"\x80")],
            "invalid_attribute",
        ),
        "a later version": (b"{}", headers_of(event, event.event_version + 1), "unknown_version"),
        "a much later version": (b"{}", headers_of(event, 99), "unknown_version"),
        "no value": (None, headers_of(event, event.event_version), "empty_value"),
    }


class Everything:
    """A service that consumes every topic."""

    def __init__(self) -> None:
        self.handled: list[tuple[str, str]] = []
        self.service = Service(
            name="query",
            version="1",
            subscriptions=tuple(
                Subscription(event=event, handler=self._handler(event), fails_document=False) for event in EVENTS
            ),
        )

    def _handler(self, kind: type[Event]) -> Any:
        async def handle(_: Event, delivery: Delivery) -> Sequence[Event]:
            self.handled.append((topic_of(kind).name, delivery.event_id))
            return ()

        return handle


def good(event: type[Event], samples: dict[type[Event], Event]) -> tuple[bytes, list[tuple[str, bytes]], str]:
    event_id = uuid4()
    value, headers = encode(samples[event], event_id=event_id, source="/test", time=NOW)
    return value, headers, str(event_id)


@pytest.fixture
def samples() -> dict[type[Event], Event]:
    """A valid event of each kind."""
    content = ContentRef(bucket="b", key="default/x", sha256="0" * 64, size=1, media_type="application/pdf")
    fields: dict[str, Any] = {
        "document_id": uuid4(),
        "filename": "a.pdf",
        "content": content,
        "channel": "http",
        "received_at": NOW,
        "stage": "ocr",
        "pages_done": 1,
        "pages_total": 1,
        "at": NOW,
        "code": "pdf_encrypted",
        "message": "Send it without a password.",
        "attempts": 1,
        "failed_at": NOW,
    }
    made: dict[type[Event], Event] = {}
    for event in EVENTS:
        known = {name: value for name, value in fields.items() if name in event.model_fields}
        if all(name in known for name, field in event.model_fields.items() if field.is_required()):
            made[event] = event.model_validate(known)
    return made


async def test_poison_of_every_kind_on_every_topic_is_dead_lettered_and_nothing_stalls(
    broker: Broker, samples: dict[type[Event], Event]
) -> None:
    everything = Everything()
    transport = await broker.run(everything.service)
    expected: Counter[tuple[str, str, int | None]] = Counter()
    sent: set[tuple[str, str]] = set()
    for event in EVENTS:
        topic = topic_of(event)
        for name in (topic.name, topic.retry):
            for value, headers, code in poison_of(event).values():
                await broker.send_raw(name, value, headers, partition=1)
                expected[name, code, len(value or b"")] += 1
            if event in samples:
                value, good_headers, event_id = good(event, samples)
                await broker.send_raw(name, value, list(good_headers), partition=1)
                sent.add((topic.name, event_id))
    assert len(sent) == 2 * len(samples) > 0

    found: list[DeadLetter] = []

    async def all_are_there() -> bool:
        found[:] = await transport.dead_letters.find(Selection())
        return len(found) >= expected.total()

    await eventually(all_are_there, seconds=60)
    assert Counter((one.origin.topic, one.code, one.size) for one in found) == expected
    assert all(one.message and one.state == "open" and one.origin.partition == 1 for one in found)
    # Where a good event follows the poison of its partition it has been handled, and every offset is committed.
    await eventually(lambda: sent <= set(everything.handled))

    async def nothing_waits() -> bool:
        lags = await transport.backlog.lag()
        return all(one.lag == 0 for one in lags if one.group == "invoiceflow-query")

    await eventually(nothing_waits)
    # The bytes are those that came, to the last of them.
    (largest, *_) = sorted((one for one in found if one.code == "not_json"), key=lambda one: one.size)
    payload = await transport.dead_letters.payload(largest)
    assert payload is not None
    kind = next(event for event in EVENTS if topic_of(event).name == largest.topic)
    assert payload.value == poison_of(kind)["random bytes that claim to be an event"][0]
