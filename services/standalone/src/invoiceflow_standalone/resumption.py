"""What was under way at the last stop is submitted again: the embedded broker has forgotten it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from uuid import UUID

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.ports import ObjectStore, Publisher
from invoiceflow_chassis.service import Service
from invoiceflow_ingest.acceptance import resubmit
from invoiceflow_query.ports import ReadModel

__all__ = ["create_resumption"]

_log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5


def create_resumption(
    objects: ObjectStore,
    publisher: Publisher,
    read_model: ReadModel,
    *,
    bucket: str,
    tenants: Collection[str],
    version: str,
) -> Service:
    """Return a service that submits again, once, in the background, what came to no end.

    Args:
        objects: where ingest keeps its acceptance records.
        publisher: ingest's own.
        read_model: knows what is in a terminal state.
        bucket: ingest's.
        tenants: whose documents to look through.
        version: of this package.
    """

    async def is_finished(tenant: str, document_id: UUID) -> bool:
        document = await read_model.document(tenant, document_id)
        return document is not None and document.view.terminal

    async def resume() -> None:
        while True:
            try:
                count = await resubmit(objects, publisher, bucket, tenants, is_finished)
            except TransientError:
                # The broker is connected after the services have started; the events have the same ids every time.
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
