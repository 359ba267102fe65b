"""Dead letters listed, shown and redriven, on the embedded broker and on a real Kafka."""

from typing import Any
from uuid import uuid4

import pytest

from invoiceflow_chassis.dead_letters import DeadLetter, Selection
from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.kafka import KafkaSettings, KafkaTransport
from invoiceflow_chassis.kafka.dead_letters import KafkaDeadLetters
from invoiceflow_chassis.kafka.producer import KafkaProducer
from invoiceflow_chassis.testing.documents import Reader, uploaded
from invoiceflow_chassis.testing.kafka import Broker, eventually

pytestmark = pytest.mark.slow

EVERY = Selection()


def give_up(reader: Reader, event: Any, times: int = 4) -> None:
    """Let every attempt of one round fail, ``times`` of them."""
    reader.errors[event.document_id] = [TransientError("store_unavailable", "Try again.")] * times


async def letters(transport: KafkaTransport, count: int, selection: Selection = EVERY) -> list[DeadLetter]:
    """Return the letters once there are ``count``."""
    found: list[DeadLetter] = []

    async def there() -> bool:
        found[:] = await transport.dead_letters.find(selection)
        return len(found) == count

    await eventually(there)
    return found


async def test_a_letter_tells_what_was_given_up_by_whom_and_why(broker: Broker) -> None:
    reader, event = Reader(), uploaded()
    give_up(reader, event)
    transport = await broker.run(reader.service)
    sent = await broker.send(event, partition=2)
    (letter,) = await letters(transport, 1)
    assert (letter.state, letter.code, letter.attempts, letter.redrives) == ("open", "store_unavailable", 4, 0)
    assert (letter.origin.topic, letter.origin.partition, letter.origin.offset) == ("document.uploaded", 2, 0)
    assert letter.origin.group == "invoiceflow-ocr"
    assert (letter.event_id, letter.event_type) == (sent, event.ce_type())
    assert letter.size == len(event.model_dump_json())
    payload = await transport.dead_letters.payload(letter)
    assert payload is not None
    assert payload.value == event.model_dump_json().encode()
    assert dict(payload.headers)["ce_id"] == sent.encode()
    assert await transport.dead_letters.find(Selection(code="not_json")) == []


async def test_a_redriven_letter_is_handled_anew_with_its_event_id_and_is_open_no_more(broker: Broker) -> None:
    reader, event = Reader(), uploaded()
    give_up(reader, event)
    transport = await broker.run(reader.service)
    sent = await broker.send(event)
    (letter,) = await letters(transport, 1)
    assert await transport.dead_letters.redrive(letter)
    await eventually(lambda: reader.handled == [event.document_id])
    assert reader.attempts == [1, 2, 3, 4, 1]
    assert reader.event_ids == [sent] * 5
    (redriven,) = await letters(transport, 1, Selection(state="redriven"))
    assert redriven.id == letter.id
    assert await transport.dead_letters.find(Selection(state="open")) == []
    # Another process, which reads the log from its beginning, sees the same.
    other = KafkaTransport(broker.settings)
    assert [one.state for one in await other.dead_letters.find(EVERY)] == ["redriven"]
    await other.stop()


async def test_a_letter_that_is_given_up_again_is_the_same_letter_open_again(broker: Broker) -> None:
    reader, event = Reader(), uploaded()
    give_up(reader, event, times=8)
    transport = await broker.run(reader.service)
    await broker.send(event)
    (letter,) = await letters(transport, 1)
    assert await transport.dead_letters.redrive(letter)

    async def open_again() -> bool:
        return [(one.id, one.redrives) for one in await transport.dead_letters.find(Selection(state="open"))] == [
            (letter.id, 1)
        ]

    await eventually(open_again)
    (again,) = await transport.dead_letters.find(EVERY)
    assert again.attempts == 4
    assert await transport.dead_letters.redrive(again)
    await eventually(lambda: reader.handled == [event.document_id])


