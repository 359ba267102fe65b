"""Hand-written fakes of the chassis' ports, for the services' own tests."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from invoiceflow_chassis.dead_letters import DeadLetter, Payload, Selection
from invoiceflow_chassis.lag import TopicLag, earliest
from invoiceflow_contracts.events import Event

__all__ = ["FakeBacklog", "FakeDeadLetters", "FakeDelivery", "RecordingPublisher"]


@dataclass
class RecordingPublisher:
    """A publisher that keeps what it was given; ``fail_with`` makes it refuse, and ``refused`` counts how often it did."""

    published: list[tuple[UUID, Event]] = field(default_factory=list)
    fail_with: Exception | None = None
    refused: int = 0

    async def publish(self, event: Event, *, event_id: UUID, key: str | None = None) -> None:  # noqa: ARG002
        if self.fail_with is not None:
            self.refused += 1
            raise self.fail_with
        self.published.append((event_id, event))


@dataclass
class FakeDelivery:
    """A delivery outside any broker."""

    event_id: str = "00000000-0000-0000-0000-000000000001"
    attempt: int = 1
    announced: list[Event] = field(default_factory=list)

    async def announce(self, event: Event) -> None:
        self.announced.append(event)


@dataclass
class FakeBacklog:
    """A backlog as the test wants it; ``fail_with`` makes the cluster not answer."""

    topics: Sequence[TopicLag] = ()
    fail_with: Exception | None = None

    async def lag(self) -> Sequence[TopicLag]:
        if self.fail_with is not None:
            raise self.fail_with
        return self.topics

    async def oldest_waiting(self) -> datetime | None:
        return earliest(one.oldest_waiting for one in await self.lag())


@dataclass
class FakeDeadLetters:
    """Letters with their payloads; those without one are not kept any more. ``fail_with`` makes the cluster not answer."""

    letters: list[DeadLetter] = field(default_factory=list)
    payloads: dict[UUID, Payload] = field(default_factory=dict)
    fail_with: Exception | None = None

    async def find(self, selection: Selection) -> list[DeadLetter]:
        if self.fail_with is not None:
            raise self.fail_with
        return [letter for letter in self.letters if selection.matches(letter)]

    async def payload(self, letter: DeadLetter) -> Payload | None:
        return self.payloads.get(letter.id)

    async def redrive(self, letter: DeadLetter) -> bool:
        if letter.id not in self.payloads:
            return False
        self.letters = [
            replace(one, redriven_at=datetime.now(UTC)) if one.id == letter.id else one for one in self.letters
        ]
        return True
