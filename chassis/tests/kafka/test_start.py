"""What a service does at its start when Kafka or its topics are not there."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.kafka import KafkaSettings, KafkaTransport, transport
from invoiceflow_chassis.testing.documents import Reader, uploaded
from invoiceflow_chassis.testing.kafka import Broker, eventually
from invoiceflow_contracts.topics import topic_specs

pytestmark = pytest.mark.slow


@pytest.fixture
def bare() -> Iterator[Producer]:
    """An embedded broker without topics."""
    producer = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1, "log_level": 0})
    yield producer
    producer.flush(1)


def address_of(cluster: Producer) -> str:
    broker = next(iter(cluster.list_topics(timeout=10).brokers.values()))
    return f"{broker.host}:{broker.port}"


def add_topics(cluster: Producer, *, but: str = "") -> None:
    for spec in topic_specs():
        if spec.name != but:
            cluster.list_topics(spec.name, timeout=10)


@asynccontextmanager
async def running(settings: KafkaSettings, refusals: list[str]) -> AsyncIterator[KafkaTransport]:
    made = KafkaTransport(settings)
    made.attach(Reader().service)
    await made.start(refusals.extend)
    try:
        yield made
    finally:
        await made.stop()


async def is_ready(made: KafkaTransport) -> bool:
    try:
        await made.check_ready()
    except TransientError:
        return False
    return True


async def test_a_missing_topic_is_named_and_neither_made_nor_consumed_from(
    bare: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TOPICS_PATIENCE_SECONDS", 0.3)
    add_topics(bare, but="document.uploaded.retry")
    refusals: list[str] = []
    async with running(KafkaSettings(bootstrap_servers=address_of(bare)), refusals) as made:
        await eventually(lambda: refusals)
        assert not await is_ready(made)
    assert refusals == [
        "Topic document.uploaded.retry is missing; it needs 4 partitions.",
        "Make what is missing with `python -m invoiceflow_chassis.kafka.topics create`, and start again.",
    ]
    assert "document.uploaded.retry" not in bare.list_topics(timeout=10).topics


async def test_only_the_topics_of_the_process_are_needed(bare: Producer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TOPICS_PATIENCE_SECONDS", 0.3)
    add_topics(bare, but="document.submitted")
    settings, refusals = KafkaSettings(bootstrap_servers=address_of(bare)), list[str]()
    async with running(settings, refusals) as made:
        await eventually(lambda: is_ready(made))
    looks_at_all = KafkaTransport(settings)
    assert looks_at_all.backlog is not None
    await looks_at_all.start(refusals.extend)
    await eventually(lambda: refusals)
    await looks_at_all.stop()
    assert refusals[0] == "Topic document.submitted is missing; it needs 4 partitions."


async def test_a_topic_that_kafka_tells_of_a_little_later_is_waited_for(bare: Producer) -> None:
    add_topics(bare, but="document.failed")
    refusals: list[str] = []
    async with running(KafkaSettings(bootstrap_servers=address_of(bare)), refusals) as made:
        asyncio.get_running_loop().call_later(1, lambda: add_topics(bare))
        await eventually(lambda: is_ready(made))
    assert refusals == []


class Door:
    """A port on this machine that leads to an address; shut at first."""

    def __init__(self, target: str) -> None:
        self._host, _, port = target.partition(":")
        self._port = int(port)
        self._server: asyncio.Server | None = None
        self.address = ""

    async def reserve(self) -> None:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        server.close()
        await server.wait_closed()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._carry, *self.address.split(":"))

    async def shut(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(self._host, self._port)
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


async def test_while_kafka_is_away_at_the_start_it_is_waited_for(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "RECONNECT_SECONDS", 0.1)
    door = Door(broker.address)
    await door.reserve()
    reader, refusals = Reader(), list[str]()
    made = KafkaTransport(broker.settings.model_copy(update={"bootstrap_servers": door.address}))
    made.attach(reader.service)
    await made.start(refusals.extend)
    await asyncio.sleep(0.5)  # a few attempts
    assert not await is_ready(made)
    with pytest.raises(TransientError):
        await made.publisher("ocr").publish(uploaded(), event_id=uploaded().document_id)
    await door.open()
    try:
        await eventually(lambda: is_ready(made))
        event = uploaded()
        await broker.send(event)
        await eventually(lambda: reader.handled == [event.document_id])
    finally:
        await made.stop()
        await door.shut()
    assert refusals == []


SCRIPT = """
import sys
from fastapi import FastAPI
from invoiceflow_chassis.app import create_app, serve
from invoiceflow_chassis.kafka import KafkaSettings, KafkaTransport, transport
from invoiceflow_chassis.settings import HttpSettings
from invoiceflow_chassis.testing.documents import Reader

transport.TOPICS_PATIENCE_SECONDS = 0.3
http = HttpSettings(port=0)
app = create_app("test", [Reader().service], transport=KafkaTransport(KafkaSettings(bootstrap_servers=sys.argv[1])), http=http)
serve(app, "test", http)
"""


def test_a_process_without_its_topics_ends_with_code_2_and_a_sentence_for_each(bare: Producer) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, address_of(bare)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2, ended.stderr
    sentences = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert len(sentences) == 13
    assert sentences[0] == "Topic document.uploaded is missing; it needs 4 partitions."
    assert sentences[-1].startswith("Make what is missing with")


@pytest.mark.engine
async def test_a_real_topic_with_too_few_partitions_is_refused(real: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TOPICS_PATIENCE_SECONDS", 1)
    admin = AdminClient({"bootstrap.servers": real, "log_level": 0})

    def remade(partitions: int) -> None:
        admin.delete_topics(["document.progress"])["document.progress"].result()
        while True:
            made = admin.create_topics([NewTopic("document.progress", partitions, 1)])["document.progress"]
            with suppress(Exception):  # it is deleted in the background
                made.result()
                return

    def partitions() -> int:
        return len(admin.list_topics("document.progress", timeout=10).topics["document.progress"].partitions)

    await asyncio.to_thread(remade, 2)
    await eventually(lambda: partitions() == 2)  # the broker that is asked hears of it a little later
    refusals: list[str] = []
    async with running(KafkaSettings(bootstrap_servers=real), refusals):
        await eventually(lambda: refusals)
    assert refusals[0] == "Topic document.progress has 2 of the 4 partitions it needs."
