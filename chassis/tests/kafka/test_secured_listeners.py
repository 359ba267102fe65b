"""SASL and TLS against a real Kafka, with an authority of our own, by the settings that an operator has."""

import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.memory_records import MemoryRecords
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    NewTopic,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.kafka import KafkaSettings, KafkaTransport, transport
from invoiceflow_chassis.kafka.topics import main, topic_configs
from invoiceflow_chassis.testing.documents import Reader, progressed, uploaded
from invoiceflow_chassis.testing.kafka import Broker, eventually
from invoiceflow_contracts.topics import topic_specs

pytestmark = [pytest.mark.engine, pytest.mark.slow]

KAFKA_IMAGE = "apache/kafka:4.1.0"
USER, PASSWORD = "invoiceflow", "a secret of this test"
LISTENERS = {"OPEN": "PLAINTEXT", "SIGNED": "SASL_PLAINTEXT", "ENCRYPTED": "SSL", "BOTH": "SASL_SSL"}
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True)
class Secured:
    """A Kafka with a listener of each kind."""

    ports: dict[str, int]
    authority: Path

    def address(self, listener: str) -> str:
        return f"127.0.0.1:{self.ports[listener]}"

    def settings(self, listener: str, mechanism: str | None = None, **changes: Any) -> KafkaSettings:
        given: dict[str, Any] = {
            "bootstrap_servers": self.address(listener),
            "fetch_max_wait_ms": 20,
            "retry_delays_seconds": (0.1,),
            "drain_seconds": 2,
            "send_timeout_seconds": 5,
        }
        if LISTENERS[listener].endswith("SSL"):
            given |= {"tls": True, "ca_file": self.authority}
        if mechanism is not None:
            given |= {"sasl_mechanism": mechanism, "username": USER, "password": PASSWORD}
        return KafkaSettings.model_validate({**given, **changes})


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def jaas(mechanism: str) -> str:
    if mechanism == "PLAIN":
        return (
            "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f'username="{USER}" password="{PASSWORD}" user_{USER}="{PASSWORD}";'
        )
    return "org.apache.kafka.common.security.scram.ScramLoginModule required;"


def environment(ports: dict[str, int]) -> dict[str, str]:
    inside = {name: 19090 + number for number, name in enumerate(LISTENERS)}
    made = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": ",".join(f"{name}://:{port}" for name, port in inside.items()) + ",CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items()),
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": ",".join(f"{name}:{kind}" for name, kind in LISTENERS.items())
        + ",CONTROLLER:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "OPEN",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_SASL_ENABLED_MECHANISMS": ",".join(MECHANISMS),
        "KAFKA_SSL_KEYSTORE_TYPE": "PEM",
        "KAFKA_SSL_KEYSTORE_LOCATION": "/certificates/server.pem",
    }
    for name, kind in LISTENERS.items():
        if kind.startswith("SASL"):
            for mechanism in MECHANISMS:
                made[f"KAFKA_LISTENER_NAME_{name}_{mechanism.replace('-', '___')}_SASL_JAAS_CONFIG"] = jaas(mechanism)
    return made


