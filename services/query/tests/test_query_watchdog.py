"""Documents that come to no end: submitted again once, then failed."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5

import pytest

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.testing import FakeBacklog, FakeDeadLetters, RecordingPublisher
from invoiceflow_chassis.testing.kafka import eventually
from invoiceflow_contracts.events import DocumentEvent, DocumentFailedV1, DocumentUploadedV1
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.changes import Changes
from invoiceflow_query.handlers import project
from invoiceflow_query.main import create_service
from invoiceflow_query.ports import ReadModel
from invoiceflow_query.projection import change_of
from invoiceflow_query.settings import QuerySettings
from invoiceflow_query.testing import MONTH, NOON, document, extracted, failed, progress, read, uploaded
from invoiceflow_query.watchdog import Watchdog

DEADLINE = timedelta(hours=1)
D = document("d")


@dataclass
class Queue:
    """What still waits in Kafka."""

    oldest: datetime | None = None

    async def oldest_waiting(self) -> datetime | None:
        return self.oldest


@dataclass
class Kennel:
    """A watchdog and what it works on."""

    watchdog: Watchdog
    queue: Queue
    publisher: RecordingPublisher
    read_model: ReadModel
    changes: Changes

    async def tell(self, *events: DocumentEvent) -> None:
        for event in events:
            await self.read_model.apply(event.tenant, change_of(event, str(_id(event))))

    async def look(self, *, hours: float) -> list[type[DocumentEvent]]:
        """Look so long after noon; return what was published, which the read model then hears of."""
        before = len(self.publisher.published)
        await self.watchdog.look(NOON + timedelta(hours=hours))
        new = self.publisher.published[before:]
        for made, event in new:
            assert isinstance(event, DocumentEvent)
            await project(event, str(made), self.read_model, self.changes, young=MONTH)
        return [type(event) for _, event in new if isinstance(event, DocumentEvent)]

    async def status(self, name: UUID = D) -> str:
        stored = await self.read_model.document("default", name)
        assert stored
        return stored.view.status


def _id(event: DocumentEvent) -> UUID:
    return uuid5(event.document_id, event.ce_type())


@pytest.fixture
def kennel(read_model: ReadModel) -> Kennel:
    queue, publisher, changes = Queue(), RecordingPublisher(), Changes()
    watchdog = Watchdog(read_model=read_model, publisher=publisher, backlog=queue, changes=changes, deadline=DEADLINE)
    return Kennel(watchdog, queue, publisher, read_model, changes)


async def test_leaves_a_document_alone_until_its_deadline(kennel: Kennel) -> None:
    await kennel.tell(uploaded(D))
    assert await kennel.look(hours=0.99) == []
    assert await kennel.look(hours=1.01) == [DocumentUploadedV1]


async def test_any_sign_of_life_puts_the_deadline_off(kennel: Kennel) -> None:
    await kennel.tell(uploaded(D), progress(D, 1800))
    assert await kennel.look(hours=1.2) == []
    assert await kennel.look(hours=1.6) == [DocumentUploadedV1]


async def test_submits_again_with_the_very_event_of_the_first_time(kennel: Kennel) -> None:
    first = uploaded(D, filename="march.pdf")
    await kennel.tell(first, read(D))
    await kennel.look(hours=2)
    assert kennel.publisher.published == [(_id(first), first)]


async def test_submits_again_once_and_fails_the_document_the_next_time(kennel: Kennel) -> None:
    await kennel.tell(uploaded(D), progress(D))
    assert await kennel.look(hours=2) == [DocumentUploadedV1]
    assert await kennel.look(hours=2.9) == []
    assert await kennel.status() == "processing"
    assert await kennel.look(hours=3.1) == [DocumentFailedV1]
    assert await kennel.look(hours=9) == []
    stored = await kennel.read_model.document("default", D)
    assert stored
    assert stored.view.error
    assert (stored.view.status, stored.view.stage, stored.view.error.code) == ("failed", "ocr", "deadline_exceeded")
    assert stored.view.attempts == 2


async def test_leaves_alone_what_has_ended(kennel: Kennel) -> None:
    other = document("other")
    await kennel.tell(uploaded(D), extracted(D), uploaded(other), failed(other))
    assert await kennel.look(hours=1000) == []


async def test_the_clock_stands_still_while_records_wait(kennel: Kennel) -> None:
    await kennel.tell(uploaded(D))
    kennel.queue.oldest = NOON + timedelta(minutes=59)
    assert await kennel.look(hours=48) == []
    kennel.queue.oldest = NOON + timedelta(hours=47)
    assert await kennel.look(hours=48) == [DocumentUploadedV1]


async def test_a_document_whose_upload_never_came_here_cannot_be_submitted_and_fails(kennel: Kennel) -> None:
    await kennel.tell(progress(D))
    assert await kennel.look(hours=2) == [DocumentFailedV1]


async def test_an_invoice_that_comes_after_all_stands(kennel: Kennel) -> None:
    await kennel.tell(uploaded(D))
    await kennel.look(hours=2)
    await kennel.look(hours=4)
    assert await kennel.status() == "failed"
    await kennel.tell(extracted(D))
    assert await kennel.status() == "extracted"


async def test_looks_after_every_tenant_and_after_more_than_a_page(kennel: Kennel) -> None:
    names = [document(f"u{number}") for number in range(1001)]
    await kennel.tell(*(uploaded(name) for name in names), uploaded(D, tenant="acme"))
    assert len(await kennel.look(hours=2)) == 1002


async def test_what_could_not_be_published_is_made_up_for_at_the_next_look(kennel: Kennel) -> None:
    await kennel.tell(uploaded(D))
    kennel.publisher.fail_with = TransientError("broker_unavailable", "Kafka is away.")
    with pytest.raises(TransientError):
        await kennel.look(hours=2)
    kennel.publisher.fail_with = None
    assert await kennel.look(hours=2) == [DocumentUploadedV1]


async def test_two_replicas_that_look_at_the_same_time_agree(kennel: Kennel) -> None:
    await kennel.tell(uploaded(D))
    twin = Watchdog(
        read_model=kennel.read_model,
        publisher=kennel.publisher,
        backlog=kennel.queue,
        changes=Changes(),
        deadline=DEADLINE,
    )
    for hours in (2, 4):
        kennel.publisher.published.clear()
        await asyncio.gather(*(dog.look(NOON + timedelta(hours=hours)) for dog in (kennel.watchdog, twin)))
        assert len({made for made, _ in kennel.publisher.published}) == 1


async def test_the_service_goes_on_looking_whatever_a_look_comes_to(tmp_path: Path) -> None:
    read_model = SqliteReadModel(tmp_path / "db.sqlite")
    publisher = RecordingPublisher(fail_with=TransientError("broker_unavailable", "Kafka is away."))
    settings = QuerySettings(sqlite_path=tmp_path / "db.sqlite", deadline_seconds=0.01, watch_seconds=0.01)
    service = create_service(
        settings,
        MemoryObjectStore(),
        read_model,
        publisher=publisher,
        backlog=FakeBacklog(),
        dead_letters=FakeDeadLetters(),
    )
    assert service.lifespan
    async with service.lifespan():
        await read_model.apply("default", change_of(uploaded(D), str(_id(uploaded(D)))))
        await eventually(lambda: publisher.refused > 1)
        publisher.fail_with = None
        await eventually(lambda: len(publisher.published) > 1)
    assert [type(event) for _, event in publisher.published][:2] == [DocumentUploadedV1, DocumentFailedV1]
