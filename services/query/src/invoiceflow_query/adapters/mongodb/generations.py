"""Which generation of the read model is live, who is told, and how the next one takes its place.

One document in ``meta`` says it. Every process looks at it each second, and writes only while it has looked within the last ten: so
whoever changes the document knows when the last write that does not heed it is over, whatever became of the processes.

A rebuild takes these steps; it may be killed between any two:

| step | meta | what holds |
|---|---|---|
| begin | ``rebuild``: a lease, ``last``: the number | what earlier rebuilds left is dropped; nobody reads or writes the new generation but the rebuild |
| fill | | |
| join | ``next``: the number | after the wait, whatever anyone writes reaches both generations |
| go live | ``generation``: the number, ``previous``: the one before | readers see the new one within a second; writes reach both until everyone has seen it |

The generation before stays until the next rebuild begins.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from invoiceflow_chassis.errors import InvoiceflowError, TransientError, UnavailableError
from invoiceflow_query.adapters.batches import Batches, TenantChange
from invoiceflow_query.adapters.mongodb.errors import translated
from invoiceflow_query.adapters.mongodb.reading import Reading
from invoiceflow_query.adapters.mongodb.schema import (
    META_ID,
    Collections,
    create_generation,
    meta_of,
    require_version,
)
from invoiceflow_query.adapters.mongodb.writing import merge_all, told_once
from invoiceflow_query.projection import Change

__all__ = ["GenerationWatch", "MongoGeneration", "Patience", "rebuilding"]

_log = logging.getLogger(__name__)

LARGEST_BATCH = 256


@dataclass(frozen=True)
class Patience:
    """Seconds that all processes of one read model go by."""

    poll: float = 1.0
    """Between two looks at which generation is live."""
    fresh: float = 10.0
    """How old the last look may be for a write."""
    operation: float = 10.0
    """Longest time of one write, or of any other operation."""
    lease: float = 60.0
    """After which a rebuild that says nothing is over."""

    @property
    def noticed(self) -> float:
        """How long after a change of ``meta`` the last write that does not heed it may be under way."""
        return self.fresh + self.operation


@dataclass(frozen=True)
class _Look:
    """What ``meta`` said."""

    live: int
    joined: int | None
    at: float
    """When the look began, by the monotonic clock."""


class GenerationWatch:
    """Knows which generation is live, by looking again and again."""

    def __init__(self, database: Any, patience: Patience) -> None:
        self._database = database
        self._patience = patience
        self._seen: _Look | None = None
        self._trouble: UnavailableError | None = None
        self._watching: asyncio.Task[None] | None = None

    async def look(self) -> _Look:
        """Look now.

        Raises:
            UnavailableError: the server does not answer, or the schema is not this program's.
        """
        at = time.monotonic()
        try:
            with translated():
                meta = await meta_of(self._database)
            meta = require_version(meta)
        except UnavailableError as error:
            self._trouble = error
            if error.code != "read_model_unavailable":
                self._seen = None
            raise
        look = _Look(meta["generation"], meta["next"], at)
        if self._seen is not None and self._seen.live != look.live:
            _log.info("Generation %d of the read model is live.", look.live)
        self._seen, self._trouble = look, None
        return look

    def start(self) -> None:
        """Look from now on."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="read-model-generation")

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._patience.poll)
            with suppress(UnavailableError):  # remembered, and told to whoever asks
                await self.look()

    def reading(self) -> Collections:
        """Return the live generation, as far as is known.

        Raises:
            UnavailableError: there is none, or the server has not answered for so long that asking it is only waiting.
        """
        if self._seen is None:
            raise self._trouble or UnavailableError(
                "read_model_unavailable", "The read model is not open yet. Try again in a moment."
            )
        if self._trouble and self._age(self._seen) > self._patience.fresh:
            raise self._trouble
        return Collections.of(self._database, self._seen.live)

    async def writing(self) -> tuple[Collections, ...]:
        """Return the generations that a change has to reach, the live one first.

        Raises:
            UnavailableError: it is not known.
        """
        seen = self._seen
        if seen is None or self._age(seen) > self._patience.fresh:
            seen = await self.look()
        generations = [seen.live] if seen.joined is None else [seen.live, seen.joined]
        return tuple(Collections.of(self._database, generation) for generation in generations)

    @staticmethod
    def _age(seen: _Look) -> float:
        return time.monotonic() - seen.at


