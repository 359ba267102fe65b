"""The use cases: storing a document, accepting it, and both for a submission from Kafka.

The order that loses nothing: the object is stored, then Kafka acknowledges ``document.uploaded``, then the acceptance is
recorded. Whoever finds a record may rely on the two before it. A process killed in between has told nobody that it took
the document; the sender tries again, and the same bytes make the same event, which consumers know already.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Literal
from uuid import UUID
from weakref import WeakValueDictionary

from invoiceflow_chassis.errors import ContentTooLargeError, PermanentError
from invoiceflow_chassis.ports import ObjectStore, Publisher, Received
from invoiceflow_contracts.events import DocumentFailedV1, DocumentSubmittedV1, DocumentUploadedV1, Event, Metadata
from invoiceflow_contracts.identity import document_id
from invoiceflow_ingest.acceptance import find_accepted, publish_uploaded, record_accepted
from invoiceflow_ingest.errors import BucketNotAllowedError, ContainerError
from invoiceflow_ingest.filenames import clean_filename
from invoiceflow_ingest.media_types import Sample, first_guess, media_type
from invoiceflow_ingest.unpacking import CONTAINERS, Limits, Unopened, unpacked

__all__ = ["Acceptance", "Intake", "Refusal", "accept", "accept_all", "on_submitted", "store"]

Channel = Literal["http", "kafka"]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What taking a document in depends on."""

    objects: ObjectStore
    publisher: Publisher
    bucket: str
    source_buckets: tuple[str, ...] = ()
    """Buckets that submissions may refer to."""
    max_file_size: int
    """Bytes."""
    max_members: int = 100
    """Documents in one e-mail or archive."""
    max_unpacked: int = 512 << 20
    """Bytes that may come out of one."""
    now: Callable[[], datetime] = _now
    locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """One for each document that is being accepted; a lock that nobody holds or awaits is forgotten."""
    recent: deque[UUID] = field(default_factory=partial(deque, maxlen=1000))
    """The documents accepted last."""


@dataclass(frozen=True)
class Acceptance:
    """A document that was taken in, now or before."""

    event: DocumentUploadedV1
    """As it was published when the document was first taken in."""
    known: bool
    """Whether these bytes had been taken in before."""


@dataclass(frozen=True)
class Refusal:
    """A document that was not taken in."""

    filename: str
    sha256: str
    error: PermanentError


async def store(intake: Intake, tenant: str, chunks: AsyncIterable[bytes]) -> Received:
    """Store a document under its hash; it counts for nothing before it is accepted.

    Raises:
        EmptyFileError: there are no bytes.
        UnsupportedMediaTypeError: nothing here can read them.
        ContentTooLargeError: there are more than allowed.
    """
    sample = Sample()
    async with aclosing(_sampled(chunks, sample)) as stream:
        head = b""
        async for chunk in stream:
            head += chunk
            if sample.has_head:
                break
        guess = first_guess(bytes(sample.head))
        received = await intake.objects.receive(
            tenant,
            intake.bucket,
            _readable(head, stream, sample),
            media_type=guess,
            max_size=intake.max_file_size,
        )
    return replace(received, ref=received.ref.model_copy(update={"media_type": media_type(sample)}))


async def accept(
    intake: Intake,
    tenant: str,
    received: Received,
    *,
    filename: str,
    channel: Channel,
    metadata: Metadata,
    container: str | None = None,
) -> Acceptance:
    """Announce a stored document and record that; a document known already is left as it is.

    A record stands beside bytes that were stored before: for new ones none is looked for. Unless the same bytes came
    twice at a time, and the second upload, which found them stored, was accepted before the first.

    Raises:
        TransientError: Kafka or the object store did not acknowledge.
    """
    content = received.ref
    identity = document_id(tenant, content.sha256)
    async with intake.locks.setdefault(str(identity), asyncio.Lock()):
        if not received.is_new or identity in intake.recent:
            before = await find_accepted(intake.objects, tenant, intake.bucket, identity)
            if before is not None:
                return Acceptance(before, known=True)
        event = DocumentUploadedV1(
            tenant=tenant,
            document_id=identity,
            filename=clean_filename(filename),
            content=content,
            channel=channel,
            received_at=intake.now(),
            metadata=metadata,
            container=None if container is None else clean_filename(container),
        )
        await publish_uploaded(intake.publisher, event)
        await record_accepted(intake.objects, intake.bucket, event)
        intake.recent.append(identity)
    return Acceptance(event, known=False)


