"""Changes merged into a generation in MongoDB, many at a time and without transactions.

A document is replaced only in the version that was read; whoever comes second reads again and merges anew. An invoice is replaced only
by a newer one, and is written before its document is said to be extracted: when the process dies in between, the event is
delivered again and both writes are repeated. So an old event never overwrites a newer state, whoever else writes.

All changes of a batch cost one find and three bulk writes, however many they are; another where an invoice was there already.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import random
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError

from invoiceflow_chassis.errors import TransientError
from invoiceflow_query.adapters.batches import TenantChange
from invoiceflow_query.adapters.mongodb.documents import document_fields, invoice_document, key, seller_key, state_of
from invoiceflow_query.adapters.mongodb.errors import DUPLICATE_KEY
from invoiceflow_query.adapters.mongodb.schema import Collections
from invoiceflow_query.cross_checks import accounts_of, sellers_of
from invoiceflow_query.folding import time_key
from invoiceflow_query.projection import Change, DocumentState, merge

__all__ = [
    "ATTEMPTS",
    "Outcome",
    "Wanted",
    "contended",
    "merge_all",
    "merge_once",
    "together",
    "told_once",
    "wait_apart",
]

ATTEMPTS = 20
"""How often changes are merged anew when others keep changing their documents."""


@dataclass(frozen=True)
class Wanted:
    """What is to be merged into one document: all changes of it that wait at the same time."""

    tenant: str
    change: Change


@dataclass(frozen=True)
class Outcome:
    """How far a batch has come, by ``_id``."""

    changed: frozenset[str]
    """Documents that are another than before. Where others changed them at the same time, they may have done all of it."""
    contended: frozenset[str]
    """Documents to be merged anew, as others changed them at the same time."""


def together(changes: Iterable[tuple[str, Change]]) -> dict[str, Wanted]:
    """Return the changes of each document as one."""
    wanted: dict[str, Wanted] = {}
    for tenant, change in changes:
        _id = key(tenant, change.document_id)
        known = wanted.get(_id)
        wanted[_id] = Wanted(tenant, _both(known.change, change) if known else change)
    return wanted


def _both(one: Change, other: Change) -> Change:
    invoices = [change.invoice for change in (one, other) if change.invoice]
    return Change(
        document_id=one.document_id,
        state=merge(one.state, other.state),
        invoice=max(invoices, key=lambda invoice: invoice.order, default=None),
    )


async def merge_once(collections: Collections, wanted: Mapping[str, Wanted]) -> Outcome:
    """Merge all that is wanted once; durable on return, but for what is contended.

    Raises:
        PyMongoError, BSONError: see ``errors.translated``; some of it may have been merged.
    """
    await _name_accounts(collections, wanted.values())
    found = collections.documents.find({"_id": {"$in": list(wanted)}}, {"version": 1, "state": 1})
    known = {each["_id"]: each async for each in found}
    before = {_id: state_of(known[_id]) if _id in known else None for _id in wanted}
    after = {_id: merge(before[_id] or DocumentState(), each.change.state) for _id, each in wanted.items()}
    due = {_id for _id in wanted if after[_id] != before[_id]}
    contended = await _write_invoices(
        collections, {_id: wanted[_id] for _id in due if _is_newest(wanted[_id], after[_id])}
    )
    due -= contended

    inserts = sorted(_id for _id in due if _id not in known)
    updates = sorted(due & known.keys())
    operations: list[Any] = [
        InsertOne(
            {
                "_id": _id,
                "tenant": wanted[_id].tenant,
                "id": str(wanted[_id].change.document_id),
                "version": 1,
                **document_fields(wanted[_id].change.document_id, after[_id]),
            }
        )
        for _id in inserts
    ]
    operations += [
        UpdateOne(
            {"_id": _id, "version": known[_id]["version"]},
            {"$set": document_fields(wanted[_id].change.document_id, after[_id]), "$inc": {"version": 1}},
        )
        for _id in updates
    ]
    if operations:
        duplicates, matched = await _bulk(collections.documents, operations)
        lost = {inserts[place] for place in duplicates}
        due -= lost
        contended |= lost
        if matched < len(updates):
            # The server tells how many were replaced and not which: those that were will be found merged.
            contended |= set(updates)
    return Outcome(changed=frozenset(due), contended=frozenset(contended))


async def _name_accounts(collections: Collections, wanted: Iterable[Wanted]) -> None:
    """Note which accounts the sellers name, and since when: a time only ever becomes earlier."""
    since: dict[str, dict[str, str]] = {}
    for tenant, record in ((each.tenant, each.change.invoice) for each in wanted):
        if record is None:
            continue
        at = time_key(record.extracted_at)
        for seller in sellers_of(record.invoice):
            known = since.setdefault(seller_key(tenant, seller), {})
            for account in accounts_of(record.invoice):
                known[f"accounts.{account}"] = min(at, known.get(f"accounts.{account}", at))
    updates = [UpdateOne({"_id": _id}, {"$min": accounts}, upsert=True) for _id, accounts in since.items() if accounts]
    # The first account of a seller may be written by two at the same time, of which one finds the other's.
    while updates:
        refused, _ = await _bulk(collections.sellers, updates)
        updates = [updates[place] for place in refused]


def _is_newest(wanted: Wanted, after: DocumentState) -> bool:
    invoice = wanted.change.invoice
    return bool(invoice and after.extracted and (invoice.extracted_at, invoice.version) == after.extracted.order)


async def _write_invoices(collections: Collections, wanted: Mapping[str, Wanted]) -> set[str]:
    """Write the invoices, each unless a newer one is there; return which are to be written again."""
    records = {_id: each.change.invoice for _id, each in wanted.items() if each.change.invoice}
    if not records:
        return set()
    fields = {_id: invoice_document(wanted[_id].tenant, record) for _id, record in records.items()}
    # Nearly every invoice is the first of its document, so it is inserted without a look at what may be there.
    duplicates, _ = await _bulk(collections.invoices, [InsertOne({"_id": _id, **fields[_id]}) for _id in fields])
    if not duplicates:
        return set()
    written = list(fields)
    ids = [written[place] for place in duplicates]
    older = [UpdateOne({"_id": _id, "order": {"$lt": records[_id].order}}, {"$set": fields[_id]}) for _id in ids]
    _, replaced = await _bulk(collections.invoices, older)
    if replaced == len(ids):
        return set()
    # There is a newer one, or this one; or another has taken it away since.
    orders = {
        each["_id"]: each["order"] async for each in collections.invoices.find({"_id": {"$in": ids}}, {"order": 1})
    }
    return {_id for _id in ids if orders.get(_id, "") < records[_id].order}


async def _bulk(collection: Any, operations: list[Any]) -> tuple[list[int], int]:
    """Return the places of what was there already, and how many updates found their document."""
    try:
        result = await collection.bulk_write(operations, ordered=False)
    except BulkWriteError as error:
        errors = error.details["writeErrors"]
        if error.details.get("writeConcernErrors") or any(each["code"] != DUPLICATE_KEY for each in errors):
            raise
        return [each["index"] for each in errors], error.details["nMatched"]
    return [], result.matched_count


async def merge_all(collections: Collections, changes: Iterable[tuple[str, Change]]) -> frozenset[str]:
    """Merge all changes into one generation, however often it takes; return what is another than before.

    Raises:
        TransientError: too many change the same documents.
    """
    wanted, changed = together(changes), frozenset[str]()
    for attempt in range(ATTEMPTS):
        outcome = await merge_once(collections, wanted)
        changed |= outcome.changed
        wanted = {_id: wanted[_id] for _id in outcome.contended}
        if not wanted:
            return changed
        await wait_apart(attempt)
    raise contended(wanted)


def contended(wanted: Mapping[str, Wanted]) -> TransientError:
    """Return the error of those who gave up."""
    one = next(iter(wanted.values())).change.document_id
    return TransientError("read_model_contended", f"Document {one} is changed by too many at once. Try again.")


async def wait_apart(attempt: int) -> None:
    """Wait a random time, so that those who collided do not again, and the majority can catch up."""
    await asyncio.sleep(0.02 * (attempt + 1) * random())  # noqa: S311 -- nothing secret


def told_once(changes: Sequence[TenantChange], changed: set[str]) -> list[bool]:
    """Say of the first change of each document that it made it another; the others came with it."""
    results = []
    for tenant, change in changes:
        _id = key(tenant, change.document_id)
        results.append(_id in changed)
        changed.discard(_id)
    return results
