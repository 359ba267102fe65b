"""The brokers that the delivery suite runs on: the embedded one and a real Kafka."""

import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from invoiceflow_chassis.kafka import KafkaSettings
from invoiceflow_chassis.kafka.topics import topic_configs
from invoiceflow_chassis.testing.kafka import Broker
from invoiceflow_contracts.topics import topic_specs

KAFKA_IMAGE = "apache/kafka:4.1.0"


@pytest.fixture
def embedded() -> Iterator[str]:
    """librdkafka's in-memory cluster; it lives as long as its producer."""
    producer = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1, "log_level": 0})
    broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
    for topic in _topic_names():
        producer.list_topics(topic, timeout=10)
    yield f"{broker.host}:{broker.port}"
    producer.flush(1)


def _topic_names() -> list[str]:
    return [spec.name for spec in topic_specs()]


@pytest.fixture(scope="session")
def kafka_node(docker_engine: None) -> Iterator[tuple[str, Any]]:
    """A real Kafka (KRaft, one node): its address, and its container to be stopped and started."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    for name, value in {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }.items():
        container = container.with_env(name, value)
    with container:
        admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0})
        deadline = time.monotonic() + 90
        while True:
            try:
                admin.list_topics(timeout=2)
                break
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
        yield f"127.0.0.1:{port}", container.get_wrapped_container()


@pytest.fixture(scope="session")
def kafka_container(kafka_node: tuple[str, Any]) -> str:
    """The address of a real Kafka."""
    return kafka_node[0]


@pytest.fixture
def real(kafka_container: str) -> str:
    """The real Kafka with empty topics and no groups."""
    admin = AdminClient({"bootstrap.servers": kafka_container, "log_level": 0})
    ours = set(_topic_names())
    _wait(lambda: _no_groups(admin))
    known = ours & set(admin.list_topics(timeout=10).topics)
    for done in admin.delete_topics(list(known)).values() if known else ():
        done.result()
    _wait(lambda: not ours & set(admin.list_topics(timeout=10).topics))
    declared = [NewTopic(spec.name, spec.partitions, 1, config=topic_configs(spec, 1)) for spec in topic_specs()]
    for done in admin.create_topics(declared).values():
        done.result()
    _wait(lambda: _all_led(admin, ours))
    return kafka_container


def _no_groups(admin: AdminClient) -> bool:
    """Delete the groups; one whose members have not left yet is there a little longer."""
    groups = [group.group_id for group in admin.list_consumer_groups().result().valid]
    left = 0
    for done in admin.delete_consumer_groups(groups).values() if groups else ():
        try:
            done.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.NON_EMPTY_GROUP:
                raise
            left += 1
    return left == 0


def _all_led(admin: AdminClient, names: set[str]) -> bool:
    topics = admin.list_topics(timeout=10).topics
    return all(
        name in topics
        and len(topics[name].partitions) == 4
        and all(partition.leader >= 0 for partition in topics[name].partitions.values())
        for name in names
    )


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "topics and groups could not be made anew"
        time.sleep(0.05)


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.engine)])
def bootstrap(request: pytest.FixtureRequest) -> str:
    """Each broker in turn."""
    address: str = request.getfixturevalue(request.param)
    return address


@pytest.fixture
async def broker(bootstrap: str) -> AsyncIterator[Broker]:
    settings = KafkaSettings(
        bootstrap_servers=bootstrap,
        fetch_max_wait_ms=20,
        retry_delays_seconds=(0.1, 0.1, 0.1),
        drain_seconds=2,
        send_timeout_seconds=5,
    )
    broker = Broker(bootstrap, settings)
    yield broker
    await broker.close()