def pkcs8(key: bytes) -> bytes:
    """Return the key in the one form that Kafka reads."""
    return load_pem_private_key(key, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture(scope="module")
def secured(docker_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("certificates")
    authority, certificates = trustme.CA(), folder / "server"
    certificates.mkdir()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    issued = authority.issue_cert("127.0.0.1", "localhost")
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    (certificates / "server.pem").write_bytes(pkcs8(issued.private_key_pem.bytes()) + chain)
    for path in (folder, certificates, certificates / "server.pem"):
        path.chmod(0o755)
    ports = dict(zip(LISTENERS, free_ports(len(LISTENERS)), strict=True))
    container = DockerContainer(KAFKA_IMAGE).with_volume_mapping(str(certificates), "/certificates", "ro")
    for number, port in enumerate(ports.values()):
        container = container.with_bind_ports(19090 + number, port)
    for name, value in environment(ports).items():
        container = container.with_env(name, value)
    with container:
        admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{ports['OPEN']}", "log_level": 0})
        deadline = time.monotonic() + 90
        while True:
            try:
                admin.list_topics(timeout=2)
                break
            except KafkaException:
                assert time.monotonic() < deadline, container.get_logs()[1].decode()[-4000:]
        for kind in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):  # one in a request
            credential = UserScramCredentialUpsertion(USER, ScramCredentialInfo(kind, 4096), PASSWORD.encode())
            for done in admin.alter_user_scram_credentials([credential]).values():
                done.result()
        declared = [NewTopic(spec.name, spec.partitions, 1, config=topic_configs(spec, 1)) for spec in topic_specs()]
        for done in admin.create_topics(declared).values():
            done.result()
        yield Secured(ports, folder / "authority.pem")


WAYS = [
    ("ENCRYPTED", None),
    *(("SIGNED", mechanism) for mechanism in MECHANISMS),
    *(("BOTH", mechanism) for mechanism in MECHANISMS),
]


@pytest.mark.parametrize(("listener", "mechanism"), WAYS)
async def test_a_document_goes_through_with_its_lag_and_its_dead_letter(
    secured: Secured, listener: str, mechanism: str | None
) -> None:
    reader, event = Reader(), uploaded()
    broker = Broker(secured.address("OPEN"), secured.settings(listener, mechanism))
    try:
        made = await broker.run(reader.service)
        await broker.send(event)
        await broker.send_raw("document.uploaded", b"{", [])
        await eventually(lambda: event.document_id in reader.handled)

        async def is_finished() -> bool:
            return all(one.lag == 0 for one in await made.backlog.lag() if one.group == "invoiceflow-ocr")

        await eventually(is_finished)
        assert broker.refusals == []
    finally:
        await broker.close()


async def is_ready(made: KafkaTransport) -> bool:
    try:
        await made.check_ready()
    except TransientError:
        return False
    return True


WRONG: dict[str, tuple[str, str | None, dict[str, Any], str]] = {
    "a wrong password, PLAIN": ("SIGNED", "PLAIN", {"password": "wrong"}, "INVOICEFLOW_KAFKA_PASSWORD"),
    "a wrong password, SCRAM": ("BOTH", "SCRAM-SHA-512", {"password": "wrong"}, "INVOICEFLOW_KAFKA_PASSWORD"),
    "an unknown user": ("SIGNED", "SCRAM-SHA-256", {"username": "nobody"}, "INVOICEFLOW_KAFKA_USERNAME"),
    "no authority": ("ENCRYPTED", None, {"ca_file": None}, "INVOICEFLOW_KAFKA_CA_FILE"),
    "TLS where there is none": ("OPEN", None, {"tls": True}, "INVOICEFLOW_KAFKA_TLS"),
    "none where there is TLS": ("ENCRYPTED", None, {"tls": False}, "INVOICEFLOW_KAFKA_TLS"),
}


@pytest.mark.parametrize("mistake", WRONG)
async def test_a_wrong_setting_is_named_in_the_log_and_the_service_is_not_ready_and_goes_on_trying(
    secured: Secured, mistake: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "RECONNECT_SECONDS", 0.1)
    listener, mechanism, changes, named = WRONG[mistake]
    made = KafkaTransport(secured.settings(listener, mechanism, **changes))
    made.attach(Reader().service)

    def said() -> list[str]:
        return [record.getMessage() for record in caplog.records if record.name.endswith("kafka.transport")]

    with caplog.at_level(logging.WARNING, "invoiceflow_chassis"):
        await made.start(lambda _: None)
        try:
            await eventually(lambda: len(said()) >= 2, seconds=60)
            assert not await is_ready(made)
        finally:
            await made.stop()
    assert all(named in line for line in said()[:2])
    assert "wrong" not in caplog.text
    assert PASSWORD not in caplog.text


def test_the_topic_tool_takes_the_same_settings(
    secured: Secured, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "BOOTSTRAP_SERVERS": secured.address("BOTH"),
        "TLS": "true",
        "CA_FILE": str(secured.authority),
        "SASL_MECHANISM": "SCRAM-SHA-256",
        "USERNAME": USER,
        "PASSWORD": PASSWORD,
    }.items():
        monkeypatch.setenv(f"INVOICEFLOW_KAFKA_{name}", value)
    main(["create"])
    main(["check"])
    assert f"All {len(topic_specs())} topics are there." in capsys.readouterr().err


async def batch_producers(address: str, topic: str, partition: int) -> list[int]:
    """Return the producer id that each record batch of the partition carries; -1 of one that is not idempotent."""
    client = AIOKafkaClient(bootstrap_servers=address)
    await client.bootstrap()
    try:
        request = FetchRequest(100, 1, 1_000_000, 0, [(topic, [(partition, 0, 1_000_000)])], rack_id="")
        response = await client.send(client.get_random_node(), request)
        records = MemoryRecords(response.topics[0][1][0][-1])
        producers: list[int] = []
        while records.has_next():
            producers.append(records.next_batch().producer_id)
        return producers
    finally:
        await client.close()


async def test_the_producer_is_idempotent_and_waits_for_all_replicas(
    secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is asked of the broker, and as the broker has it; a broker alone counts no replicas."""
    asked: list[int] = []
    send = AIOKafkaClient.send

    async def watched(client: AIOKafkaClient, node: int, request: Any, **how: Any) -> Any:
        if isinstance(request, ProduceRequest):
            asked.append(request.required_acks)
        return await send(client, node, request, **how)

    monkeypatch.setattr(AIOKafkaClient, "send", watched)
    made = KafkaTransport(secured.settings("OPEN"))
    await made.start(lambda _: None)
    await eventually(lambda: is_ready(made))
    progress = progressed(uploaded())
    await made.publisher("ocr").publish(progress, event_id=progress.document_id)
    await made.stop()
    assert set(asked) == {-1}
    found = [await batch_producers(secured.address("OPEN"), "document.progress", partition) for partition in range(4)]
    written = [producer for producers in found for producer in producers]
    assert written
    assert -1 not in written
