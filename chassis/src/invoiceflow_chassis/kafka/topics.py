"""``python -m invoiceflow_chassis.kafka.topics create|check``: the topics that ``topics.yaml`` declares, on a cluster.

A step of the deployment and not of a service's start, so that the services need no right to create topics.
``create`` may be run again: it makes what is missing, adds partitions, and sets the declared limits; it takes nothing
away, and settings that an operator has made beside them stay.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka.admin import NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from pydantic import ValidationError

from invoiceflow_chassis.app import exit_with_settings_error
from invoiceflow_chassis.kafka.diagnosis import why_not_connected
from invoiceflow_chassis.kafka.settings import KafkaSettings
from invoiceflow_chassis.kafka.topic_check import (
    admin_client,
    missing_topics,
    partitions_of_topics,
    replicas_of_topics,
    shortcomings,
)
from invoiceflow_contracts.topics import TopicSpec, topic_specs

__all__ = ["create_topics", "topic_configs"]

REPLICAS = 3
"""Of each partition, where the cluster has that many brokers."""
PATIENCE_SECONDS = 60.0
"""How long to wait for a cluster that is just starting, and for what was created to be seen."""
_SET_ON_TOPIC = 1
"""The source of a configuration entry that was set for this topic and is no default (DescribeConfigs, KIP-226)."""


def topic_configs(spec: TopicSpec, replicas: int) -> dict[str, str]:
    """Return the topic-level configuration by Kafka's names.

    With three replicas two must have a record before it counts as written, so that losing one broker loses nothing
    and stops nothing.
    """
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(spec.retention_hours * 3_600_000),
        "max.message.bytes": str(spec.max_message_bytes),
        **({"min.insync.replicas": str(replicas - 1)} if replicas > 1 else {}),
    }


async def create_topics(
    settings: KafkaSettings, specs: Sequence[TopicSpec] | None = None, *, replicas: int | None = None
) -> None:
    """Bring the cluster to what is declared, and return once it says so itself.

    Args:
        settings: how to reach the cluster.
        specs: what is declared; everything in ``topics.yaml`` where None.
        replicas: of each partition of a new topic; three, or as many as there are brokers, where None.

    Raises:
        KafkaError: no broker answers, or it refuses.
        TimeoutError: what was created does not appear.
    """
    specs = topic_specs() if specs is None else specs
    async with admin_client(settings) as admin:
        if replicas is None:
            replicas = min(REPLICAS, len((await admin.describe_cluster())["brokers"]))
        there = await replicas_of_topics(admin)
        await _create(admin, [spec for spec in specs if spec.name not in there], replicas)
        older = [spec for spec in specs if spec.name in there]
        if small := [spec for spec in older if len(there[spec.name]) < spec.partitions]:
            await admin.create_partitions({spec.name: NewPartitions(total_count=spec.partitions) for spec in small})
        # An older topic keeps its replicas, and must not ask for more of them in sync than there are.
        await _configure(admin, {spec.name: topic_configs(spec, min(there[spec.name])) for spec in older})
        async with asyncio.timeout(PATIENCE_SECONDS):
            while shortcomings(specs, await partitions_of_topics(admin)):  # noqa: ASYNC110  # nobody would tell
                await asyncio.sleep(0.2)


async def _create(admin: Any, specs: Sequence[TopicSpec], replicas: int) -> None:
    if not specs:
        return
    response = await admin.create_topics(
        [NewTopic(spec.name, spec.partitions, replicas, topic_configs=topic_configs(spec, replicas)) for spec in specs]
    )
    for name, code, message in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:  # someone else did the same just now
            raise error(f"topic {name}: {message}")


async def _configure(admin: Any, declared: Mapping[str, Mapping[str, str]]) -> None:
    """Set the declared limits of topics that were there before, by their names."""
    if not declared:
        return
    kept = await _set_on_topics(admin, declared)
    changed = [
        # The request replaces everything that is set on a topic.
        ConfigResource(ConfigResourceType.TOPIC, name, {**kept[name], **configs})
        for name, configs in declared.items()
        if not configs.items() <= kept[name].items()
    ]
    if changed:
        for response in await admin.alter_configs(changed):
            for code, message, _, name in response.resources:
                if code:
                    raise for_code(code)(f"topic {name}: {message}")


async def _set_on_topics(admin: Any, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return what is set on each topic itself, without the defaults."""
    responses = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    found: dict[str, dict[str, str]] = {}
    for response in responses:
        for code, message, _, name, entries in response.resources:
            if code:
                raise for_code(code)(f"topic {name}: {message}")
            found[name] = {entry[0]: entry[1] for entry in entries if entry[3] == _SET_ON_TOPIC}
    return found


async def _run(action: str, settings: KafkaSettings, replicas: int | None) -> list[str]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            if action == "create":
                await create_topics(settings, replicas=replicas)
            return await missing_topics(settings)
        except (KafkaError, OSError) as error:
            if not getattr(error, "retriable", True) or time.monotonic() > deadline:
                return [f"The topics could not be seen to: {error}. {await why_not_connected(settings)}"]
            await asyncio.sleep(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Create or check; end with 1 and a sentence for whatever is not as declared."""
    parser = argparse.ArgumentParser(
        prog="python -m invoiceflow_chassis.kafka.topics",
        description="The topics of topics.yaml on the cluster that INVOICEFLOW_KAFKA_* names.",
    )
    parser.add_argument("action", choices=["create", "check"], help="make what is missing, or only say what is")
    parser.add_argument(
        "--replicas", type=int, help="of each partition of a new topic (3, or as many as there are brokers)"
    )
    options = parser.parse_args(arguments)
    try:
        settings = KafkaSettings()
    except ValidationError as error:
        exit_with_settings_error(error)
    if sentences := asyncio.run(_run(options.action, settings, options.replicas)):
        print(*sentences, sep="\n", file=sys.stderr)  # noqa: T201
        raise SystemExit(1)
    print(f"All {len(topic_specs())} topics are there.", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
