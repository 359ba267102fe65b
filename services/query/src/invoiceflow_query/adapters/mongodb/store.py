"""The read model in MongoDB, shared by any number of replicas.

What is written is acknowledged by a majority, so that an acknowledged event outlives the loss of a primary. How changes are merged
stands in ``writing``, which collections they go to in ``generations``, and how those come about in ``schema``.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, get_args

import pymongo
from motor.motor_asyncio import AsyncIOMotorClient

from invoiceflow_chassis.errors import UnavailableError
from invoiceflow_query.adapters.batches import Batches, TenantChange
from invoiceflow_query.adapters.mongodb.errors import translated
from invoiceflow_query.adapters.mongodb.generations import (
    LARGEST_BATCH,
    GenerationWatch,
    MongoGeneration,
    Patience,
    rebuilding,
)
from invoiceflow_query.adapters.mongodb.reading import Reading
from invoiceflow_query.adapters.mongodb.schema import Collections, database_of, migrate, missing_indexes
from invoiceflow_query.adapters.mongodb.writing import (
    ATTEMPTS,
    contended,
    merge_all,
    merge_once,
    together,
    told_once,
    wait_apart,
)
from invoiceflow_query.projection import Change, Status
from invoiceflow_query.views import DocumentStats, InvoiceStats, Stats

__all__ = ["MongoReadModel"]

STATUSES: tuple[Status, ...] = get_args(Status)

COUNTING_SHARE = 0.1
"""MongoDB counts by walking an index. Counts are given out again until counting has taken no more than this share of the time."""


class MongoReadModel(Reading):
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

    async def tenants(self) -> list[str]:
        with translated():
            return sorted(await self._reading().documents.distinct("tenant"))

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
                return told_once(changes, changed)
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
