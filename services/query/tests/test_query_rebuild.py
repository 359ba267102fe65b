"""The read model made anew, in every store."""

import asyncio
import gzip
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, closing
from functools import reduce
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoiceflow_chassis.errors import InvoiceflowError, TransientError, UnavailableError
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.objects.sealing import keep as seal
from invoiceflow_contracts.events import DocumentEvent, DocumentUploadedV1, Event, InvoiceExtractedV1
from invoiceflow_query import insisting
from invoiceflow_query.adapters.sqlite import SqliteReadModel, files, schema
from invoiceflow_query.ports import ReadModel, Rebuildable
from invoiceflow_query.projection import Change, change_of, merge
from invoiceflow_query.queries import DocumentQuery, InvoiceQuery, Sort
from invoiceflow_query.rebuild import rebuild
from invoiceflow_query.stored import Stored
from invoiceflow_query.testing import MONTH, document, extracted, failed, invoice, progress, read, uploaded

Connect = Callable[[], Rebuildable]

ORIGINALS, EXTRACTIONS = "originals", "extractions"


class Topics:
    """All events there are, in the order in which they were published."""

    def __init__(self, *events: tuple[DocumentEvent, str]) -> None:
        self.events = list(events)
        self._read = 0

    def publish(self, event: DocumentEvent, event_id: str) -> None:
        self.events.append((event, event_id))

    async def until_now(self) -> AsyncIterator[Sequence[tuple[Event, str]]]:
        end = len(self.events)
        while self._read < end:
            batch = self.events[self._read : min(end, self._read + 3)]
            self._read += len(batch)
            yield batch


async def rebuilt(connect: Connect, topics: Topics | None = None, stored: Stored | None = None) -> int:
    """Rebuild as another process does that knows only the store."""
    model = connect()
    try:
        return await rebuild(model, stored=stored, events=topics, tenants={"default"}, young=MONTH, say=print)
    finally:
        await model.close()


async def apply(model: ReadModel, *events: tuple[DocumentEvent, str]) -> None:
    for event, event_id in events:
        await model.apply(event.tenant, change_of(event, event_id))


async def seen(connect: Connect, tenant: str = "default") -> tuple[object, ...]:
    """Return what a reader sees who comes now."""
    async with AsyncExitStack() as stack:
        model = connect()
        stack.push_async_callback(model.close)
        await model.open()
        documents = await model.documents(tenant, DocumentQuery(), limit=100)
        invoices = await model.invoices(tenant, InvoiceQuery(), limit=100)
        whole = await model.invoices_by_id(tenant, [each.id for each in invoices])
        found = [await model.invoices(tenant, InvoiceQuery(q=word)) for word in ("bolts", "nuts", "acme")]
        return (
            [each.view for each in documents],
            invoices,
            [each.view for each in whole],
            found,
            await model.stats(tenant),
        )


async def fill(connect: Connect, *events: tuple[DocumentEvent, str]) -> None:
    model = connect()
    await model.open()
    await apply(model, *events)
    await model.close()


def history(*names: str) -> list[tuple[DocumentEvent, str]]:
    events: list[tuple[DocumentEvent, str]] = []
    for name in names:
        one = document(name)
        events += [(uploaded(one), f"{name}1"), (progress(one), f"{name}2"), (read(one), f"{name}3")]
        events += [(extracted(one, of=invoice(number=name)), f"{name}4")]
    return events


async def test_what_the_topics_tell_is_what_is_read_afterwards(connect: Connect) -> None:
    events = [*history("a", "b"), (failed(document("c")), "c1")]
    await fill(connect, *events)
    before = await seen(connect)
    assert await rebuilt(connect, Topics(*events)) == len(events)
    assert await seen(connect) == before


async def test_what_no_event_tells_is_gone(connect: Connect) -> None:
    await fill(connect, *history("a", "b"))
    await rebuilt(connect, Topics(*history("b")))
    documents, invoices, *_ = await seen(connect)
    assert [each.id for each in documents] == [each.id for each in invoices] == [document("b")]  # type: ignore[attr-defined]


async def test_it_may_be_done_again_and_again(connect: Connect) -> None:
    events = history("a", "b")
    await fill(connect, *events)
    before = await seen(connect)
    for _ in range(3):
        await rebuilt(connect, Topics(*events))
        assert await seen(connect) == before


