"""The read model in MongoDB, shared by any number of replicas.

What is written is acknowledged by a majority, so that an acknowledged event outlives the loss of a primary. How changes are merged
stands in ``writing``, which collections they go to in ``generations``, and how those come about in ``schema``.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, get_args
from uuid import UUID

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient

from invoiceflow_chassis.errors import UnavailableError
from invoiceflow_query.adapters.batches import Batches, TenantChange
from invoiceflow_query.adapters.mongodb.documents import key, record_of, state_of, summary_of
from invoiceflow_query.adapters.mongodb.errors import translated
from invoiceflow_query.adapters.mongodb.filters import document_filter, invoice_filter, sort_order
from invoiceflow_query.adapters.mongodb.generations import (
    LARGEST_BATCH,
    GenerationWatch,
    MongoGeneration,
    Patience,
    rebuilding,
)
from invoiceflow_query.adapters.mongodb.schema import Collections, database_of, migrate, missing_indexes
from invoiceflow_query.adapters.mongodb.writing import (
    ATTEMPTS,
    contended,
    merge_all,
    merge_once,
    together,
    wait_apart,
)
from invoiceflow_query.folding import words
from invoiceflow_query.ports import StoredDocument, StoredInvoice
from invoiceflow_query.projection import Change, Status
from invoiceflow_query.queries import DocumentQuery, InvoiceQuery, Position
from invoiceflow_query.records import InvoiceSummary
from invoiceflow_query.views import DocumentStats, InvoiceStats, Stats

__all__ = ["MongoReadModel"]

STATUSES: tuple[Status, ...] = get_args(Status)

COUNTING_SHARE = 0.1
"""MongoDB counts by walking an index. Counts are given out again until counting has taken no more than this share of the time."""


class MongoReadModel:
    """``ReadModel`` in the database ``database`` at ``uri``."""

    def __init__(self, uri: str, database: str, *, patience: Patience | None = None) -> None:
        self._uri = uri
        self._name = database
        self._patience = patience or Patience()
        self._client: Any = None
        self._watch: GenerationWatch | None = None
        self._batches = Batches(self._write, largest=LARGEST_BATCH)
        self._counted: dict[str, tuple[float, Stats]] = {}

    async def open(self) -> None:
        database = self._database
        watch = GenerationWatch(database, self._patience)
        look = await watch.look()
        with translated():
            missing = await missing_indexes(database, look.live)
        if missing:
            raise UnavailableError(
                "read_model_not_migrated",
                f"The read model in MongoDB lacks {len(missing)} of its indexes ({missing[0]}). "
                "Run: python -m invoiceflow_query migrate",
            )
        watch.start()
        self._watch = watch

    async def close(self) -> None:
        await self._batches.finish()
        if self._watch is not None:
            await self._watch.stop()
        if self._client is not None:
            self._client.close()

    async def ping(self) -> None:
        self._reading()
        with translated():
            await self._client.admin.command("ping")

    async def migrate(self, say: Callable[[str], None]) -> None:
        """Bring the schema about; see ``schema.migrate``."""

        async def merge(collections: Collections, changes: Iterable[TenantChange]) -> None:
            await merge_all(collections, changes)

        # An index of many invoices takes minutes.
        with pymongo.timeout(None), translated():
            await migrate(self._database, merge, say)

    def rebuilding(self, say: Callable[[str], None]) -> AbstractAsyncContextManager[MongoGeneration]:
        return rebuilding(self._database, self._patience, say)

    async def apply(self, tenant: str, change: Change) -> bool:
        return await self._batches.apply(tenant, change)

    async def document(self, tenant: str, document_id: UUID) -> StoredDocument | None:
        with translated():
            found = await self._reading().documents.find_one({"_id": key(tenant, document_id)})
        return _stored(found) if found else None

    async def documents(
        self, tenant: str, query: DocumentQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[StoredDocument]:
        conditions = document_filter(tenant, query, after)
        order = sort_order(query.sort.field, descending=query.sort.descending)
        with translated():
            return [_stored(each) async for each in self._reading().documents.find(conditions).sort(order).limit(limit)]

    async def tenants(self) -> list[str]:
        with translated():
            return sorted(await self._reading().documents.distinct("tenant"))

    async def unfinished(self, tenant: str, *, after: UUID | None = None, limit: int = 1000) -> list[StoredDocument]:
        conditions: dict[str, Any] = {"tenant": tenant, "status": {"$in": ["received", "processing"]}}
        if after:
            conditions["_id"] = {"$gt": key(tenant, after)}
        with translated():
            found = self._reading().documents.find(conditions).sort("_id").limit(limit)
            return [_stored(each) async for each in found]

    async def invoice(self, tenant: str, document_id: UUID) -> StoredInvoice | None:
        found = await self.invoices_by_id(tenant, [document_id])
        return found[0] if found else None

    async def invoices(
        self, tenant: str, query: InvoiceQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[InvoiceSummary]:
        if any(text is not None and not words(text) for text in (query.q, query.seller, query.buyer)):
            return []
        conditions = invoice_filter(tenant, query, after)
        order = sort_order(query.sort.field, descending=query.sort.descending)
        collections = self._reading()
        with translated():
            page = [
                found async for found in collections.invoices.find(conditions, {"summary": 1}).sort(order).limit(limit)
            ]
            filenames = await _filenames(collections, [found["_id"] for found in page])
        return [summary_of(found, filenames.get(found["_id"])) for found in page]

    async def invoices_json(
        self, tenant: str, query: InvoiceQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[str]:
        return [each.model_dump_json() for each in await self.invoices(tenant, query, after=after, limit=limit)]

    async def invoices_by_id(self, tenant: str, document_ids: Sequence[UUID]) -> list[StoredInvoice]:
        ids = [key(tenant, document_id) for document_id in document_ids]
        collections = self._reading()
        with translated():
            cursor = collections.invoices.find({"_id": {"$in": ids}}, {"invoice": 1, "rest": 1})
            found = {each["_id"]: each async for each in cursor}
            filenames = await _filenames(collections, list(found))
        return [StoredInvoice(record_of(found[_id]), filenames.get(_id)) for _id in ids if _id in found]

    async def stats(self, tenant: str) -> Stats:
        until, stats = self._counted.get(tenant, (0.0, None))
        began = time.monotonic()
        if stats is None or began >= until:
            stats = await self._count(tenant)
            ended = time.monotonic()
            self._counted[tenant] = (ended + (ended - began) / COUNTING_SHARE, stats)
        return stats

    async def _count(self, tenant: str) -> Stats:
        collections = self._reading()
        with translated():
            counts = await asyncio.gather(
                *(collections.documents.count_documents({"tenant": tenant, "status": each}) for each in STATUSES),
                collections.invoices.count_documents({"tenant": tenant, "summary.needs_review": True}),
            )
        documents = DocumentStats(**dict(zip(STATUSES, counts, strict=False)))
        # Every extracted document has its invoice, and no other has one.
        return Stats(documents=documents, invoices=InvoiceStats(total=documents.extracted, needs_review=counts[-1]))

    async def _write(self, changes: Sequence[TenantChange]) -> list[bool]:
        if self._watch is None:
            raise UnavailableError("read_model_unavailable", "The read model is not open yet. Try again in a moment.")
        wanted, changed = together(changes), set[str]()
        for attempt in range(ATTEMPTS):
            left = set[str]()
            live, *others = await self._watch.writing()
            # Whoever rebuilds waits for what was begun with an older look at which generations there are.
            with pymongo.timeout(self._patience.operation), translated():
                outcome = await merge_once(live, wanted)
                changed |= outcome.changed
                left |= outcome.contended
                for other in others:
                    left |= (await merge_once(other, wanted)).contended
            if not left:
                return _told_once(changes, changed)
            wanted = {_id: wanted[_id] for _id in left}
            await wait_apart(attempt)
        raise contended(wanted)

    def _reading(self) -> Collections:
        if self._watch is None:
            raise UnavailableError("read_model_unavailable", "The read model is not open yet. Try again in a moment.")
        return self._watch.reading()

    @property
    def _database(self) -> Any:
        if self._client is None:
            self._client = AsyncIOMotorClient(
                self._uri, timeoutMS=int(self._patience.operation * 1000), appname="invoiceflow-query"
            )
        return database_of(self._client, self._name)


def _told_once(changes: Sequence[TenantChange], changed: set[str]) -> list[bool]:
    """Say of the first change of each document that it made it another; the others came with it."""
    results = []
    for tenant, change in changes:
        _id = key(tenant, change.document_id)
        results.append(_id in changed)
        changed.discard(_id)
    return results


async def _filenames(collections: Collections, ids: Sequence[str]) -> dict[str, str]:
    told = {"state.uploaded.filename": 1, "state.extracted.part.filename": 1}
    found = {each["_id"]: each["state"] async for each in collections.documents.find({"_id": {"$in": ids}}, told)}
    names = {_id: state.get("uploaded") or state.get("extracted", {}).get("part") or {} for _id, state in found.items()}
    return {_id: name["filename"] for _id, name in names.items() if "filename" in name}


def _stored(found: dict[str, Any]) -> StoredDocument:
    return StoredDocument(UUID(found["id"]), found["version"], state_of(found))
