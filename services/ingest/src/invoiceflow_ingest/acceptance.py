"""What was taken in, kept beside the documents: a record exists once Kafka has the document's event."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from uuid import UUID

from invoiceflow_chassis.objects.sealing import SEALED, keep, recall
from invoiceflow_chassis.ports import ObjectStore, Publisher
from invoiceflow_contracts.events import DocumentUploadedV1
from invoiceflow_contracts.identity import first_event_id

__all__ = ["accepted", "find_accepted", "publish_uploaded", "record_accepted", "resubmit"]

_FOLDER = "accepted/"
_SUFFIX = ".json"

logger = logging.getLogger(__name__)


async def find_accepted(objects: ObjectStore, tenant: str, bucket: str, document_id: UUID) -> DocumentUploadedV1 | None:
    """Return the event of a document that was taken in before.

    A damaged record counts as none: the document is then announced again, which does no harm, and recorded anew.
    """
    data = await recall(objects, tenant, bucket, _name(document_id))
    return None if data is None else DocumentUploadedV1.model_validate_json(data)


async def record_accepted(objects: ObjectStore, bucket: str, event: DocumentUploadedV1) -> None:
    """Keep the event, which Kafka must have by now."""
    data = event.model_dump_json().encode()
    await keep(objects, event.tenant, bucket, _name(event.document_id), data)


async def accepted(objects: ObjectStore, tenant: str, bucket: str) -> AsyncIterator[UUID]:
    """Yield the id of every document of ``tenant`` that was taken in."""
    async for name in objects.names(tenant, bucket, _FOLDER):
        try:
            yield UUID(name.removeprefix(_FOLDER).removesuffix(_SUFFIX + SEALED))
        except ValueError:
            logger.warning("an object among the acceptance records is none", extra={"object": name})


async def publish_uploaded(publisher: Publisher, event: DocumentUploadedV1) -> None:
    """Announce the document under the id that its event has every time."""
    await publisher.publish(event, event_id=first_event_id(event.document_id, DocumentUploadedV1.ce_type()))


async def resubmit(
    objects: ObjectStore,
    publisher: Publisher,
    bucket: str,
    tenants: Iterable[str],
    is_finished: Callable[[str, UUID], Awaitable[bool]],
) -> int:
    """Announce again what was taken in and came to no end, for a broker that forgets when it stops.

    The events are the ones of the first time, so what did go on meanwhile is not doubled.

    Args:
        objects: where the records are.
        publisher: takes the events.
        bucket: the bucket of the documents.
        tenants: whose documents to go through.
        is_finished: whether a document is in a terminal state.

    Returns:
        The number of documents announced.
    """
    count = 0
    for tenant in tenants:
        async for document_id in accepted(objects, tenant, bucket):
            if await is_finished(tenant, document_id):
                continue
            event = await find_accepted(objects, tenant, bucket, document_id)
            if event is not None:
                await publish_uploaded(publisher, event)
                count += 1
    return count


def _name(document_id: UUID) -> str:
    return f"{_FOLDER}{document_id}{_SUFFIX}"
