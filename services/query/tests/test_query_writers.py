"""Several who write to one read model, and some who are stopped in the middle of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import reduce
from random import Random
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from invoiceflow_chassis.errors import UnavailableError
from invoiceflow_contracts.events import DocumentEvent
from invoiceflow_query.ports import ReadModel, Rebuildable
from invoiceflow_query.projection import Change, DocumentState, change_of, merge
from invoiceflow_query.queries import InvoiceQuery
from invoiceflow_query.testing import document, extracted, failed, invoice, progress, read, uploaded

Connect = Callable[[], Rebuildable]

D = document("d")


@pytest.fixture
async def writers(connect: Connect) -> AsyncIterator[list[Rebuildable]]:
    """As many processes on one store."""
    models = [connect() for _ in range(3)]
    for model in models:
        await model.open()
    yield models
    for model in models:
        await model.close()


def history() -> list[Change]:
    events: list[DocumentEvent] = [uploaded(D), uploaded(D, 7), read(D), read(D, 5), failed(D, 4)]
    events += [progress(D, n, done=n, total=9) for n in range(9)]
    events += [extracted(D, n, of=invoice(number=str(n), description=f"word{n}")) for n in range(3, 9)]
    return [change_of(event, f"event-{number}") for number, event in enumerate(events)]


def state_of(changes: list[Change]) -> DocumentState:
    return reduce(merge, (change.state for change in changes))


async def seen(model: ReadModel) -> tuple[object, ...]:
    stored, kept = await model.document("default", D), await model.invoice("default", D)
    assert stored
    assert kept
    found = [len(await model.invoices("default", InvoiceQuery(q=f"word{n}"))) for n in range(3, 9)]
    return stored.view, kept, found, await model.stats("default")


@pytest.mark.parametrize("seed", range(4))
async def test_whoever_comes_second_overwrites_nothing(writers: list[Rebuildable], seed: int) -> None:
    changes = history()
    dealt = Random(seed).sample(changes, len(changes))

    async def write(model: Rebuildable, mine: list[Change]) -> None:
        for change in mine:
            await model.apply("default", change)

    await asyncio.gather(*(write(model, dealt[place :: len(writers)]) for place, model in enumerate(writers)))
    view, kept, found, stats = await seen(writers[0])
    assert (await writers[0].document("default", D)).state == state_of(changes)  # type: ignore[union-attr]
    assert view.filename == "2024-0117.pdf"  # type: ignore[attr-defined]
    assert view.received_at == uploaded(D).received_at  # type: ignore[attr-defined]
    assert kept.record.invoice.number == "8"  # type: ignore[attr-defined]
    assert found == [0, 0, 0, 0, 0, 1]
    assert stats.invoices.total == 1  # type: ignore[attr-defined]
    again = [await model.apply("default", change) for model in writers for change in changes]
    assert not any(again)
    assert await seen(writers[1]) == (view, kept, found, stats)


@pytest.mark.parametrize("connect", [pytest.param("mongodb", marks=pytest.mark.engine)], indirect=True)
@pytest.mark.parametrize("stopped_before", ["documents", "invoices"])
async def test_one_that_stops_between_its_writes_has_said_nothing_that_is_not_true(
    writers: list[Rebuildable], monkeypatch: pytest.MonkeyPatch, stopped_before: str
) -> None:
    from invoiceflow_query.adapters.mongodb import writing  # noqa: PLC0415

    older, newer = (
        change_of(extracted(D, seconds, of=invoice(number=str(seconds))), str(seconds)) for seconds in (3, 5)
    )
    await writers[0].apply("default", change_of(uploaded(D), "u"))
    bulk = writing._bulk

    async def stops(collection: Any, operations: list[Any]) -> Any:
        if collection.name.startswith(stopped_before):
            raise AutoReconnect("killed")
        return await bulk(collection, operations)

    with monkeypatch.context() as patch:
        patch.setattr(writing, "_bulk", stops)
        with pytest.raises(UnavailableError):
            await writers[0].apply("default", newer)
    stored = await writers[1].document("default", D)
    assert stored
    assert stored.view.status == "received"

    # An older result comes to another before the newer one is delivered again.
    await writers[1].apply("default", older)
    kept = await writers[2].invoice("default", D)
    assert kept
    assert kept.record.invoice.number == ("5" if stopped_before == "documents" else "3")
    await writers[2].apply("default", newer)
    kept, stored = await writers[1].invoice("default", D), await writers[1].document("default", D)
    assert kept
    assert kept.record.invoice.number == "5"
    assert stored
    assert stored.view.status == "extracted"