async def accept_all(
    intake: Intake, tenant: str, received: Received, *, filename: str, channel: Channel, metadata: Metadata
) -> list[Acceptance | Refusal]:
    """Accept a stored document, or each of those in a stored e-mail or archive.

    A container is no document: its bytes are kept, and what is in it is taken in one by one, as if it had been sent so. Sent again
    after a crash half way, it makes the same documents. One that is refused does not keep the others from being accepted.

    Raises:
        TransientError: Kafka or the object store did not acknowledge.
    """
    kind = received.ref.media_type
    take = partial(accept, intake, tenant, channel=channel, metadata=metadata)
    if kind not in CONTAINERS:
        return [await take(received, filename=filename)]
    outcomes: list[Acceptance | Refusal] = []
    limits = Limits(intake.max_members, intake.max_file_size, intake.max_unpacked)
    members = unpacked(await intake.objects.get(tenant, received.ref), kind, limits)
    try:
        while (member := await asyncio.to_thread(next, members, None)) is not None:
            if isinstance(member, Unopened):
                # There are no bytes of its own to name it by.
                named = hashlib.sha256(f"{received.ref.sha256}/{member.filename}".encode("utf-8", "replace"))
                outcomes.append(Refusal(clean_filename(member.filename), named.hexdigest(), member.error))
                continue
            try:
                stored = await store(intake, tenant, _one(member.data))
            except PermanentError as error:
                sha256 = hashlib.sha256(member.data).hexdigest()
                outcomes.append(Refusal(clean_filename(member.filename), sha256, error))
            else:
                outcomes.append(await take(stored, filename=member.filename, container=filename))
    except PermanentError as error:
        outcomes.append(Refusal(filename, received.ref.sha256, error))
    if not outcomes:
        empty = ContainerError(
            "container_empty", "There is no document in it. Attach the invoice, or put it in the archive."
        )
        outcomes.append(Refusal(filename, received.ref.sha256, empty))
    return outcomes


async def on_submitted(intake: Intake, event: DocumentSubmittedV1) -> Sequence[Event]:
    """Take in what an upstream system submitted.

    ``document.uploaded`` is published here and not by the chassis after this returns: the record must come after the
    acknowledgement, or a crash between the two would leave a document that is known and was never announced.

    Returns:
        What is left to publish: ``document.failed`` for each document that cannot be taken in.
    """
    sha256 = event.content.sha256 if event.content is not None else hashlib.sha256(event.inline or b"").hexdigest()
    identity = document_id(event.tenant, sha256)
    if await find_accepted(intake.objects, event.tenant, intake.bucket, identity) is not None:
        # Whatever became of this copy, its bytes are here already: nothing to read, and nothing that could fail
        # a document that may be done.
        return ()
    try:
        data = await _bytes_of(intake, event)
        received = await store(intake, event.tenant, _one(data))
    except PermanentError as error:
        return (_failed(intake, event.tenant, Refusal(event.filename, sha256, error)),)
    outcomes = await accept_all(
        intake, event.tenant, received, filename=event.filename, channel="kafka", metadata=event.metadata
    )
    return tuple(_failed(intake, event.tenant, one) for one in outcomes if isinstance(one, Refusal))


def _failed(intake: Intake, tenant: str, refusal: Refusal) -> DocumentFailedV1:
    """Return the event; a submission has no document id of its own, so the chassis could not say which document failed."""
    return DocumentFailedV1(
        tenant=tenant,
        document_id=document_id(tenant, refusal.sha256),
        stage="ingest",
        code=refusal.error.code,
        message=refusal.error.message,
        failed_at=intake.now(),
    )


async def _bytes_of(intake: Intake, event: DocumentSubmittedV1) -> bytes:
    """Return the submitted bytes; those of a reference only once their hash is right."""
    if event.content is None:
        return event.inline or b""
    if event.content.bucket not in intake.source_buckets:
        raise BucketNotAllowedError(event.content.bucket, intake.source_buckets)
    if event.content.size > intake.max_file_size:
        raise ContentTooLargeError(intake.max_file_size)
    return await intake.objects.get(event.tenant, event.content)


async def _one(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _sampled(chunks: AsyncIterable[bytes], sample: Sample) -> AsyncGenerator[bytes, None]:
    async for chunk in chunks:
        sample.update(chunk)
        yield chunk


async def _readable(head: bytes, rest: AsyncIterable[bytes], sample: Sample) -> AsyncIterator[bytes]:
    """Yield the stream, and break it off at its end if it turns out to be nothing that can be read.

    A container tells only by its last bytes what is in it. Breaking off makes the store forget what it got.
    """
    yield head
    async for chunk in rest:
        yield chunk
    media_type(sample)
