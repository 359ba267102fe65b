"""A read model full of invoices, made by telling it their events through its port, and kept for the next run."""

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from invoiceflow_contracts.identity import DEFAULT_TENANT
from invoiceflow_evaluation.bench.query_material import documents, events
from invoiceflow_query.ports import ReadModel
from invoiceflow_query.projection import Change, change_of

__all__ = ["Filled", "cache_file", "fill"]

_CHUNK = 1000
"""Documents whose events are made and told at a time."""


@dataclass(frozen=True)
class Filled:
    """What was told to a read model in this run."""

    events: int
    seconds: float


def cache_file(folder: Path, invoices: int, version: int) -> Path:
    """Return where the SQLite read model of so many invoices is kept; of another schema version, another one."""
    return folder / f"invoices-{invoices}-v{version}.sqlite"


async def fill(read_model: ReadModel, invoices: int, on_progress: Callable[[int], None]) -> Filled:
    """Tell ``read_model`` the events of so many invoices, from where an earlier run has ended.

    Args:
        read_model: opened; holds nothing but what this function has told it.
        invoices: of the default tenant; there are some more of others.
        on_progress: called with the number of documents told of, after each chunk.
    """
    begun = time.perf_counter()
    # Nothing that is made here is held by a cycle, and there is so much of it at a time that to look for one takes a fifth of the time.
    gc.disable()
    try:
        told = await _fill(read_model, invoices, on_progress)
    finally:
        gc.enable()
    return Filled(told, time.perf_counter() - begun)


async def _fill(read_model: ReadModel, invoices: int, on_progress: Callable[[int], None]) -> int:
    told = 0
    telling: asyncio.Task[None] | None = None
    for start in range(await _known(read_model, invoices), documents(invoices), _CHUNK):
        stop = min(start + _CHUNK, documents(invoices))
        # One chunk is written, by the store's own thread, while the next is made.
        changes = await asyncio.to_thread(_changes, invoices, start, stop)
        if telling is not None:
            await telling
            on_progress(start)
        telling = asyncio.create_task(_tell(read_model, changes))
        told += len(changes)
    if telling is not None:
        await telling
    return told


async def _known(read_model: ReadModel, invoices: int) -> int:
    """Return from which document on to tell, by what the default tenant has; what is told twice changes nothing."""
    extracted = (await read_model.stats(DEFAULT_TENANT)).documents.extracted
    if extracted >= invoices:
        return documents(invoices)
    return max(0, documents(extracted) // _CHUNK - 3) * _CHUNK


def _changes(invoices: int, start: int, stop: int) -> list[tuple[str, Change]]:
    return [(event.tenant, change_of(event, name)) for event, name in events(invoices, start, stop)]


async def _tell(read_model: ReadModel, changes: Sequence[tuple[str, Change]]) -> None:
    await asyncio.gather(*(read_model.apply(tenant, change) for tenant, change in changes))
