"""Asking the collections of one generation."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from invoiceflow_query.adapters.mongodb.documents import key, record_of, seller_key, state_of, summary_of
from invoiceflow_query.adapters.mongodb.errors import translated
from invoiceflow_query.adapters.mongodb.filters import document_filter, invoice_filter, sort_order
from invoiceflow_query.adapters.mongodb.schema import Collections
from invoiceflow_query.folding import words
from invoiceflow_query.ports import StoredDocument, StoredInvoice
from invoiceflow_query.queries import DocumentQuery, InvoiceQuery, Position
from invoiceflow_query.records import InvoiceSummary

__all__ = ["Reading"]


class Reading(ABC):
    """What is asked in the same way of the live generation and of a new one."""

    @abstractmethod
    def _reading(self) -> Collections:
        """Return where to look."""

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

    async def accounts(self, tenant: str, seller: str) -> dict[str, datetime]:
        with translated():
            found = await self._reading().sellers.find_one({"_id": seller_key(tenant, seller)})
        return {name: datetime.fromisoformat(at) for name, at in (found or {}).get("accounts", {}).items()}


async def _filenames(collections: Collections, ids: Sequence[str]) -> dict[str, str]:
    told = {"state.uploaded.filename": 1, "state.extracted.part.filename": 1}
    found = {each["_id"]: each["state"] async for each in collections.documents.find({"_id": {"$in": ids}}, told)}
    names = {_id: state.get("uploaded") or state.get("extracted", {}).get("part") or {} for _id, state in found.items()}
    return {_id: name["filename"] for _id, name in names.items() if "filename" in name}


def _stored(found: dict[str, Any]) -> StoredDocument:
    return StoredDocument(UUID(found["id"]), found["version"], state_of(found))
