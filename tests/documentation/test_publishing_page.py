"""What docs/how-to/publish-from-upstream.md tells an upstream team to run puts a message there that ingest can read."""

import io
import os
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from reference_pages.marked import marked_blocks
from reference_pages.project import ROOT

from invoiceflow_contracts.cloudevents import Envelope, decode
from invoiceflow_contracts.events import DocumentSubmittedV1
from invoiceflow_contracts.topics import topic_of
from invoiceflow_standalone.broker import EmbeddedBroker

PAGE = ROOT / "docs/how-to/publish-from-upstream.md"
KAFKA_IMAGE = "apache/kafka:4.1.0"
PATIENCE_SECONDS = 60.0
CONTENT = b"%PDF-1.7 as large as may be sent inline, or nearly" + bytes(range(256)) * 1900


def block(name: str) -> str:
    (found,) = (each for each in marked_blocks(PAGE) if each.name == name)
    return found.text


def first_submission(broker: str) -> tuple[Envelope, DocumentSubmittedV1]:
    """Return the first event on document.submitted, decoded as ingest does."""
    topic = topic_of(DocumentSubmittedV1).name
    consumer = Consumer({"bootstrap.servers": broker, "group.id": "documentation", "enable.auto.commit": False})
    try:
        partitions = consumer.list_topics(topic, timeout=PATIENCE_SECONDS).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
        deadline = time.monotonic() + PATIENCE_SECONDS
        message: Message | None = None
        while message is None:
            assert time.monotonic() < deadline, "nothing arrived"
            message = consumer.poll(1.0)
        assert message.error() is None
        envelope, event = decode(message.value(), message.headers() or (), accept=(DocumentSubmittedV1,))
        assert isinstance(event, DocumentSubmittedV1)
        return envelope, event
    finally:
        consumer.close()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "source"), [("sdk", "/erp/accounts-payable"), ("plain", "/portal")])
def test_the_python_programs_publish_a_document(name: str, source: str, tmp_path: Path) -> None:
    broker = EmbeddedBroker()
    program, document = tmp_path / "publish.py", tmp_path / "invoice.pdf"
    program.write_text(block(name), encoding="utf-8")
    document.write_bytes(CONTENT)
    subprocess.run([sys.executable, program, broker.bootstrap_servers, document], check=True, timeout=PATIENCE_SECONDS)
    envelope, event = first_submission(broker.bootstrap_servers)
    assert envelope.source == source
    assert (event.filename, event.inline) == ("invoice.pdf", CONTENT)


class KafkaContainer:
    """A Kafka that is reached under the same address from this machine and from inside."""

    def __init__(self) -> None:
        os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415  # only where there is an engine

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self.container = DockerContainer(KAFKA_IMAGE).with_bind_ports(port, port)
        for name, value in {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:{port + 1 if port < 65535 else port - 1}",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{self.address}",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@localhost:{port + 1 if port < 65535 else port - 1}",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        }.items():
            self.container = self.container.with_env(name, value)

    def create_topic(self) -> None:
        topic = topic_of(DocumentSubmittedV1)
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                admin.list_topics(timeout=2)
                break
            except KafkaException:
                assert time.monotonic() < deadline, "Kafka did not start"
        settings = {"max.message.bytes": str(topic.max_message_bytes)}
        for done in admin.create_topics([NewTopic(topic.name, topic.partitions, 1, config=settings)]).values():
            done.result()

    def put(self, name: str, content: bytes) -> None:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
        self.container.get_wrapped_container().put_archive("/tmp", archive.getvalue())

    def run(self, script: str, **environment: str) -> None:
        code, output = self.container.get_wrapped_container().exec_run(
            ["bash", "-euo", "pipefail", "-c", f"PATH=$PATH:/opt/kafka/bin\n{script}"], environment=environment
        )
        assert code == 0, output.decode(errors="replace")


@pytest.fixture
def kafka(docker_engine: None) -> Iterator[KafkaContainer]:
    kafka = KafkaContainer()
    with kafka.container:
        kafka.create_topic()
        yield kafka


@pytest.mark.engine
@pytest.mark.slow
def test_the_console_producer_publishes_a_document(kafka: KafkaContainer) -> None:
    kafka.put("invoice.pdf", CONTENT)
    kafka.run(block("console"), BROKER=kafka.address, FILE="/tmp/invoice.pdf")
    envelope, event = first_submission(kafka.address)
    assert envelope.source == "/console"
    assert (event.filename, event.inline) == ("invoice.pdf", CONTENT)


def test_every_program_on_the_page_is_tried() -> None:
    assert {each.name for each in marked_blocks(PAGE)} == {"sdk", "plain", "console"}