FACTS = st.one_of(
    st.builds(uploaded, st.just(document("d")), st.integers(0, 2), filename=st.sampled_from(["a.pdf", "b.pdf"])),
    st.builds(progress, st.just(document("d")), st.integers(0, 2), done=st.integers(0, 3)),
    st.builds(read, st.just(document("d")), st.integers(0, 2)),
    st.builds(
        extracted,
        st.just(document("d")),
        st.integers(0, 2),
        of=st.builds(invoice, number=st.sampled_from(["1", "2"]), description=st.sampled_from(["bolts", "nuts"])),
        needs_review=st.booleans(),
    ),
    st.builds(failed, st.just(document("d")), st.integers(0, 2)),
)


class Recorded:
    """Stored events, as they come."""

    def __init__(self, changes: Sequence[tuple[str, Change]]) -> None:
        self._changes = changes

    async def changes(self, _: Collection[str]) -> AsyncIterator[Sequence[tuple[str, Change]]]:
        for each in self._changes:
            yield [each]


@pytest.mark.parametrize("connect", ["sqlite"], indirect=True)  # elsewhere each takes seconds; the merging is the same
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_neither_order_nor_repetition_matters_across_a_rebuild(connect: Connect, data: st.DataObject) -> None:
    facts = [(fact, str(number)) for number, fact in enumerate(data.draw(st.lists(FACTS, min_size=1, max_size=6)))]
    again = data.draw(st.permutations(facts + data.draw(st.lists(st.sampled_from(facts), max_size=4))))
    cut, later = data.draw(st.integers(0, len(again))), data.draw(st.lists(st.sampled_from(facts), max_size=3))
    await rebuilt(connect, Topics())
    await fill(connect, *facts)
    directly = await seen(connect)
    stored = Recorded([(fact.tenant, change_of(fact, number)) for fact, number in again[:cut]])
    model = connect()
    await rebuild(model, stored=stored, events=Topics(*again[cut:]), tenants=(), young=MONTH, say=print)
    await model.close()
    await fill(connect, *later)
    assert await seen(connect) == directly


# -- from what is stored -----------------------------------------------------------------------------------------------


async def keep(objects: MemoryObjectStore, *events: DocumentEvent) -> None:
    """Store events as ingest and extract do."""
    numbers = count()
    for event in events:
        data = event.model_dump_json().encode()
        if isinstance(event, DocumentUploadedV1):
            await seal(objects, event.tenant, ORIGINALS, f"accepted/{event.document_id}.json", data)
        elif isinstance(event, InvoiceExtractedV1):
            name = f"{event.content.sha256}/{next(numbers)}/local-1.json.gz"
            await seal(objects, event.tenant, EXTRACTIONS, name, gzip.compress(data))


@pytest.fixture
def objects() -> MemoryObjectStore:
    return MemoryObjectStore()


@pytest.fixture
def stored(objects: MemoryObjectStore) -> Stored:
    return Stored(objects=objects, originals=ORIGINALS, extractions=EXTRACTIONS)


async def test_documents_and_invoices_come_back_from_what_is_stored(
    connect: Connect, objects: MemoryObjectStore, stored: Stored
) -> None:
    events = [event for event, _ in history("a", "b")]
    await keep(objects, *events, uploaded(document("c"), tenant="other"))
    await fill(connect, (uploaded(document("c"), tenant="other"), "c"))
    await rebuilt(connect, stored=stored)
    documents, invoices, _, found, stats = await seen(connect)
    assert {each.filename for each in documents} == {"2024-0117.pdf"}  # type: ignore[attr-defined]
    assert {each.number for each in invoices} == {"a", "b"}  # type: ignore[attr-defined]
    assert len(found[0]) == 2  # type: ignore[index]
    assert stats.documents.extracted == 2  # type: ignore[attr-defined]
    # Another tenant, known by its documents alone.
    assert len((await seen(connect, "other"))[0]) == 1  # type: ignore[arg-type]


async def test_the_event_itself_takes_the_place_of_what_was_stored_of_it(
    connect: Connect, objects: MemoryObjectStore, stored: Stored
) -> None:
    events = history("a")
    await fill(connect, *events)
    before = await seen(connect)
    await keep(objects, *(event for event, _ in events))
    await rebuilt(connect, Topics(*events), stored)
    assert await seen(connect) == before
    model = connect()
    await model.open()
    kept = await model.invoice("default", document("a"))
    await model.close()
    assert kept
    assert kept.record.event_id == "a4"


