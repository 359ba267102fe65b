"""Topics on a cluster: declared ones are made, and what is not as declared is said."""

import asyncio
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from invoiceflow_chassis.kafka import KafkaSettings
from invoiceflow_chassis.kafka.topic_check import missing_topics, shortcomings
from invoiceflow_chassis.kafka.topics import create_topics, main, topic_configs
from invoiceflow_contracts.topics import TopicSpec, topic_specs

SMALL = TopicSpec(name="invoice.tried", partitions=2, retention_hours=3, max_message_bytes=4096)


def test_a_missing_and_a_small_topic_are_named_with_what_they_need() -> None:
    other = SMALL.model_copy(update={"name": "invoice.small"})
    fine = SMALL.model_copy(update={"name": "invoice.fine"})
    assert shortcomings([SMALL, other, fine], {"invoice.small": 1, "invoice.fine": 8, "of.others": 1}) == [
        "Topic invoice.tried is missing; it needs 2 partitions.",
        "Topic invoice.small has 1 of the 2 partitions it needs.",
    ]


def test_two_of_three_replicas_must_have_a_record_and_a_single_one_is_not_asked_for_more() -> None:
    assert topic_configs(SMALL, 3)["min.insync.replicas"] == "2"
    assert "min.insync.replicas" not in topic_configs(SMALL, 1)


async def test_every_declared_topic_is_looked_for(embedded: str) -> None:
    settings = KafkaSettings(bootstrap_servers=embedded)
    assert await missing_topics(settings) == []
    assert await missing_topics(settings, [SMALL]) == ["Topic invoice.tried is missing; it needs 2 partitions."]


async def test_asking_for_a_topic_does_not_create_it(embedded: str) -> None:
    settings = KafkaSettings(bootstrap_servers=embedded)
    first = await missing_topics(settings, [SMALL])
    assert await missing_topics(settings, [SMALL]) == first != []


def test_the_settings_that_are_missing_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check"])
    assert ended.value.code == 2
    assert "INVOICEFLOW_KAFKA_BOOTSTRAP_SERVERS" in capsys.readouterr().err


def configs_of(address: str, topic: str) -> dict[str, Any]:
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    admin = AdminClient({"bootstrap.servers": address})
    (answer,) = admin.describe_configs([resource]).values()
    return {name: entry.value for name, entry in answer.result().items()}


@pytest.fixture
def without_the_small_topic(kafka_container: str) -> str:
    admin = AdminClient({"bootstrap.servers": kafka_container})
    if SMALL.name in admin.list_topics(timeout=10).topics:
        admin.delete_topics([SMALL.name])[SMALL.name].result()
    return kafka_container


@pytest.mark.engine
class TestOnARealCluster:
    async def test_what_is_missing_is_made_with_its_partitions_retention_and_size(
        self, without_the_small_topic: str
    ) -> None:
        settings = KafkaSettings(bootstrap_servers=without_the_small_topic)
        await create_topics(settings, [SMALL])
        assert await missing_topics(settings, [SMALL]) == []
        configs = await asyncio.to_thread(configs_of, without_the_small_topic, SMALL.name)
        assert configs["retention.ms"] == str(3 * 60 * 60 * 1000)
        assert configs["max.message.bytes"] == "4096"
        assert configs["cleanup.policy"] == "delete"

    async def test_a_topic_that_is_there_grows_to_what_is_declared_and_keeps_what_others_set(
        self, without_the_small_topic: str
    ) -> None:
        admin = AdminClient({"bootstrap.servers": without_the_small_topic})
        made = NewTopic(SMALL.name, 1, 1, config={"retention.ms": "1000", "segment.bytes": "1048576"})
        await asyncio.to_thread(admin.create_topics([made])[SMALL.name].result)
        settings = KafkaSettings(bootstrap_servers=without_the_small_topic)
        assert await missing_topics(settings, [SMALL]) == ["Topic invoice.tried has 1 of the 2 partitions it needs."]
        await create_topics(settings, [SMALL])
        await create_topics(settings, [SMALL])
        assert await missing_topics(settings, [SMALL]) == []
        configs = await asyncio.to_thread(configs_of, without_the_small_topic, SMALL.name)
        assert configs["retention.ms"] == str(3 * 60 * 60 * 1000)
        assert configs["segment.bytes"] == "1048576"

    def test_the_command_makes_all_and_then_finds_none_missing(
        self, real: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("INVOICEFLOW_KAFKA_BOOTSTRAP_SERVERS", real)
        main(["create"])
        main(["check"])
        assert capsys.readouterr().err.count(f"All {len(topic_specs())} topics are there.") == 2
