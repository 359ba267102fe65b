"""Poison on every topic that a service of the deployment consumes: dead-lettered with its reason, and nothing stalls."""

import asyncio
import os
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiokafka import TopicPartition
from confluent_kafka import Message, Producer

from invoiceflow_chassis.testing.record_batches import RawRecord, record_batch, send_batch
from invoiceflow_contracts.topics import OUTSIDE, TOPICS
from invoiceflow_samples import Kind

pytestmark = pytest.mark.slow

SECONDS = 120.0
ATTRIBUTES = {"ce_specversion": b"1.0", "ce_id": b"4711", "ce_source": b"/test", "content-type": b"application/json"}


@dataclass(frozen=True)
class Poison:
    value: bytes
    headers: list[tuple[str, Any]]
    code: str
    """The reason that is expected."""


def poison_for(topic: str) -> dict[str, Poison]:
    future = {**ATTRIBUTES, "ce_type": f"invoiceflow.{topic}.v99".encode()}
    return {
        "a mebibyte of random bytes": Poison(random.Random(topic).randbytes(1024 * 1024), [], "missing_attribute"),
        "no headers": Poison(b'{"document_id": "x"}', [], "missing_attribute"),
        "null and non-UTF-8 headers": Poison(
            b"{}", [("ce_specversion", b"1.0"), ("ce_id", None), ("ce_type", b"\xff\xfe"), ("odd", b"\x80")],
            "invalid_attribute",
        ),
        "a future version": Poison(b"{}", list(future.items()), "unknown_version"),
    }  # fmt: skip


@pytest.fixture
def broker(deployment: Any) -> str:
    """The address of the deployment's Kafka: given with its URL, or as the standalone process says it."""
    if given := os.environ.get("INVOICEFLOW_E2E_KAFKA"):
        return given
    if not hasattr(deployment, "log"):
        pytest.skip("INVOICEFLOW_E2E_KAFKA does not say where the deployment's Kafka is")
    found = re.search(r"its Kafka on (\S+?)\.?$", deployment.log, re.MULTILINE)
    assert found, deployment.log
    return found[1]


def send(producer: Producer, topic: str, poison: Poison) -> int:
    """Publish to partition 0 and return the offset."""
    offsets: list[int] = []

    def told(error: Any, message: Message) -> None:
        assert error is None, error
        offset = message.offset()
        assert offset is not None
        offsets.append(offset)

    producer.produce(topic, value=poison.value, headers=poison.headers, partition=0, on_delivery=told)
    assert producer.flush(20) == 0
    return offsets[0]


def send_odd_name(broker: str, topic: str) -> int:
    """Publish to partition 0 what would be an event but for a header's name that is not UTF-8; return the offset."""
    attributes = {**ATTRIBUTES, "ce_type": f"invoiceflow.{topic.removesuffix('.retry')}.v1".encode()}
    headers = [*((name.encode(), value) for name, value in attributes.items()), (b"caf\xe9", b"1")]
    batch = record_batch([RawRecord(b"{}", headers)], compression="gzip")
    return asyncio.run(send_batch(broker, TopicPartition(topic, 0), batch))


def eventually(condition: Callable[[], bool], what: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.2)


def test_poison_is_dead_lettered_by_every_service_and_documents_go_on(
    deployment: Any, broker: str, samples: Callable[..., Any]
) -> None:
    producer = Producer({"bootstrap.servers": broker, "log_level": 0, "message.max.bytes": 2_000_000})
    expected: dict[tuple[str, int, str], str] = {}
    for topic in TOPICS.values():
        for name in (topic.name, topic.retry):
            sent = {send(producer, name, poison): poison.code for poison in poison_for(topic.name).values()}
            sent[send_odd_name(broker, name)] = "invalid_attribute"
            for service in set(topic.consumers) - OUTSIDE:
                expected |= {(name, offset, f"invoiceflow-{service}"): code for offset, code in sent.items()}

    def missing() -> dict[Any, Any]:
        there = {
            (one["topic"], one["offset"], one["group"]): one["code"]
            for one in deployment.all("/v1/dead-letters")
            if one["partition"] == 0
        }
        return {key: (code, there.get(key)) for key, code in expected.items() if there.get(key) != code}

    eventually(lambda: not missing(), lambda: f"expected and found: {missing()}")

    (document,) = deployment.upload(*samples(Kind.XML_UBL, count=1, seed=731))
    assert deployment.end_of(document["document_id"])["status"] == "extracted"

    def waiting() -> list[Any]:
        return [one for one in deployment.http.get("/v1/lag").json()["topics"] if one["lag"]]

    eventually(lambda: not waiting(), waiting)


def test_a_redriven_letter_goes_to_its_service_and_comes_back(deployment: Any, broker: str) -> None:
    producer = Producer({"bootstrap.servers": broker, "log_level": 0})
    offset = send(producer, "document.submitted", Poison(b"{", [], "missing_attribute"))

    def letter() -> dict[str, Any] | None:
        rows = deployment.all("/v1/dead-letters")
        found = (row for row in rows if (row["topic"], row["offset"]) == ("document.submitted", offset))
        return next((row for row in found if row["partition"] == 0), None)

    eventually(lambda: letter() is not None, lambda: "it is not listed")
    first = letter()
    assert first is not None
    answer = deployment.http.post("/v1/dead-letters/redrive", json={"ids": [first["id"]]}).json()
    assert [one["id"] for one in answer["redriven"]] == [first["id"]]
    eventually(lambda: (letter() or {}).get("redrives") == 1, letter)