class MongoGeneration(Reading):
    """A new generation, filled by a rebuild."""

    def __init__(self, database: Any, number: int, lease: "_Lease", patience: Patience) -> None:
        self.number = number
        self._database = database
        self._collections = Collections.of(database, number)
        self._lease = lease
        self._patience = patience
        self._batches = Batches(self._write, largest=LARGEST_BATCH)

    async def apply(self, tenant: str, change: Change) -> bool:
        return await self._batches.apply(tenant, change)

    def _reading(self) -> Collections:
        return self._collections

    async def tenants(self) -> list[str]:
        with translated():
            live = require_version(await meta_of(self._database))["generation"]
            return sorted(await Collections.of(self._database, live).documents.distinct("tenant"))

    async def join(self) -> None:
        await self._change_meta({"next": {"$in": [None, self.number]}}, {"next": self.number})
        await asyncio.sleep(self._patience.noticed)

    async def go_live(self) -> None:
        with translated():
            meta = require_version(await meta_of(self._database))
        if meta["next"] != self.number:
            raise _superseded(self.number)
        # Both are written until everyone has seen which is live: whoever has not yet, writes to the one before as well.
        await self._change_meta(
            {"next": self.number, "generation": meta["generation"]},
            {
                "generation": self.number,
                "previous": meta["generation"],
                "next": meta["generation"],
                "switched_at": datetime.now(UTC),
            },
        )
        await asyncio.sleep(self._patience.noticed)
        await self._change_meta({"generation": self.number}, {"next": None})

    async def _write(self, changes: Sequence[TenantChange]) -> list[bool]:
        self._lease.require()
        with translated():
            changed = await merge_all(self._collections, changes)
        return told_once(changes, set(changed))

    async def _change_meta(self, condition: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
        self._lease.require()
        with translated():
            result = await self._database["meta"].update_one(
                {"_id": META_ID, "rebuild.owner": self._lease.owner, **condition}, {"$set": fields}
            )
        if not result.matched_count:
            raise _superseded(self.number)


class _Lease:
    """The right to rebuild, which one process has at a time, and which ends by itself when the process does."""

    def __init__(self, database: Any, patience: Patience) -> None:
        self.owner = uuid4().hex
        self._meta = database["meta"]
        self._patience = patience
        self._renewed = 0.0
        self._renewing: asyncio.Task[None] | None = None

    async def take(self) -> Mapping[str, Any]:
        """Take it, and return what ``meta`` says then.

        Raises:
            TransientError: another rebuild is under way.
        """
        now = datetime.now(UTC)
        self._renewed = time.monotonic()
        free = [{"rebuild": None}, {"rebuild.until": {"$lt": now}}]
        with translated():
            meta: Mapping[str, Any] | None = await self._meta.find_one_and_update(
                {"_id": META_ID, "$or": free}, {"$set": {"rebuild": self._entry()}, "$inc": {"last": 1}}
            )
        if meta is None:
            raise TransientError(
                "rebuild_under_way",
                f"Another rebuild is under way, or was killed less than {self._patience.lease:g} seconds ago. Try again then.",
            )
        self._renewing = asyncio.create_task(self._renew(), name="rebuild-lease")
        return meta

    def require(self) -> None:
        """Raise where it has run out (the process was stopped, say): another may have begun."""
        if time.monotonic() - self._renewed > self._patience.lease:
            raise InvoiceflowError("rebuild_interrupted", "The rebuild was held up for too long. Run it again.")

    async def give_back(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait([self._renewing])
        with translated():
            await self._meta.update_one({"_id": META_ID, "rebuild.owner": self.owner}, {"$set": {"rebuild": None}})

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._patience.lease / 6)
            began = time.monotonic()
            with suppress(UnavailableError), translated():
                result = await self._meta.update_one(
                    {"_id": META_ID, "rebuild.owner": self.owner}, {"$set": {"rebuild": self._entry()}}
                )
                if result.matched_count:
                    self._renewed = began

    def _entry(self) -> dict[str, Any]:
        return {"owner": self.owner, "until": datetime.now(UTC) + timedelta(seconds=self._patience.lease)}


@asynccontextmanager
async def rebuilding(database: Any, patience: Patience, say: Callable[[str], None]) -> AsyncIterator[MongoGeneration]:
    """Give a new and empty generation that nobody else writes to; what becomes of it is up to the caller.

    Raises:
        TransientError: another rebuild is under way, or the server does not answer.
    """
    with translated():
        require_version(await meta_of(database))
    lease = _Lease(database, patience)
    meta = await lease.take()
    try:
        number = meta["last"] + 1
        await _clean_up(database, lease, patience, say)
        with translated():
            await create_generation(database, number)
        yield MongoGeneration(database, number, lease, patience)
    finally:
        await lease.give_back()


async def _clean_up(database: Any, lease: _Lease, patience: Patience, say: Callable[[str], None]) -> None:
    """Drop every generation but the live one."""
    with translated():
        meta = require_version(await meta_of(database))
        live = meta["generation"]
        if meta["next"] is not None:
            # A rebuild was killed after it had joined: first nobody must write there any more, or a write would bring it back.
            await database["meta"].update_one({"_id": META_ID, "rebuild.owner": lease.owner}, {"$set": {"next": None}})
            say(f"Waiting {patience.noticed:g} seconds until nobody writes to what a killed rebuild left.")
            await asyncio.sleep(patience.noticed)
        kept = {f"{name}_{live}" for name in Collections.names()}
        names = [name for name in await database.list_collection_names() if name.split("_")[0] in Collections.names()]
        for name in sorted(set(names) - kept):
            lease.require()
            say(f"Dropping {name}, which is live no more.")
            await database.drop_collection(name)
        await database["meta"].update_one({"_id": META_ID}, {"$set": {"previous": None}})


def _superseded(number: int) -> InvoiceflowError:
    return InvoiceflowError(
        "rebuild_interrupted",
        f"Another rebuild has taken the place of generation {number}. Nothing was changed by this one.",
    )
