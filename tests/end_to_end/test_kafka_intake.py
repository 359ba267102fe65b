"""What an upstream system publishes to the deployment's Kafka, with no code of ours."""

import base64
import json
import os
import re
import time
from typing import Any
from uuid import uuid4

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Consumer, Message, Producer

from invoiceflow_samples import Kind, Sample, generate

pytestmark = pytest.mark.slow

TYPE = "invoiceflow.document.submitted.v1"
SECONDS = 60.0


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


def sample(seed: int) -> Sample:
    return next(iter(generate(seed, 1, kinds=(Kind.XML_UBL,))))


def publish(broker: str, value: bytes, headers: dict[str, Any]) -> None:
    producer = Producer({"bootstrap.servers": broker, "log_level": 0})
    producer.produce("document.submitted", value=value, headers=headers, partition=0)
    assert producer.flush(10) == 0


def extracted(deployment: Any, name: str) -> dict[str, Any]:
    """Return the document of that file name once it is extracted."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        for document in deployment.all("/v1/documents"):
            if document["filename"] == name and document["status"] == "extracted":
                found: dict[str, Any] = document
                return found
        time.sleep(0.1)
    raise AssertionError(f"{name} is not extracted after {SECONDS:g} s")


def dead_letter(broker: str) -> Message:
    consumer = Consumer({"bootstrap.servers": broker, "group.id": str(uuid4()), "auto.offset.reset": "earliest"})
    consumer.subscribe(["document.submitted.dlq"])
    try:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            message = consumer.poll(1)
            if message is not None and message.error() is None:
                return message
        raise AssertionError("no dead letter")
    finally:
        consumer.close()


def test_events_of_the_cloudevents_sdk_and_of_a_hand_written_producer_go_through(deployment: Any, broker: str) -> None:
    first, second = sample(901), sample(902)
    event = CloudEvent(
        {"type": TYPE, "source": "/portal", "id": str(uuid4())},
        {
            "filename": "by-sdk.xml",
            "inline": base64.b64encode(first.data).decode(),
            "metadata": {"external_reference": "PO-1"},
        },
    )
    message = kafka.to_binary_event(event)
    publish(broker, bytes(message.value or b""), dict(message.headers))
    by_hand = {"filename": "by-hand.xml", "inline": base64.b64encode(second.data).decode()}
    publish(
        broker,
        json.dumps(by_hand).encode(),
        {
            "ce_specversion": "1.0",
            "ce_type": TYPE,
            "ce_id": "4711",
            "ce_source": "/erp",
            "content-type": "application/json",
        },
    )
    document = extracted(deployment, "by-sdk.xml")
    assert document["channel"] == "kafka"
    assert document["metadata"]["external_reference"] == "PO-1"
    invoice = deployment.invoice(extracted(deployment, "by-hand.xml")["id"])
    assert invoice["invoice"]["number"] == second.truth["truth"]["invoice_number"]


def test_a_wrong_schema_lands_in_the_dead_letters_with_its_reason_and_the_partition_goes_on(
    deployment: Any, broker: str
) -> None:
    headers = {
        "ce_specversion": "1.0",
        "ce_type": TYPE,
        "ce_id": "4712",
        "ce_source": "/erp",
        "content-type": "application/json",
    }
    publish(broker, b'{"filename": "both.pdf"}', headers)
    after = {"filename": "after-the-poison.xml", "inline": base64.b64encode(sample(903).data).decode()}
    publish(broker, json.dumps(after).encode(), {**headers, "ce_id": "4713"})
    letter = dead_letter(broker)
    reasons = dict(letter.headers() or [])
    assert letter.value() == b'{"filename": "both.pdf"}'
    assert reasons["invoiceflow_error_code"] == b"schema_violation"
    assert b"content and inline" in bytes(reasons["invoiceflow_error_message"])
    extracted(deployment, "after-the-poison.xml")
