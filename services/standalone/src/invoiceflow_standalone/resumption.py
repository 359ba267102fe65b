"""What was under way at the last stop is submitted again: the embedded broker has forgotten it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.ports import ObjectStore, Publisher
from invoiceflow_chassis.service import Service
from invoiceflow_contracts.events import DocumentUploadedV1
from invoiceflow_ingest.acceptance import find_accepted, publish_uploaded, resubmit
from invoiceflow_query.ports import ReadModel, StoredDocument

__all__ = ["Resumption", "create_resumption"]

_log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Resumption:
    """Finds what came to no end. Its events have the ids of the first time, so running it again does no harm."""

    objects: ObjectStore
    """Where ingest keeps documents and acceptance records."""
    publisher: Publisher
    """Ingest's own."""
    read_model: ReadModel
    bucket: str
    """Ingest's."""
    tenants: Collection[str]
    """Whose documents to look through."""

    async def run(self) -> int:
        """Submit again what came to no end, and return how many documents that were.

        Raises:
            TransientError: the broker or a store does not answer.
        """
        count = await resubmit(self.objects, self.publisher, self.bucket, self.tenants, self._is_finished)
        for tenant in self.tenants:
            count += await self._resubmit_unrecorded(tenant)
        return count

    async def _is_finished(self, tenant: str, document_id: UUID) -> bool:
        document = await self.read_model.document(tenant, document_id)
        return document is not None and document.view.terminal

    async def _resubmit_unrecorded(self, tenant: str) -> int:
        """Submit what the read model heard of although ingest was stopped before it could record the acceptance."""
        count, after = 0, None
        while documents := await self.read_model.unfinished(tenant, after=after):
            for document in documents:
                event = _uploaded(tenant, document)
                if event and await find_accepted(self.objects, tenant, self.bucket, document.id) is None:
                    await publish_uploaded(self.publisher, event)
                    count += 1
            after = documents[-1].id
        return count


def _uploaded(tenant: str, document: StoredDocument) -> DocumentUploadedV1 | None:
    fact = document.state.uploaded
    if fact is None:
        return None
    return DocumentUploadedV1(
        tenant=tenant,
        document_id=document.id,
        filename=fact.filename,
        content=fact.content,
        channel=fact.channel,
        received_at=fact.at,
        metadata=fact.metadata,
    )


def create_resumption(resumption: Resumption, version: str) -> Service:
    """Return a service that runs ``resumption`` once in the background, as soon as the broker is there."""

    async def resume() -> None:
        while True:
            try:
                count = await resumption.run()
            except TransientError:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                if count:
                    _log.info("Submitted %d documents again that were under way at the last stop.", count)
                return

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        task = asyncio.create_task(resume(), name="resumption")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    return Service(name="standalone", version=version, lifespan=lifespan)
