"""The read model in MongoDB, shared by any number of replicas.

Two collections, ``documents`` and ``invoices``, written without transactions. A document is replaced only in the version that was
read; whoever comes second reads again and merges anew. An invoice is replaced only by a newer one, and is written before
its document is said to be extracted: when the process dies in between, the event is delivered again and both writes are repeated.
Writes are acknowledged by a majority, so that an acknowledged event outlives the loss of a primary.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from random import random
from typing import Any
from uuid import UUID

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from invoiceflow_chassis.errors import TransientError, UnavailableError
from invoiceflow_query.adapters.mongodb.documents import (
    document_fields,
    invoice_document,
    key,
    record_of,
    state_of,
    summary_of,
)
from invoiceflow_query.adapters.mongodb.filters import (
    INVOICE_SORT_FIELDS,
    document_filter,
    invoice_filter,
    page_filter,
    sort_order,
)
from invoiceflow_query.folding import words
from invoiceflow_query.ports import StoredDocument, StoredInvoice
from invoiceflow_query.projection import Change, DocumentState, merge
from invoiceflow_query.queries import DocumentQuery, InvoiceQuery, Position
from invoiceflow_query.records import InvoiceRecord, InvoiceSummary
from invoiceflow_query.views import DocumentStats, InvoiceStats, Stats

__all__ = ["MongoReadModel"]

DOCUMENT_INDEXES: tuple[tuple[str, ...], ...] = (
    ("received_at",),
    ("updated_at",),
    ("filename",),
    ("status", "received_at"),
    ("stage", "received_at"),
)

INVOICE_INDEXES: tuple[tuple[str, ...], ...] = (
    *((field,) for field in INVOICE_SORT_FIELDS.values()),
    ("seller_vat_id", "summary.issue_date"),
    ("summary.currency", "summary.issue_date"),
    ("summary.type", "summary.issue_date"),
    ("summary.needs_review", "summary.issue_date"),
    ("summary.findings.rule", "summary.issue_date"),
    ("summary.findings.severity", "summary.issue_date"),
    ("words",),
    ("seller_words",),
    ("buyer_words",),
)

ATTEMPTS = 20
"""How often a change is merged anew when others keep changing its document."""


class MongoReadModel:
    """``ReadModel`` in the database ``database`` at ``uri``; an operation may take ``timeout`` seconds."""

    def __init__(self, uri: str, database: str, *, timeout: float = 10.0) -> None:
        self._uri = uri
        self._database = database
        self._timeout = timeout

    async def open(self) -> None:
        self._client: Any = AsyncIOMotorClient(
            self._uri, timeoutMS=int(self._timeout * 1000), appname="invoiceflow-query"
        )
        database = self._client.get_database(
            self._database, write_concern=WriteConcern("majority"), read_concern=ReadConcern("majority")
        )
        self._documents, self._invoices = database["documents"], database["invoices"]
        async with _errors():
            for collection, indexes in ((self._documents, DOCUMENT_INDEXES), (self._invoices, INVOICE_INDEXES)):
                for fields in indexes:
                    await collection.create_index([(field, ASCENDING) for field in ("tenant", *fields, "_id")])

    async def close(self) -> None:
        self._client.close()

    async def ping(self) -> None:
        async with _errors():
            await self._client.admin.command("ping")

    async def apply(self, tenant: str, change: Change) -> bool:
        async with _errors():
            if change.invoice:
                await self._keep_newest(tenant, change.invoice)
            for attempt in range(ATTEMPTS):
                changed = await self._merge(tenant, change)
                if changed is not None:
                    return changed
                await _wait_apart(attempt)
        raise TransientError(
            "read_model_contended", f"Document {change.document_id} is changed by too many at once. Try again."
        )

    async def _merge(self, tenant: str, change: Change) -> bool | None:
        """Merge once; None where the document was changed in between."""
        _id = key(tenant, change.document_id)
        known = await self._documents.find_one({"_id": _id}, {"version": 1, "state": 1})
        before = state_of(known) if known else DocumentState()
        after = merge(before, change.state)
        if known is None:
            document = {"_id": _id, "tenant": tenant, "id": str(change.document_id), "version": 1}
            try:
                await self._documents.insert_one({**document, **document_fields(after)})
            except DuplicateKeyError:
                return None
            return True
        if after == before:
            return False
        replaced = await self._documents.find_one_and_update(
            {"_id": _id, "version": known["version"]},
            {"$set": document_fields(after), "$inc": {"version": 1}},
            projection={"_id": 1},
        )
        return True if replaced else None

    async def _keep_newest(self, tenant: str, record: InvoiceRecord) -> None:
        _id = key(tenant, record.document_id)
        document = invoice_document(tenant, record)
        for attempt in range(ATTEMPTS):
            try:
                await self._invoices.update_one(
                    {"_id": _id, "order": {"$lt": record.order}}, {"$set": document}, upsert=True
                )
            except DuplicateKeyError:
                # There is one: newer, the same, or inserted by another just now.
                known = await self._invoices.find_one({"_id": _id}, {"order": 1})
                if known and known["order"] >= record.order:
                    return
                await _wait_apart(attempt)
            else:
                return
        raise TransientError(
            "read_model_contended", f"Invoice {record.document_id} is changed by too many at once. Try again."
        )

    async def document(self, tenant: str, document_id: UUID) -> StoredDocument | None:
        async with _errors():
            found = await self._documents.find_one({"_id": key(tenant, document_id)})
        return _stored(found) if found else None

    async def documents(
        self, tenant: str, query: DocumentQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[StoredDocument]:
        conditions, field, descending = document_filter(tenant, query), query.sort.field, query.sort.descending
        if after:
            conditions = page_filter(conditions, field, after, key(tenant, after.id), descending=descending)
        async with _errors():
            cursor = self._documents.find(conditions).sort(sort_order(field, descending=descending)).limit(limit)
            return [_stored(found) async for found in cursor]

    async def tenants(self) -> list[str]:
        async with _errors():
            return sorted(await self._documents.distinct("tenant"))

    async def unfinished(self, tenant: str, *, after: UUID | None = None, limit: int = 1000) -> list[StoredDocument]:
        conditions: dict[str, Any] = {"tenant": tenant, "status": {"$in": ["received", "processing"]}}
        if after:
            conditions["_id"] = {"$gt": key(tenant, after)}
        async with _errors():
            return [_stored(found) async for found in self._documents.find(conditions).sort("_id").limit(limit)]

    async def invoice(self, tenant: str, document_id: UUID) -> StoredInvoice | None:
        found = await self.invoices_by_id(tenant, [document_id])
        return found[0] if found else None

    async def invoices(
        self, tenant: str, query: InvoiceQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[InvoiceSummary]:
        if any(text is not None and not words(text) for text in (query.q, query.seller, query.buyer)):
            return []
        conditions, field = invoice_filter(tenant, query), INVOICE_SORT_FIELDS[query.sort.field]
        descending = query.sort.descending
        if after:
            conditions = page_filter(conditions, field, after, key(tenant, after.id), descending=descending)
        async with _errors():
            cursor = (
                self._invoices.find(conditions, {"summary": 1})
                .sort(sort_order(field, descending=descending))
                .limit(limit)
            )
            page = [found async for found in cursor]
        filenames = await self._filenames(found["_id"] for found in page)
        return [summary_of(found, filenames.get(found["_id"])) for found in page]

    async def invoices_json(
        self, tenant: str, query: InvoiceQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[str]:
        return [each.model_dump_json() for each in await self.invoices(tenant, query, after=after, limit=limit)]

    async def invoices_by_id(self, tenant: str, document_ids: Sequence[UUID]) -> list[StoredInvoice]:
        ids = [key(tenant, document_id) for document_id in document_ids]
        async with _errors():
            cursor = self._invoices.find({"_id": {"$in": ids}}, {"invoice": 1, "rest": 1})
            found = {each["_id"]: each async for each in cursor}
        filenames = await self._filenames(found)
        return [StoredInvoice(record_of(found[_id]), filenames.get(_id)) for _id in ids if _id in found]

    async def stats(self, tenant: str) -> Stats:
        async with _errors():
            statuses = self._documents.aggregate(
                [{"$match": {"tenant": tenant}}, {"$group": {"_id": "$status", "count": {"$sum": 1}}}]
            )
            documents = {group["_id"]: group["count"] async for group in statuses}
            total = await self._invoices.count_documents({"tenant": tenant})
            needs_review = await self._invoices.count_documents({"tenant": tenant, "summary.needs_review": True})
        return Stats(
            documents=DocumentStats(**documents), invoices=InvoiceStats(total=total, needs_review=needs_review)
        )

    async def _filenames(self, ids: Iterable[str]) -> dict[str, str]:
        async with _errors():
            cursor = self._documents.find({"_id": {"$in": list(ids)}}, {"state.uploaded.filename": 1})
            found = {each["_id"]: each["state"].get("uploaded") async for each in cursor}
        return {_id: uploaded["filename"] for _id, uploaded in found.items() if uploaded}


async def _wait_apart(attempt: int) -> None:
    """Wait a random time, so that those who collided do not again, and the majority can catch up."""
    await asyncio.sleep(0.02 * (attempt + 1) * random())  # noqa: S311 -- nothing secret


def _stored(found: dict[str, Any]) -> StoredDocument:
    return StoredDocument(UUID(found["id"]), found["version"], state_of(found))


@asynccontextmanager
async def _errors() -> AsyncIterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise UnavailableError(
            "read_model_unavailable", f"The read model does not answer: {type(error).__name__}."
        ) from error
