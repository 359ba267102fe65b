"""The topics, as ``topics.yaml`` names them: the one place for owners, readers, partitions, retention and size."""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from invoiceflow_contracts.events import EVENTS, Event

__all__ = [
    "DEAD_LETTER_SUFFIX",
    "OUTSIDE",
    "RETRY_SUFFIX",
    "TOPICS",
    "Topic",
    "TopicSpec",
    "TopicsError",
    "parse_topics",
    "partners",
    "topic_of",
    "topic_specs",
]

RETRY_SUFFIX = ".retry"
DEAD_LETTER_SUFFIX = ".dlq"

OUTSIDE = frozenset({"upstream", "downstream"})
"""Producers and consumers that are no services of Invoiceflow."""

_DEAD_LETTER_RETENTION_HOURS = 30 * 24
"""A month, so that a dead letter outlives the holidays of whoever has to look at it."""
_HEADER_ROOM = 64 * 1024
"""Bytes that a record in a partner topic may be larger by: it carries the original and says why it is there."""
_NAME = re.compile(r"[a-z]+(\.[a-z]+)+")


class TopicsError(ValueError):
    """``topics.yaml`` contradicts itself or the events; the message says where."""


class Topic(BaseModel):
    """A topic that carries one event, in whatever versions are published."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str = Field(min_length=1)
    owner: str = Field(min_length=1, description="Who decides about the event's schema.")
    producers: tuple[str, ...] = Field(min_length=1)
    consumers: tuple[str, ...] = Field(min_length=1)
    partitions: int = Field(ge=1)
    retention_hours: int = Field(ge=1)
    max_message_bytes: int = Field(
        ge=1024, description="Key, value, headers and what Kafka adds, as its brokers count."
    )

    @property
    def retry(self) -> str:
        """The partner for messages to be tried again."""
        return self.name + RETRY_SUFFIX

    @property
    def dead_letter(self) -> str:
        """The partner for messages that were given up."""
        return self.name + DEAD_LETTER_SUFFIX


class TopicSpec(BaseModel):
    """What is needed to create a topic on a cluster."""

    model_config = ConfigDict(frozen=True)

    name: str
    partitions: int
    retention_hours: int
    max_message_bytes: int


def parse_topics(text: str, events: Collection[type[Event]] = EVENTS) -> dict[str, Topic]:
    """Return the topics by name.

    Raises:
        TopicsError: the text is no valid description of topics, an event has no topic, or a topic no event.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TopicsError(f"not YAML: {error}") from error
    entries = document.get("topics") if isinstance(document, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise TopicsError("there is no mapping of topics under 'topics'")
    topics: dict[str, Topic] = {}
    for name, entry in entries.items():
        if (
            not isinstance(name, str)
            or not _NAME.fullmatch(name)
            or f".{name}".endswith((RETRY_SUFFIX, DEAD_LETTER_SUFFIX))
        ):
            raise TopicsError(
                f"{name!r} is no topic name: lower-case words joined by dots, not ending as a partner topic"
            )
        try:
            topics[name] = Topic.model_validate({"name": name, **(entry or {})})
        except (ValidationError, TypeError) as error:
            raise TopicsError(f"topic {name}: {error}") from error
    carried = {event.event_type for event in events}
    if missing := sorted(carried - topics.keys()):
        raise TopicsError(f"events without a topic: {', '.join(missing)}")
    if orphans := sorted(topics.keys() - carried):
        raise TopicsError(f"topics without an event: {', '.join(orphans)}")
    return topics


@cache
def _packaged() -> Mapping[str, Topic]:
    return parse_topics(files("invoiceflow_contracts").joinpath("topics.yaml").read_text(encoding="utf-8"))


class _PackagedTopics(Mapping[str, Topic]):
    """The topics of this release, read when they are first asked for."""

    def __getitem__(self, name: str) -> Topic:
        return _packaged()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_packaged())

    def __len__(self) -> int:
        return len(_packaged())


TOPICS: Mapping[str, Topic] = _PackagedTopics()
"""Every topic by its name, without the partners."""


def topic_of(event: type[Event]) -> Topic:
    """Return the topic that carries ``event``."""
    return TOPICS[event.event_type]


def partners(topic: Topic) -> tuple[TopicSpec, ...]:
    """Return ``<topic>.retry`` and ``<topic>.dlq``."""
    size = topic.max_message_bytes + _HEADER_ROOM
    return (
        TopicSpec(
            name=topic.retry,
            partitions=topic.partitions,
            retention_hours=topic.retention_hours,
            max_message_bytes=size,
        ),
        TopicSpec(
            name=topic.dead_letter,
            partitions=topic.partitions,
            retention_hours=max(topic.retention_hours, _DEAD_LETTER_RETENTION_HOURS),
            max_message_bytes=size,
        ),
    )


def topic_specs(topics: Mapping[str, Topic] = TOPICS) -> tuple[TopicSpec, ...]:
    """Return everything that must exist on a cluster: each topic, followed by its partners."""
    return tuple(
        spec
        for topic in topics.values()
        for spec in (
            TopicSpec(
                name=topic.name,
                partitions=topic.partitions,
                retention_hours=topic.retention_hours,
                max_message_bytes=topic.max_message_bytes,
            ),
            *partners(topic),
        )
    )