async def test_what_cannot_be_read_or_is_another_tenants_is_left_out(
    connect: Connect, objects: MemoryObjectStore, stored: Stored
) -> None:
    foreign = uploaded(document("b"), tenant="other").model_dump_json().encode()
    await keep(objects, uploaded(document("a")))
    for name, data in (("accepted/x.json", b"{}"), ("accepted/y.json", foreign)):
        await seal(objects, "default", ORIGINALS, name, data)
    for name, data in (("1.gz", b"no"), ("2.gz", gzip.compress(b"{")), ("3.gz", gzip.compress(b"{}")[:-9])):
        await seal(objects, "default", EXTRACTIONS, name, data)
    await objects.put("default", ORIGINALS, "accepted/z.json.sealed", b"changed", media_type="application/json")
    await rebuilt(connect, stored=stored)
    assert [each.id for each in (await seen(connect))[0]] == [document("a")]  # type: ignore[attr-defined]


async def test_a_store_that_is_away_for_a_moment_ends_nothing(
    connect: Connect, objects: MemoryObjectStore, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(insisting, "PAUSE_SECONDS", 0.0)
    await keep(objects, uploaded(document("a")))
    find, asked = objects.find, count(1)

    async def flickering(tenant: str, bucket: str, name: str) -> bytes | None:
        if next(asked) < 3:
            raise UnavailableError("storage_unavailable", "The object store does not answer.")
        return await find(tenant, bucket, name)

    monkeypatch.setattr(objects, "find", flickering)
    await rebuilt(connect, stored=stored)
    assert [each.id for each in (await seen(connect))[0]] == [document("a")]  # type: ignore[attr-defined]


# -- interrupted, doubled ----------------------------------------------------------------------------------------------


class Breaking(Topics):
    """Topics that are cut off after some events."""

    async def until_now(self) -> AsyncIterator[Sequence[tuple[Event, str]]]:
        async for batch in super().until_now():
            yield batch
            raise TransientError("broker_unavailable", "Kafka does not answer.")


async def test_one_that_ends_half_way_has_changed_nothing_and_can_be_run_again(connect: Connect) -> None:
    events = history("a", "b")
    await fill(connect, *events)
    before = await seen(connect)
    with pytest.raises(TransientError):
        await rebuilt(connect, Breaking(*history("c", "d")))
    assert await seen(connect) == before
    await rebuilt(connect, Topics(*history("c")))
    assert {each.number for each in (await seen(connect))[1]} == {"c"}  # type: ignore[attr-defined]


async def test_two_at_once_are_refused(connect: Connect) -> None:
    first, second = connect(), connect()
    async with first.rebuilding(print):
        with pytest.raises(InvoiceflowError) as refused:
            async with second.rebuilding(print):
                pass
    assert refused.value.code in {"rebuild_under_way", "read_model_in_use"}
    async with second.rebuilding(print):
        pass
    for model in (first, second):
        await model.close()


# -- MongoDB: while it is read and written -----------------------------------------------------------------------------

mongodb = pytest.mark.parametrize("connect", [pytest.param("mongodb", marks=pytest.mark.engine)], indirect=True)


@mongodb
async def test_the_api_answers_throughout_and_nothing_that_arrives_is_lost(connect: Connect) -> None:
    first = history("a", "b")
    topics = Topics(*first)
    replicas = [connect(), connect()]
    for model in replicas:
        await model.open()
    await apply(replicas[0], *first)
    done = asyncio.Event()
    answers = 0

    async def ask() -> None:
        nonlocal answers
        while not done.is_set():
            invoices = await replicas[answers % 2].invoices("default", InvoiceQuery(sort=Sort(field="number")))
            assert [each.number for each in invoices][:2] == ["a", "b"]
            answers += 1
            await asyncio.sleep(0.01)

    async def work() -> None:
        for number in count():
            if done.is_set():
                return
            for event, event_id in history(f"n{number}"):
                topics.publish(event, event_id)
                await replicas[number % 2].apply(event.tenant, change_of(event, event_id))
            await asyncio.sleep(0.02)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(ask())
        group.create_task(work())
        await rebuilt(connect, topics)
        done.set()
    for model in replicas:
        await model.close()
    assert answers > 10
    model = connect()
    await model.open()
    kept = [await model.document("default", event.document_id) for event, _ in topics.events]
    assert {each.view.status if each else None for each in kept} == {"extracted"}
    await model.close()


@mongodb
async def test_one_that_is_killed_after_it_has_joined_leaves_nothing_behind(connect: Connect) -> None:
    service, killed = connect(), connect()
    await service.open()
    async with killed.rebuilding(print) as generation:
        await generation.join()
    # Written to both, as far as anyone knows; the next rebuild must not take the one that was given up for its own.
    await apply(service, *history("a"))
    await rebuilt(connect, Topics(*history("b")))
    await apply(service, *history("c"))
    assert {each.number for each in (await seen(connect))[1]} == {"b", "c"}  # type: ignore[attr-defined]
    for model in (service, killed):
        await model.close()


# -- SQLite: one file in the place of another --------------------------------------------------------------------------

sqlite = pytest.mark.parametrize("connect", ["sqlite"], indirect=True)


@sqlite
async def test_a_file_in_use_is_not_replaced_and_one_being_replaced_is_not_used(connect: Connect) -> None:
    service, other = connect(), connect()
    await service.open()
    with pytest.raises(InvoiceflowError, match="read_model_in_use"):
        await rebuilt(connect, Topics())
    await service.close()
    async with other.rebuilding(print):
        waiting = connect()
        with pytest.raises(TransientError, match="being made anew"):
            await waiting.open()
    await waiting.open()
    for model in (waiting, other):
        await model.close()


@sqlite
async def test_a_damaged_file_is_said_to_be_damaged_and_can_be_made_anew(connect: Connect) -> None:
    await fill(connect, *history("a"))
    model = connect()
    assert isinstance(model, SqliteReadModel)
    model._path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(TransientError, match="read_model_damaged"):
        await model.open()
    await model.close()
    await rebuilt(connect, Topics(*history("a")))
    assert {each.number for each in (await seen(connect))[1]} == {"a"}  # type: ignore[attr-defined]
    assert sorted(path.name for path in model._path.parent.iterdir()) == [
        model._path.name,
        f"{model._path.name}.lock",
    ]


OLDER = """
    CREATE TABLE documents (row INTEGER PRIMARY KEY, tenant TEXT, id, state TEXT);
    CREATE TABLE invoices (row INTEGER PRIMARY KEY, tenant TEXT, id);
    CREATE TABLE invoice_records (row INTEGER PRIMARY KEY, record TEXT);
"""
"""Of the tables of older versions, what the later ones are made from. Version 1 is release 0.1.0's; its ids are text."""


@sqlite
@pytest.mark.parametrize("version", range(1, schema.VERSION))
async def test_a_file_of_an_older_version_becomes_one_of_this_version_at_the_start(
    connect: Connect, version: int
) -> None:
    events = [*history("a", "b"), (failed(document("c")), "c")]
    events += [(extracted(document("d"), of=invoice(iban="DE89370400440532013000")), "d")]
    await fill(connect, *events)
    expected = await seen(connect)
    model = connect()
    assert isinstance(model, SqliteReadModel)
    model._path.unlink()
    changes = [change_of(event, event_id) for event, event_id in events]
    with closing(sqlite3.connect(model._path)) as connection:
        connection.executescript(f"{OLDER} PRAGMA user_version = {version};")
        for row, name in enumerate(("a", "b", "c", "d")):
            of = [change for change in changes if change.document_id == document(name)]
            state = reduce(merge, (change.state for change in of))
            key = (row, "default", str(document(name)) if version == 1 else document(name).bytes)
            connection.execute("INSERT INTO documents VALUES (?, ?, ?, ?)", (*key, state.model_dump_json()))
            if invoices := [change.invoice for change in of if change.invoice]:
                connection.execute("INSERT INTO invoices VALUES (?, ?, ?)", key)
                connection.execute("INSERT INTO invoice_records VALUES (?, ?)", (row, invoices[0].model_dump_json()))
        connection.commit()
    await model.open()
    assert await model._read("PRAGMA user_version") == [(schema.VERSION,)]
    assert list(await model.accounts("default", "vat:DE129273398")) == ["DE89370400440532013000"]
    await model.close()
    assert await seen(connect) == expected


def test_every_older_version_can_be_brought_to_this_one() -> None:
    assert set(files.KEPT) == set(range(1, schema.VERSION))
