"""Hand-written fakes of the chassis' ports, for the services' own tests."""

from dataclasses import dataclass, field
from uuid import UUID

from invoiceflow_contracts.events import Event

__all__ = ["FakeDelivery", "RecordingPublisher"]


@dataclass
class RecordingPublisher:
    """A publisher that keeps what it was given; ``fail_with`` makes it refuse."""

    published: list[tuple[UUID, Event]] = field(default_factory=list)
    fail_with: Exception | None = None

    async def publish(self, event: Event, *, event_id: UUID, key: str | None = None) -> None:  # noqa: ARG002
        if self.fail_with is not None:
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
