"""Uploaded documents become stored layouts and one event each, once per engine version and tenant."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from ocr_documents import layout_of

from invoiceflow_chassis.errors import ObjectNotFoundError, PermanentError, TransientError
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.objects.sealing import SEALED
from invoiceflow_chassis.testing import FakeDelivery
from invoiceflow_contracts.events import DocumentProgressV1, DocumentUploadedV1, OcrCompletedV1
from invoiceflow_contracts.identity import document_id
from invoiceflow_ocr import progress
from invoiceflow_ocr.handlers import read_document
from invoiceflow_ocr.workers import EngineSpec, WorkerPool

BUCKET = "results"


class Clock:
    """Every look at it is a minute later."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._now += timedelta(minutes=1)
        return self._now


@pytest.fixture
def objects() -> MemoryObjectStore:
    return MemoryObjectStore()


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def upload(
    objects: MemoryObjectStore, data: bytes, *, tenant: str = "default", media_type: str = "application/pdf"
) -> DocumentUploadedV1:
    sha256 = hashlib.sha256(data).hexdigest()
    content = await objects.put(tenant, "originals", sha256, data, media_type=media_type)
    return DocumentUploadedV1(
        tenant=tenant,
        document_id=document_id(tenant, sha256),
        filename="invoice.pdf",
        content=content,
        channel="http",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


async def handle(
    event: DocumentUploadedV1,
    objects: MemoryObjectStore,
    pool: WorkerPool,
    clock: Clock,
    delivery: FakeDelivery | None = None,
) -> OcrCompletedV1:
    (completed,) = await read_document(
        event, delivery or FakeDelivery(), objects=objects, pool=pool, bucket=BUCKET, now=clock
    )
    assert isinstance(completed, OcrCompletedV1)
    return completed


async def layout_bytes(objects: MemoryObjectStore, event: OcrCompletedV1) -> bytes:
    return await objects.get(event.tenant, event.layout)


async def test_a_document_that_was_read_leads_to_its_layout(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock
) -> None:
    event = await upload(objects, b"pages 2")

    completed = await handle(event, objects, pool, clock)

    assert completed.document_id == event.document_id
    assert completed.content == event.content
    assert completed.pages == 2
    assert completed.languages == ("en",)
    assert completed.cost.stage == "ocr"
    layout = layout_of(await layout_bytes(objects, completed))
    assert layout.engine == completed.engine
    assert len(layout.pages) == 2


async def test_the_same_document_again_is_not_read_and_makes_the_same_event(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock
) -> None:
    event = await upload(objects, b"pages 1")
    first = await handle(event, objects, pool, clock)
    reader = layout_of(await layout_bytes(objects, first)).pages[0].lines[0].text

    await pool.stop()
    await pool.start()  # another child, whose result would name another process

    again = await handle(event, objects, pool, clock)
    assert again == first
    assert layout_of(await layout_bytes(objects, again)).pages[0].lines[0].text == reader


async def test_a_damaged_record_of_a_reading_is_not_believed(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock
) -> None:
    event = await upload(objects, b"pages 1")
    await handle(event, objects, pool, clock)
    (record,) = [name async for name in objects.names("default", BUCKET) if name.endswith(SEALED)]
    stored = await objects.find("default", BUCKET, record)
    assert stored is not None
    altered = stored.replace(b'"pages":1', b'"pages":9')
    assert altered != stored
    await objects.put("default", BUCKET, record, altered, media_type="application/octet-stream")

    assert (await handle(event, objects, pool, clock)).pages == 1


async def test_what_was_announced_outlives_another_reading_of_the_same_document(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock
) -> None:
    event = await upload(objects, b"pages 1")
    first = await handle(event, objects, pool, clock)
    for name in [name async for name in objects.names("default", BUCKET) if name.endswith(SEALED)]:
        await objects.delete("default", BUCKET, name)  # the other worker has looked before it was there
    await pool.stop()
    await pool.start()  # another child, whose result names another process

    second = await handle(event, objects, pool, clock)

    assert second.layout.sha256 != first.layout.sha256
    assert layout_of(await layout_bytes(objects, first)) != layout_of(await layout_bytes(objects, second))


async def test_another_version_of_the_engine_reads_again(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock, obedient: EngineSpec
) -> None:
    event = await upload(objects, b"pages 1")
    first = await handle(event, objects, pool, clock)
    newer = WorkerPool(EngineSpec(obedient.factory, {"version": "2"}), workers=1)
    await newer.start()
    try:
        second = await handle(event, objects, newer, clock)
    finally:
        await newer.stop()

    assert second.engine.version == "2"
    assert second.layout.key != first.layout.key


async def test_tenants_with_the_same_bytes_share_nothing(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock
) -> None:
    ours = await handle(await upload(objects, b"attach <Invoice/>", tenant="ours"), objects, pool, clock)
    theirs = await handle(await upload(objects, b"attach <Invoice/>", tenant="theirs"), objects, pool, clock)

    assert ours.layout.key.startswith("ours/")
    assert theirs.layout.key.startswith("theirs/")
    assert ours.completed_at != theirs.completed_at
    assert ours.embedded[0].content.key.startswith("ours/")
    with pytest.raises(ObjectNotFoundError):
        await objects.get("theirs", ours.layout)


async def test_an_embedded_e_invoice_is_stored_and_handed_on(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock
) -> None:
    completed = await handle(await upload(objects, b"attach <Invoice/>"), objects, pool, clock)

    (file,) = completed.embedded
    assert (file.name, file.relationship) == ("factur-x.xml", "Alternative")
    assert await objects.get("default", file.content) == b"<Invoice/>"


@pytest.mark.parametrize("media_type", ["application/xml", "text/xml"])
async def test_bare_xml_is_handed_on_as_it_is(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock, media_type: str
) -> None:
    event = await upload(objects, b"<Invoice/>", media_type=media_type)

    completed = await handle(event, objects, pool, clock)

    assert completed.pages == 0
    assert [file.content for file in completed.embedded] == [event.content]
    assert layout_of(await layout_bytes(objects, completed)).embedded == completed.embedded
    assert await handle(event, objects, pool, clock) == completed
    kept = [name async for name in objects.names("default", BUCKET)]
    assert [f"default/{name}" for name in kept] == [completed.layout.key], "nothing else is stored"


async def test_a_document_read_at_once_announces_no_progress(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock
) -> None:
    delivery = FakeDelivery()

    await handle(await upload(objects, b"pages 30"), objects, pool, clock, delivery)

    assert delivery.announced == []


async def test_progress_is_announced_while_pages_are_read_the_latest_of_those_that_wait(
    objects: MemoryObjectStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "GATHERING_SECONDS", 0)
    gate, announcing = asyncio.Event(), asyncio.Event()

    class SlowDelivery(FakeDelivery):
        async def announce(self, event: DocumentProgressV1) -> None:  # type: ignore[override]
            announcing.set()
            await gate.wait()
            self.announced.append(event)

    delivery = SlowDelivery()
    async with progress.ProgressAnnouncer(await upload(objects, b""), delivery, clock) as announce:
        announce(1, 30)
        await announcing.wait()
        for page in range(2, 30):
            announce(page, 30)
        gate.set()
        async with asyncio.timeout(10):
            while len(delivery.announced) < 2:  # noqa: ASYNC110 (nobody tells)
                await asyncio.sleep(0)

    assert [(event.pages_done, event.pages_total) for event in delivery.announced] == [(1, 30), (29, 30)]  # type: ignore[attr-defined]


async def test_a_document_that_was_read_waits_for_no_announcement(
    objects: MemoryObjectStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "GATHERING_SECONDS", 0)
    announcing = asyncio.Event()

    class StuckDelivery(FakeDelivery):
        async def announce(self, event: DocumentProgressV1) -> None:  # type: ignore[override]  # noqa: ARG002
            announcing.set()
            await asyncio.Event().wait()

    async with (
        asyncio.timeout(10),
        progress.ProgressAnnouncer(await upload(objects, b""), StuckDelivery(), clock) as announce,
    ):
        announce(1, 1)
        await announcing.wait()


async def test_what_cannot_be_read_leaves_nothing_behind(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock
) -> None:
    event = await upload(objects, b"refuse")

    with pytest.raises(PermanentError, match="pdf_encrypted"):
        await handle(event, objects, pool, clock)

    assert [name async for name in objects.names("default", BUCKET)] == []


async def test_bytes_that_are_not_there_end_the_document(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock
) -> None:
    event = await upload(objects, b"pages 1")
    await objects.delete("default", "originals", event.content.sha256)

    with pytest.raises(ObjectNotFoundError):
        await handle(event, objects, pool, clock)


async def test_a_store_that_is_away_means_trying_again(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock
) -> None:
    event = await upload(objects, b"pages 1")
    objects.fail_with = TransientError("store_away", "The store is away.")

    with pytest.raises(TransientError):
        await handle(event, objects, pool, clock)


async def test_dying_before_the_record_is_written_means_reading_again(
    objects: MemoryObjectStore, pool: WorkerPool, clock: Clock
) -> None:
    event = await upload(objects, b"pages 1")
    completed = await handle(event, objects, pool, clock)
    await objects.delete("default", BUCKET, f"ocr/{event.content.sha256}/obedient-1.json")

    again = await handle(event, objects, pool, clock)

    assert again.layout == completed.layout
