"""What the services need from outside, as Protocols. The tenant is always the first argument."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from invoiceflow_chassis.dead_letters import DeadLetter, Payload, Selection
from invoiceflow_chassis.lag import TopicLag
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events import Event

__all__ = ["Backlog", "DeadLetters", "ObjectStore", "Publisher", "Received"]


@dataclass(frozen=True)
class Received:
    """A stream that was stored."""

    ref: ContentRef
    is_new: bool
    """Whether there was nothing under its hash before; false also where nobody can tell."""


class ObjectStore(Protocol):
    """Buckets of immutable objects. Every key begins with the tenant: ``{tenant}/{name}``.

    An operation on a reference whose key is not under the tenant's prefix raises ``ObjectNotFoundError``,
    as if the object did not exist. Network trouble raises ``TransientError``.
    """

    async def receive(
        self, tenant: str, bucket: str, chunks: AsyncIterable[bytes], *, media_type: str, max_size: int
    ) -> Received:
        """Store a stream of unknown length under the SHA-256 of its bytes, hashing on the way.

        The object is complete and durable under ``{tenant}/{sha256}`` when this returns; the same bytes again
        are the same object, whole again if it was altered. Nothing is left behind when it fails.

        Raises:
            ContentTooLargeError: the stream has more than ``max_size`` bytes.
            StorageFullError: there is no room.
        """
        ...

    async def put(self, tenant: str, bucket: str, name: str, data: bytes, *, media_type: str) -> ContentRef:
        """Store ``data`` under ``{tenant}/{name}``, in place of what was there; atomically."""
        ...

    async def put_new(self, tenant: str, bucket: str, name: str, data: bytes, *, media_type: str) -> bool:
        """Store ``data`` under ``{tenant}/{name}`` unless there is such an object; return whether there was none.

        Of several that try at the same time one succeeds. False may also mean that the answer to an earlier attempt was
        lost: what is there may be ``data`` itself.
        """
        ...

    async def get(self, tenant: str, ref: ContentRef) -> bytes:
        """Return the bytes of ``ref`` once their SHA-256 and size were found to be right.

        Raises:
            ObjectNotFoundError: no such object, or not the tenant's.
            ContentMismatchError: the bytes are not those of ``ref``.
        """
        ...

    async def find(self, tenant: str, bucket: str, name: str) -> bytes | None:
        """Return the bytes of ``{tenant}/{name}``, or None where there is no such object."""
        ...

    def names(self, tenant: str, bucket: str, prefix: str = "") -> AsyncIterator[str]:
        """Yield the names (without the tenant) that begin with ``prefix``, sorted."""
        ...

    async def delete(self, tenant: str, bucket: str, name: str) -> None:
        """Delete ``{tenant}/{name}``; no error where it does not exist."""
        ...

    async def ping(self) -> None:
        """Return when the store answers; raise ``TransientError`` when it does not."""
        ...


class Publisher(Protocol):
    """Puts events on their topics."""

    async def publish(self, event: Event, *, event_id: UUID, key: str | None = None) -> None:
        """Return once every in-sync replica has the event.

        The trace context is taken from the running task. ``key`` defaults to the event's document id.

        Raises:
            TransientError: the broker did not acknowledge in time; the event may or may not arrive.
        """
        ...


class Backlog(Protocol):
    """What has been published and not been finished. It belongs to no single tenant.

    Both methods raise ``TransientError`` when the cluster does not answer, or not with everything.
    """

    async def lag(self) -> Sequence[TopicLag]:
        """Return how far each consumer group is behind, for every topic it consumes and its retry partner."""
        ...

    async def oldest_waiting(self) -> datetime | None:
        """Return when the oldest record was published that any group has not finished; None where nothing waits."""
        ...


class DeadLetters(Protocol):
    """What the services gave up. It belongs to no single tenant: who sent a poison message cannot be told.

    Every method raises ``TransientError`` when the cluster does not answer.
    """

    async def find(self, selection: Selection) -> list[DeadLetter]:
        """Return the letters of ``selection``, those given up last before the others."""
        ...

    async def payload(self, letter: DeadLetter) -> Payload | None:
        """Return what the letter holds, or None where its topic does not keep it any more."""
        ...

    async def redrive(self, letter: DeadLetter) -> bool:
        """Give the letter back, as it first came and with the same event id, to the group that gave it up.

        Returns once that is acknowledged; False where the letter is not kept (any more, or in full), or its group is no more. The group
        handles it as if it were new: if it gives it up again, the same letter is open again.
        """
        ...
