"""The database of the read model: its collections, its one record of itself, and how a version becomes the next.

    documents_<n>, invoices_<n>, sellers_<n>    generation n (see ``generations``)
    meta                                        one document: which version of the schema this is, and which generation is live

A migration is a step of a deployment (``python -m invoiceflow_query migrate``), not of a service's start: an index on many
invoices takes long, and who may make one need not be who may read. A service that finds another version than its own is not ready and says
which command helps. It goes on by itself once that has run.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from invoiceflow_chassis.errors import InvoiceflowError, UnavailableError
from invoiceflow_query.adapters.mongodb.documents import record_of, state_of
from invoiceflow_query.adapters.mongodb.indexes import DOCUMENT_INDEXES, INVOICE_INDEXES
from invoiceflow_query.projection import Change

__all__ = [
    "META_ID",
    "SCHEMA_VERSION",
    "Collections",
    "create_generation",
    "database_of",
    "meta_of",
    "migrate",
    "missing_indexes",
    "require_version",
]

_log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
"""Raised with every change of the indexes or of what is kept, together with a step in ``migrate``."""

META_ID = "read_model"
MIGRATE = "python -m invoiceflow_query migrate"


@dataclass(frozen=True)
class Collections:
    """Where a generation is kept."""

    documents: Any
    invoices: Any
    sellers: Any

    @classmethod
    def of(cls, database: Any, generation: int) -> "Collections":
        """Return those of a generation, whether they exist or not."""
        return cls(**{name: database[f"{name}_{generation}"] for name in cls.names()})

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return what the names of a generation's collections begin with."""
        return tuple(field.name for field in fields(cls))


def database_of(client: Any, name: str) -> Any:
    """Return the database: what a majority of its members has is read and counts as written, and the primary is asked.

    A secondary lags behind, and a change merged into what was true a moment ago would only be refused.
    """
    return client.get_database(
        name,
        write_concern=WriteConcern("majority"),
        read_concern=ReadConcern("majority"),
        read_preference=ReadPreference.PRIMARY,
    )


async def meta_of(database: Any) -> Mapping[str, Any] | None:
    """Return what the database says of itself; None where nobody has migrated it."""
    found: Mapping[str, Any] | None = await database["meta"].find_one({"_id": META_ID})
    return found


def require_version(meta: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return ``meta`` where its schema is this program's.

    Raises:
        UnavailableError: it is not; the sentence names the command.
    """
    version = meta["schema"] if meta else 0
    if meta is None or version < SCHEMA_VERSION:
        raise UnavailableError(
            "read_model_not_migrated",
            f"The read model in MongoDB has schema version {version}, this program needs {SCHEMA_VERSION}. Run: {MIGRATE}",
        )
    if version > SCHEMA_VERSION:
        raise UnavailableError(
            "read_model_version",
            f"The read model in MongoDB has schema version {version}, this program knows {SCHEMA_VERSION}. "
            "Use the newer program that migrated it.",
        )
    return meta


async def missing_indexes(database: Any, generation: int) -> list[str]:
    """Return the declared indexes that the generation lacks: ``collection: field, field``."""
    collections = Collections.of(database, generation)
    missing = []
    for collection, indexes in _declared(collections):
        there = {tuple(field for field, _ in index["key"]) for index in (await collection.index_information()).values()}
        missing += [f"{collection.name}: {', '.join(index)}" for index in indexes if index not in there]
    return missing


async def create_generation(database: Any, generation: int) -> Collections:
    """Make a generation's collections and indexes, as far as they are not there."""
    collections = Collections.of(database, generation)
    for collection, indexes in _declared(collections):
        for index in indexes:
            await collection.create_index([(field, ASCENDING) for field in index])
    return collections


def _declared(collections: Collections) -> tuple[tuple[Any, tuple[tuple[str, ...], ...]], ...]:
    return (collections.documents, DOCUMENT_INDEXES), (collections.invoices, INVOICE_INDEXES)


async def migrate(
    database: Any,
    merge: Callable[[Collections, Iterable[tuple[str, Change]]], Awaitable[None]],
    say: Callable[[str], None],
) -> None:
    """Bring the database to ``SCHEMA_VERSION``. May be run again, by several at once, and after a kill.

    Args:
        database: see ``database_of``.
        merge: merges changes into a generation.
        say: told what is done, in sentences.

    Raises:
        InvoiceflowError: the database is newer than this program.
    """
    meta = await meta_of(database)
    if meta and meta["schema"] > SCHEMA_VERSION:
        try:
            require_version(meta)
        except UnavailableError as error:
            raise InvoiceflowError(error.code, error.message) from None
    if meta is None:
        collections = await create_generation(database, 1)
        await _take_over(database, collections, merge, say)
        first = {"_id": META_ID, "schema": 1, "generation": 1, "next": None, "previous": None, "last": 1}
        try:
            await database["meta"].insert_one({**first, "migrated_at": datetime.now(UTC)})
        except DuplicateKeyError:
            say("Another process has migrated the read model at the same time.")
        meta = await meta_of(database)
    live = require_version(meta)["generation"]
    if missing := await missing_indexes(database, live):
        say(f"Making {len(missing)} indexes that generation {live} lacks.")
        await create_generation(database, live)
    say(f"The read model has schema version {SCHEMA_VERSION}; generation {live} is live.")


async def _take_over(
    database: Any,
    collections: Collections,
    merge: Callable[[Collections, Iterable[tuple[str, Change]]], Awaitable[None]],
    say: Callable[[str], None],
) -> None:
    """Merge what release 0.1.0 kept, in collections without a generation; they stay as they are."""
    old_documents, old_invoices, count = database["documents"], database["invoices"], 0
    batch: list[tuple[str, Change]] = []
    async for found in old_documents.find({}):
        invoice = await old_invoices.find_one({"_id": found["_id"]})
        change = Change(
            document_id=UUID(found["id"]), state=state_of(found), invoice=record_of(invoice) if invoice else None
        )
        batch.append((found["tenant"], change))
        if len(batch) >= TAKEN_AT_ONCE:
            await merge(collections, batch)
            count, batch = count + len(batch), []
            say(f"{count} documents of release 0.1.0 taken over.")
    if batch:
        await merge(collections, batch)
        say(f"{count + len(batch)} documents of release 0.1.0 taken over.")


TAKEN_AT_ONCE = 100
