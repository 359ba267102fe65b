"""Changes written together."""

import asyncio
from collections.abc import Sequence

import pytest

from invoiceflow_chassis.errors import TransientError, UnavailableError
from invoiceflow_query.adapters.batches import Batches, TenantChange
from invoiceflow_query.projection import Change, change_of
from invoiceflow_query.testing import document, uploaded


class Store:
    """Takes batches when it is let, and refuses what it is told to."""

    def __init__(self) -> None:
        self.written: list[list[str]] = []
        self.refused: dict[str, Exception] = {}
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def write(self, changes: Sequence[TenantChange]) -> list[bool]:
        await self.gate.wait()
        names = [tenant for tenant, _ in changes]
        self.written.append(names)
        if self.error:
            raise self.error
        for name in names:
            if name in self.refused:
                raise self.refused[name]
        return [True] * len(changes)


def change() -> Change:
    return change_of(uploaded(document("d")), "u")


async def apply_all(batches: Batches, names: str) -> list[bool | BaseException]:
    return await asyncio.gather(*(batches.apply(name, change()) for name in names), return_exceptions=True)


async def test_what_waits_while_others_are_written_is_written_together() -> None:
    store = Store()
    store.gate.clear()
    batches = Batches(store.write, largest=3)
    first = asyncio.create_task(batches.apply("a", change()))
    await asyncio.sleep(0)
    rest = asyncio.create_task(apply_all(batches, "bcdef"))
    await asyncio.sleep(0)
    store.gate.set()
    assert await first
    assert await rest == [True] * 5
    await batches.finish()
    assert sorted(map(len, store.written)) in ([1, 2, 3], [3, 3])


async def test_one_that_is_refused_spoils_no_other() -> None:
    store = Store()
    store.refused["b"] = TransientError("read_model_refused", "It is too large.")
    results = await apply_all(Batches(store.write, largest=9), "abc")
    assert (results[0], results[2]) == (True, True)
    assert results[1] is store.refused["b"]


async def test_a_store_that_is_away_is_not_asked_for_each_change_by_itself() -> None:
    store = Store()
    store.error = UnavailableError("read_model_unavailable", "It does not answer.")
    assert await apply_all(Batches(store.write, largest=9), "abc") == [store.error] * 3
    assert store.written == [["a", "b", "c"]]


async def test_one_that_nobody_waits_for_any_more_is_written_all_the_same() -> None:
    store = Store()
    store.gate.clear()
    batches = Batches(store.write, largest=9)
    waiting = asyncio.create_task(batches.apply("a", change()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    store.gate.set()
    await batches.finish()
    assert store.written == [["a"]]
