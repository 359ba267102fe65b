"""Whether a cluster has the topics that are declared. Nothing is created by asking."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from invoiceflow_chassis.kafka.settings import KafkaSettings
from invoiceflow_contracts.topics import TopicSpec, topic_specs

__all__ = ["admin_client", "missing_topics", "partitions_of_topics", "replicas_of_topics", "shortcomings"]


def shortcomings(specs: Iterable[TopicSpec], partitions: Mapping[str, int]) -> list[str]:
    """Return a sentence for each topic that is missing or has too few partitions.

    Args:
        specs: what is declared.
        partitions: how many each topic of the cluster has.
    """
    found: list[str] = []
    for spec in specs:
        there = partitions.get(spec.name)
        if there is None:
            found.append(f"Topic {spec.name} is missing; it needs {spec.partitions} partitions.")
        elif there < spec.partitions:
            found.append(f"Topic {spec.name} has {there} of the {spec.partitions} partitions it needs.")
    return found


async def missing_topics(settings: KafkaSettings, specs: Sequence[TopicSpec] | None = None) -> list[str]:
    """Return a sentence for each declared topic that the cluster does not have as it should; raises ``KafkaError``."""
    async with admin_client(settings) as admin:
        return shortcomings(topic_specs() if specs is None else specs, await partitions_of_topics(admin))


@asynccontextmanager
async def admin_client(settings: KafkaSettings) -> AsyncIterator[Any]:
    """Connect for administration; raises ``KafkaError`` when no broker answers."""
    admin = AIOKafkaAdminClient(**settings.client())
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def replicas_of_topics(admin: Any) -> dict[str, list[int]]:
    """Return, for each topic of the cluster, how many replicas each of its partitions has."""
    # All topics are asked for: asking for one by its name would create it where brokers are set up to do that.
    topics = await admin.describe_topics()
    return {topic["topic"]: [len(one["replicas"]) for one in topic["partitions"]] for topic in topics}


async def partitions_of_topics(admin: Any) -> dict[str, int]:
    """Return how many partitions each topic of the cluster has."""
    return {topic: len(replicas) for topic, replicas in (await replicas_of_topics(admin)).items()}
