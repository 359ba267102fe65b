"""How Kafka is reached: timeouts that fit each other, and why it cannot be connected to."""

import asyncio
import logging
import socket
from typing import Any

import pytest
from pydantic import ValidationError

from invoiceflow_chassis.kafka import KafkaSettings, KafkaTransport
from invoiceflow_chassis.kafka.diagnosis import why_not_connected
from invoiceflow_chassis.testing.kafka import eventually


def settings(**changes: Any) -> KafkaSettings:
    return KafkaSettings.model_validate({"bootstrap_servers": "127.0.0.1:1", **changes})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"heartbeat_interval_ms": 20_000}, "HEARTBEAT_INTERVAL_MS"),
        ({"session_timeout_ms": 8_000}, "SESSION_TIMEOUT_MS"),
        ({"drain_seconds": 40}, "DRAIN_SECONDS"),
        ({"rebalance_timeout_ms": 60_000}, "REBALANCE_TIMEOUT_MS"),
        ({"fetch_max_wait_ms": 40_000}, "FETCH_MAX_WAIT_MS"),
        ({"sasl_mechanism": "PLAIN", "username": "erp"}, "INVOICEFLOW_KAFKA_PASSWORD"),
    ],
)
def test_settings_that_do_not_fit_each_other_are_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        settings(**changes)


def test_timeouts_may_be_set_as_long_as_they_fit() -> None:
    settings(session_timeout_ms=9_000)
    settings(rebalance_timeout_ms=90_000, request_timeout_ms=100_000, drain_seconds=80)


def test_several_servers_are_told_apart() -> None:
    assert settings(bootstrap_servers="a:1, b:2,c:3").servers == ["a:1", "b:2", "c:3"]


async def test_a_second_server_is_taken_where_the_first_is_away(embedded: str) -> None:
    from invoiceflow_chassis.testing.documents import Reader, uploaded  # noqa: PLC0415
    from invoiceflow_chassis.testing.kafka import Broker  # noqa: PLC0415

    broker, reader, event = (
        Broker(embedded, settings(bootstrap_servers=f"127.0.0.1:1,{embedded}")),
        Reader(),
        uploaded(),
    )
    await broker.run(reader.service)
    await broker.send(event)
    await eventually(lambda: reader.handled == [event.document_id])
    await broker.close()


async def test_that_nobody_listens_is_said() -> None:
    assert await why_not_connected(settings()) == "Kafka at 127.0.0.1:1 cannot be reached: nothing listens there."


async def test_that_a_host_is_unknown_is_said() -> None:
    said = await why_not_connected(settings(bootstrap_servers="kafka.invalid:9092"))
    assert said == "Kafka at kafka.invalid:9092 cannot be reached: there is no host of that name."


async def test_what_speaks_no_kafka_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    assert "INVOICEFLOW_KAFKA_TLS" in await why_not_connected(settings(bootstrap_servers=address))
    server.close()
    await server.wait_closed()


async def test_why_there_is_no_connection_is_logged_and_it_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = KafkaTransport(settings(bootstrap_servers=f"127.0.0.1:{port}"))
    with caplog.at_level(logging.WARNING, "invoiceflow_chassis"):
        await made.start(lambda _: None)
        await eventually(lambda: "nothing listens there. Trying again." in caplog.text)
    await made.stop()
