"""The read model's past from what the services have stored: acceptance records of ingest, results of extract.

Both are events as they were published, so they are read by the contracts' models alone. The id of a document's first event follows from the
document; that of an extraction is not kept with it: such a fact has an id below every other, and the same fact from
its topic takes its place.
"""

import asyncio
import gzip
import logging
import zlib
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass

from invoiceflow_chassis.objects.sealing import SEALED, recall
from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_contracts.events import DocumentEvent, DocumentUploadedV1, InvoiceExtractedV1
from invoiceflow_contracts.identity import first_event_id
from invoiceflow_query.insisting import insist
from invoiceflow_query.projection import Change, change_of

__all__ = ["LOWEST_ID", "Stored"]

_log = logging.getLogger(__name__)

LOWEST_ID = "-"
"""Sorts below every UUID."""

AT_ONCE = 16
"""Objects that are fetched at the same time."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Where the stored events are."""

    objects: ObjectStore
    originals: str
    """Ingest's bucket: ``accepted/<document id>.json``."""
    extractions: str
    """Extract's bucket: ``<hash>/<hash>/<engine>.json.gz``."""

    async def changes(self, tenants: Collection[str]) -> AsyncIterator[list[tuple[str, Change]]]:
        """Yield what they say of the documents of ``tenants``. What cannot be read is logged and left out.

        Raises:
            TransientError: the object store does not answer.
        """
        for tenant in sorted(tenants):
            async for batch in self._read(tenant, self.originals, "accepted/", _uploaded):
                yield batch
            async for batch in self._read(tenant, self.extractions, "", _extracted):
                yield batch

    async def _read(
        self, tenant: str, bucket: str, prefix: str, read: Callable[[bytes], tuple[DocumentEvent, str]]
    ) -> AsyncIterator[list[tuple[str, Change]]]:
        names: list[str] = []

        async def fetched() -> list[tuple[str, Change]]:
            found = await asyncio.gather(*(self._change(tenant, bucket, name, read) for name in names))
            names.clear()
            return [(tenant, change) for change in found if change]

        async for name in self.objects.names(tenant, bucket, prefix):
            if name.endswith(SEALED):
                names.append(name.removesuffix(SEALED))
            if len(names) == AT_ONCE:
                yield await fetched()
        if names:
            yield await fetched()

    async def _change(
        self, tenant: str, bucket: str, name: str, read: Callable[[bytes], tuple[DocumentEvent, str]]
    ) -> Change | None:
        data = await insist(lambda: recall(self.objects, tenant, bucket, name))
        if data is None:
            return None
        try:
            event, event_id = await asyncio.to_thread(read, data)
        except (ValueError, OSError, EOFError, zlib.error) as error:
            _log.warning("%s/%s/%s cannot be read and is left out: %s.", bucket, tenant, name, type(error).__name__)
            return None
        if event.tenant != tenant:
            _log.warning("%s/%s/%s is left out: it says it is another tenant's.", bucket, tenant, name)
            return None
        return change_of(event, event_id)


def _uploaded(data: bytes) -> tuple[DocumentEvent, str]:
    event = DocumentUploadedV1.model_validate_json(data)
    return event, str(first_event_id(event.document_id, event.ce_type()))


def _extracted(data: bytes) -> tuple[DocumentEvent, str]:
    return InvoiceExtractedV1.model_validate_json(gzip.decompress(data)), LOWEST_ID