async def test_what_cannot_be_decoded_keeps_its_bytes_over_a_redrive(broker: Broker) -> None:
    transport = await broker.run(Reader().service)
    poison, headers = bytes(range(256)), [("odd", b"\xff\xfe"), ("none", None)]
    await broker.send_raw("document.uploaded", poison, list(headers), partition=3)
    (letter,) = await letters(transport, 1)
    assert await transport.dead_letters.redrive(letter)

    async def open_again() -> bool:
        return [one.redrives for one in await transport.dead_letters.find(Selection(state="open"))] == [1]

    await eventually(open_again)
    (again,) = await transport.dead_letters.find(EVERY)
    payload = await transport.dead_letters.payload(again)
    assert payload is not None
    assert payload.value == poison
    assert [one for one in payload.headers if not one[0].startswith("invoiceflow_")] == headers


async def test_a_message_without_key_and_value_can_be_redriven(broker: Broker) -> None:
    transport = await broker.run(Reader().service)
    await broker.send_raw("document.uploaded", None, [])
    (letter,) = await letters(transport, 1)
    assert letter.size == 0
    assert await transport.dead_letters.redrive(letter)
    await eventually(lambda: _redriven_once(transport))


async def _redriven_once(transport: KafkaTransport) -> bool:
    return [one.redrives for one in await transport.dead_letters.find(EVERY)] == [1]


async def test_letters_of_several_topics_and_groups_are_told_apart(broker: Broker) -> None:
    reader = Reader()
    transport = await broker.run(reader.service)
    for partition in range(3):
        await broker.send_raw("document.uploaded", b"{", [], partition=partition)
    found = await letters(transport, 3, Selection(topic="document.uploaded", code="missing_attribute"))
    assert len({one.id for one in found}) == 3
    assert sorted(one.origin.partition for one in found) == [0, 1, 2]
    assert await transport.dead_letters.redrive(found[0])

    async def one_was_redriven() -> bool:
        return sorted(one.redrives for one in await transport.dead_letters.find(EVERY)) == [0, 0, 1]

    await eventually(one_was_redriven)


async def test_headers_that_a_sender_made_up_change_nothing(broker: Broker) -> None:
    transport = await broker.run(Reader().service)
    forged = [
        ("invoiceflow_origin_topic", b"document.failed"),
        ("invoiceflow_origin_offset", b"999"),
        ("invoiceflow_group", b"invoiceflow-query"),
        ("invoiceflow_redriven_at", b"2026-01-01T00:00:00Z"),
        ("invoiceflow_redrives", b"7"),
        ("invoiceflow_error_message", b"nothing"),
    ]
    await broker.send_raw("document.uploaded", b"{", list(forged), partition=1)
    (letter,) = await letters(transport, 1)
    assert (letter.origin.topic, letter.origin.offset, letter.origin.group) == (
        "document.uploaded", 0, "invoiceflow-ocr",
    )  # fmt: skip
    assert (letter.state, letter.redrives) == ("open", 0)
    assert letter.message != "nothing"


async def test_what_is_no_letter_of_ours_is_passed_over(broker: Broker) -> None:
    transport = await broker.run(Reader().service)
    await broker.send_raw("document.uploaded.dlq", b"someone wrote here by hand", [])
    await broker.send_raw("document.uploaded", b"{", [])
    assert len(await letters(transport, 1)) == 1


async def test_a_letter_of_a_group_that_is_no_more_is_not_redriven_into_nowhere(broker: Broker) -> None:
    transport = await broker.run(Reader().service)
    headers = [
        ("invoiceflow_origin_topic", b"document.uploaded"),
        ("invoiceflow_origin_partition", b"0"),
        ("invoiceflow_origin_offset", b"5"),
        ("invoiceflow_group", b"invoiceflow-former"),
    ]
    await broker.send_raw("document.uploaded.dlq", b"{}", list(headers))
    (letter,) = await letters(transport, 1)
    assert not await transport.dead_letters.redrive(letter)


async def test_while_kafka_does_not_answer_nothing_is_claimed() -> None:
    settings = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    dead_letters = KafkaDeadLetters(settings, KafkaProducer(settings))
    with pytest.raises(TransientError, match="broker_unavailable"):
        await dead_letters.find(Selection(ids=(uuid4(),)))
    await dead_letters.close()
