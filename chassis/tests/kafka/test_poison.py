"""Poison on every topic: each message is dead-lettered with its reason, and what comes after it is handled."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import cycle
from typing import Any
from uuid import uuid4

import pytest

from invoiceflow_chassis.dead_letters import DeadLetter, Selection
from invoiceflow_chassis.service import Delivery, Service, Subscription
from invoiceflow_chassis.testing.kafka import Broker, eventually
from invoiceflow_chassis.testing.record_batches import RawRecord
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


ODD_KEY = b"\x00\xffkey"
ODD_VALUE = b"\x00\xff" * 300


def batch_around_an_odd_name(
    event: type[Event], samples: dict[type[Event], Event]
) -> tuple[list[RawRecord], set[tuple[str, str]]]:
    """Return a batch in which good events stand before, between and after what holds names that are not UTF-8.

    Beside it, what is to be handled of it.
    """
    batch: list[RawRecord] = []
    wanted: set[tuple[str, str]] = set()

    def add_good_one() -> None:
        if event in samples:
            value, names, event_id = good(event, samples)
            batch.append(RawRecord(value, [(name.encode(), content) for name, content in names]))
            wanted.add((topic_of(event).name, event_id))

    attributes = [(name.encode(), content) for name, content in headers_of(event, event.event_version)]
    add_good_one()
    batch.append(RawRecord(ODD_VALUE, [(b"\xff\xfe", None)], ODD_KEY))
    add_good_one()
    # But for the name it would be handled.
    whole = samples[event].model_dump_json().encode() if event in samples else b"{}"
    batch.append(RawRecord(whole, [*attributes, (b"caf\xe9", b"1")]))
    batch.append(RawRecord(None, [(b"ce_type\x80", b"\x80")]))
    add_good_one()
    return batch, wanted


async def test_a_header_name_that_is_not_utf8_is_poison_and_nothing_of_its_batch_is_lost(
    broker: Broker, samples: dict[type[Event], Event]
) -> None:
    everything = Everything()
    transport = await broker.run(everything.service)
    codecs = cycle(["none", "gzip", "snappy", "lz4", "zstd"])
    expected: Counter[tuple[str, int]] = Counter()
    wanted: set[tuple[str, str]] = set()
    for event in EVENTS:
        topic = topic_of(event)
        for name in (topic.name, topic.retry):
            batch, events = batch_around_an_odd_name(event, samples)
            first = await broker.send_batch(name, batch, partition=1, compression=next(codecs))
            wanted |= events
            for offset, record in enumerate(batch, first):
                expected[name, offset] += any(not name.isascii() for name, _ in record.headers)
    expected = +expected
    assert wanted

    found: list[DeadLetter] = []

    async def all_are_there() -> bool:
        found[:] = await transport.dead_letters.find(Selection())
        return len(found) >= expected.total()

    await eventually(all_are_there, seconds=60)
    assert Counter((one.origin.topic, one.origin.offset) for one in found) == expected
    assert {(one.code, one.message) for one in found} == {
        ("invalid_attribute", "The name of a header is not UTF-8, as Kafka requires. Name it in UTF-8.")
    }
    await eventually(lambda: wanted <= set(everything.handled))
    assert Counter(everything.handled) == Counter(wanted)  # each once

    async def nothing_waits() -> bool:
        lags = await transport.backlog.lag()
        return all(one.lag == 0 for one in lags if one.group == "invoiceflow-query")

    await eventually(nothing_waits)
    letter = next(one for one in found if one.size == len(ODD_VALUE))
    payload = await transport.dead_letters.payload(letter)
    assert payload is not None
    assert (payload.key, payload.value) == (ODD_KEY, ODD_VALUE)
    assert payload.headers[0] == (r"\xff\xfe", None)


async def test_a_header_name_that_is_not_utf8_does_not_stop_those_who_look_at_the_topics(broker: Broker) -> None:
    transport = await broker.run(Everything().service)
    (dead_letters, waiting) = (transport.dead_letters, transport.backlog)
    name = topic_of(EVENTS[0]).name
    odd = [RawRecord(b"1", [(b"\xff", b"")]), RawRecord(b"2")]
    # Put on the dead-letter topic by a stranger: it is no letter, and what comes after it is read.
    await broker.send_batch(f"{name}.dlq", odd, partition=1, compression="gzip")
    await broker.send_batch(name, odd, partition=1)

    async def both_are_there() -> bool:
        return len(await dead_letters.find(Selection())) == 2

    await eventually(both_are_there)
    # A group that is not running stands before such a record: its time is read all the same.
    lags = [one for one in await waiting.lag() if one.topic == name and one.lag]
    assert lags
    assert all(one.oldest_waiting is not None for one in lags)


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
