"""What stands on the topics, read from their beginning by a consumer that has nothing to do with the services'."""

import json
import time
import zlib
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from faultsuite.documents import group_of
from faultsuite.load import Origin
from faultsuite.oracle import DeadLetter, Offset
from invoiceflow_contracts.topics import DEAD_LETTER_SUFFIX, RETRY_SUFFIX, TOPICS, topic_specs

__all__ = ["TopicReader", "readers_of"]

READ_SECONDS, ANSWER_SECONDS, PATIENCE_SECONDS = 120.0, 10.0, 60.0
SERVICES = ("ingest", "ocr", "extract", "query")


T = TypeVar("T")


def readers_of(topic: str) -> list[str]:
    """Return the groups that read a topic, which are those that read its retry topic."""
    consumers = TOPICS[topic.removesuffix(RETRY_SUFFIX)].consumers
    return [group_of(service) for service in consumers if service in SERVICES]


class TopicReader:
    """Knows everything that was ever on the topics; each look adds what has come since the last."""

    def __init__(self, bootstrap: str) -> None:
        self._configuration: dict[str, str | int | float | bool] = {"bootstrap.servers": bootstrap, "log_level": 0}
        self._admin = AdminClient(self._configuration)
        self._consumer = Consumer(
            {
                **self._configuration,
                "group.id": "oracle",  # never joined: what is read is assigned below, and nothing is committed
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "fetch.message.max.bytes": 16_000_000,
            }
        )
        self._positions = {(spec.name, number): 0 for spec in topic_specs() for number in range(spec.partitions)}
        self._consumer.assign([TopicPartition(*place, 0) for place in self._positions])
        self._invoices: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        self.failed: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self.uploaded: set[str] = set()
        self.dead_letters: set[DeadLetter] = set()

    def close(self) -> None:
        self._consumer.close()

    def extracted(self, document_id: str, *, with_invoice: bool = True) -> dict[str, dict[str, Any]]:
        """Return the invoices that were announced for a document, by event id; empty where they are not asked for."""
        return {
            event: json.loads(zlib.decompress(data)) if with_invoice else {}
            for event, data in self._invoices[document_id].items()
        }

    def has_end(self, document_id: str) -> bool:
        """Whether a document was announced as extracted or failed."""
        return bool(self._invoices[document_id] or self.failed[document_id])

    @property
    def known(self) -> set[str]:
        """Every document that any event speaks of."""
        return {
            *self.uploaded,
            *(one for one, events in self._invoices.items() if events),
            *(one for one, events in self.failed.items() if events),
        }

    def read(self) -> None:
        """Read on to where the topics end now."""
        firsts, ends = self._list(OffsetSpec.earliest()), self._list(OffsetSpec.latest())
        for place, first in firsts.items():  # what retention has taken away cannot be read any more
            self._positions[place] = max(self._positions[place], first)
        deadline = time.monotonic() + READ_SECONDS
        while any(self._positions[place] < end for place, end in ends.items()):
            assert time.monotonic() < deadline, f"the topics cannot be read to their end within {READ_SECONDS:g} s"
            for message in self._consumer.consume(500, timeout=1.0):
                if message.error() is None:
                    self._note(message)

    def offsets(self) -> list[Offset]:
        """Return how far every group has come in what it reads."""
        firsts, ends = self._list(OffsetSpec.earliest()), self._list(OffsetSpec.latest())
        found: list[Offset] = []
        for service in SERVICES:
            group = group_of(service)
            places = [
                (name, number)
                for topic in TOPICS.values()
                if service in topic.consumers
                for name in (topic.name, topic.retry)
                for number in range(topic.partitions)
            ]
            answer = self._committed(group, [TopicPartition(*place) for place in places])
            for one in answer.topic_partitions:
                # Nothing is committed where nothing ever was; what retention has taken away needs no commit either.
                place = one.topic, one.partition
                committed = one.offset if one.offset >= 0 else firsts[place]
                found.append(Offset(group, *place, committed, ends[place]))
        return found

    def rewind(self, group: str) -> None:
        """Set the offsets of a group without members to zero."""
        zero = [TopicPartition(one.topic, one.partition, 0) for one in self._committed(group).topic_partitions]
        asked = [ConsumerGroupTopicPartitions(group, zero)]
        altered = self._ask(lambda admin: admin.alter_consumer_group_offsets(asked)[group].result(ANSWER_SECONDS))
        assert not any(one.error for one in altered.topic_partitions), altered.topic_partitions

    def members(self, group: str) -> dict[str, set[tuple[str, int]]]:
        """Return what each member of a group has been assigned, by its id."""
        return {
            member.member_id: {(one.topic, one.partition) for one in member.assignment.topic_partitions}
            for member in self._described(group).members
        }

    def coordinator(self, group: str) -> int:
        """Return the broker that coordinates a group."""
        return int(self._described(group).coordinator.id)

    def leader(self, topic: str, partition: int) -> int:
        """Return the broker that leads a partition."""
        return int(self._metadata()[topic].partitions[partition].leader)

    @property
    def in_sync(self) -> bool:
        """Whether every replica has everything."""
        return all(
            len(one.isrs) == len(one.replicas)
            for topic in self._metadata().values()
            for one in topic.partitions.values()
        )

    def _ask(self, question: Callable[[AdminClient], T]) -> T:
        """Return the answer of the cluster.

        A client asks those who led when it last looked, and goes on for minutes being told that they do not lead any more.
        So where there is no answer a new one asks.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return question(self._admin)
            except (KafkaException, TimeoutError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
                self._admin = AdminClient(self._configuration)

    def _metadata(self) -> dict[str, Any]:
        return self._ask(lambda admin: dict(admin.list_topics(timeout=ANSWER_SECONDS).topics))

    def _described(self, group: str) -> Any:
        return self._ask(lambda admin: admin.describe_consumer_groups([group])[group].result(ANSWER_SECONDS))

    def _committed(self, group: str, places: list[TopicPartition] | None = None) -> Any:
        asked = [ConsumerGroupTopicPartitions(group, places)]
        return self._ask(lambda admin: admin.list_consumer_group_offsets(asked)[group].result(ANSWER_SECONDS))

    def _list(self, what: OffsetSpec) -> dict[tuple[str, int], int]:
        places = {TopicPartition(*place): what for place in self._positions}
        return self._ask(
            lambda admin: {
                (one.topic, one.partition): int(answer.result(ANSWER_SECONDS).offset)
                for one, answer in admin.list_offsets(places).items()
            }
        )

    def _note(self, message: Message) -> None:
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        self._positions[topic, partition] = offset + 1
        headers = {name: (value or b"").decode(errors="replace") for name, value in message.headers() or ()}
        if topic.endswith(DEAD_LETTER_SUFFIX):
            self._note_dead_letter(headers)
        elif topic in {"document.uploaded", "invoice.extracted", "document.failed"}:
            self._note_event(topic, headers, message.value())

    def _note_dead_letter(self, headers: dict[str, str]) -> None:
        if "invoiceflow_redriven_at" in headers:
            return  # the mark that a record was sent on its way again
        origin: Origin = (
            headers["invoiceflow_origin_topic"],
            int(headers["invoiceflow_origin_partition"]),
            int(headers["invoiceflow_origin_offset"]),
        )
        self.dead_letters.add(DeadLetter(origin, headers["invoiceflow_group"], headers["invoiceflow_error_code"]))

    def _note_event(self, topic: str, headers: dict[str, str], value: bytes | None) -> None:
        if headers.get("ce_type") != f"invoiceflow.{topic}.v1":
            return  # poison
        try:
            data = json.loads(value or b"")
            document, event = data["document_id"], headers["ce_id"]
        except (ValueError, KeyError, TypeError):
            return  # poison
        if topic == "document.uploaded":
            self.uploaded.add(document)
        elif topic == "document.failed":
            self.failed[document][event] = data["code"]
        else:
            self._invoices[document][event] = zlib.compress(json.dumps(data["invoice"]).encode())
