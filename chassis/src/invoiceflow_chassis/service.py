"""What a service is made of: routes, subscriptions, readiness checks and what lives as long as it does."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from fastapi import APIRouter

from invoiceflow_contracts.events import Event

__all__ = ["Delivery", "Handler", "Service", "Subscription"]


E = TypeVar("E", bound=Event)
E_contra = TypeVar("E_contra", bound=Event, contravariant=True)


class Delivery(Protocol):
    """The circumstances under which a handler got its event."""

    @property
    def event_id(self) -> str:
        """The ``ce_id`` of the event."""
        ...

    @property
    def attempt(self) -> int:
        """1 for the first delivery, more after retries."""
        ...

    async def announce(self, event: Event) -> None:
        """Publish an event that may be lost (progress): best effort, never raises."""
        ...


class Handler(Protocol[E_contra]):
    """A use case on an event.

    It stores its results idempotently and returns the events to publish; the chassis publishes them, waits for
    the acknowledgement, and only then commits the offset. ``PermanentError`` ends the document as failed,
    ``TransientError`` and unforeseen errors are tried again.
    """

    async def __call__(self, event: E_contra, delivery: Delivery, /) -> Sequence[Event]: ...


@dataclass(frozen=True, kw_only=True)
class Subscription(Generic[E]):
    """One event type that a service consumes."""

    event: type[E]
    handler: Handler[E]
    concurrency: int = 1
    """How many documents are handled at the same time; offsets are still committed in order."""
    time_limit: float = 60.0
    """Seconds after which a running handler is cancelled and the event tried again."""
    fails_document: bool = True
    """Whether giving up publishes ``document.failed``; false for pure readers such as query."""
    patient: bool = False
    """Whether ``UnavailableError`` is no failed attempt: the handler is begun again until its store is back, however
    long that takes. Its slot stays taken, so that the topic is paused and its events wait in Kafka. For readers, to whom a
    dead letter would be a hole; not for services that owe the document an end."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service, ready to be run alone or beside others in one process."""

    name: str
    version: str
    """Part of the ids of the events it makes: a new version makes new events."""
    router: APIRouter | None = None
    subscriptions: tuple[Subscription[Any], ...] = ()
    checks: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """Readiness: each returns when its backing service answers and raises when not."""
    lifespan: Callable[[], AbstractAsyncContextManager[None]] | None = None
