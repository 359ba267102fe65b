from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.testing import RecordingPublisher
from invoiceflow_chassis.testing.kafka import eventually
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events import DocumentEvent, DocumentFailedV1, DocumentUploadedV1
from invoiceflow_contracts.identity import DEFAULT_TENANT, document_id
from invoiceflow_ingest.acceptance import record_accepted
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.projection import change_of
from invoiceflow_standalone.resumption import Resumption, create_resumption

BUCKET = "originals"
NOW = datetime(2026, 1, 17, tzinfo=UTC)


def uploaded(name: str, tenant: str = DEFAULT_TENANT) -> DocumentUploadedV1:
    digest = sha256(name.encode()).hexdigest()
    return DocumentUploadedV1(
        tenant=tenant,
        document_id=document_id(tenant, digest),
        filename=name,
        content=ContentRef(
            bucket=BUCKET, key=f"{tenant}/{digest}", sha256=digest, size=len(name), media_type="application/pdf"
        ),
        channel="http",
        received_at=NOW,
    )


class World:
    """What a stopped process has left behind."""

    def __init__(self, read_model: SqliteReadModel) -> None:
        self.objects = MemoryObjectStore()
        self.publisher = RecordingPublisher()
        self.read_model = read_model
        self.resumption = Resumption(
            objects=self.objects,
            publisher=self.publisher,
            read_model=read_model,
            bucket=BUCKET,
            tenants=[DEFAULT_TENANT, "acme"],
        )

    async def recorded(self, event: DocumentUploadedV1) -> None:
        await record_accepted(self.objects, BUCKET, event)

    async def projected(self, event: DocumentEvent) -> None:
        await self.read_model.apply(event.tenant, change_of(event, f"event-of-{event.document_id}"))

    @property
    def submitted(self) -> list[UUID]:
        return [event.document_id for _, event in self.publisher.published if isinstance(event, DocumentUploadedV1)]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    read_model = SqliteReadModel(tmp_path / "read-model.sqlite3")
    await read_model.open()
    yield World(read_model)
    await read_model.close()


async def test_what_was_accepted_and_came_to_no_end_is_submitted_again(world: World) -> None:
    waiting, unheard, others = uploaded("waiting.pdf"), uploaded("unheard.pdf"), uploaded("others.pdf", "acme")
    for event in (waiting, unheard, others):
        await world.recorded(event)
    await world.projected(waiting)
    assert await world.resumption.run() == 3
    assert sorted(world.submitted) == sorted(event.document_id for event in (waiting, unheard, others))


async def test_what_has_ended_is_left_alone(world: World) -> None:
    event = uploaded("failed.pdf")
    await world.recorded(event)
    await world.projected(event)
    await world.projected(
        DocumentFailedV1(
            document_id=event.document_id, stage="ocr", code="pdf_encrypted", message="Remove it.", failed_at=NOW
        )
    )
    assert await world.resumption.run() == 0
    assert world.submitted == []


async def test_what_was_announced_and_not_recorded_is_submitted_as_it_was(world: World) -> None:
    event = uploaded("unrecorded.pdf")
    await world.projected(event)
    assert await world.resumption.run() == 1
    assert [published for _, published in world.publisher.published] == [event]


async def test_submitting_twice_makes_the_same_events(world: World) -> None:
    await world.recorded(uploaded("recorded.pdf"))
    await world.projected(uploaded("unrecorded.pdf"))
    await world.resumption.run()
    await world.resumption.run()
    ids = [event_id for event_id, _ in world.publisher.published]
    assert ids[:2] == ids[2:]


async def test_it_waits_for_the_broker(world: World) -> None:
    await world.recorded(uploaded("waiting.pdf"))
    world.publisher.fail_with = TransientError("broker_unavailable", "Not yet.")
    service = create_resumption(world.resumption, "1")
    assert service.lifespan is not None
    async with service.lifespan():
        world.publisher.fail_with = None

        await eventually(lambda: world.submitted)
