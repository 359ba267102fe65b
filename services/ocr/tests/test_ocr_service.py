"""The service as it is wired: real engine, real child, objects in memory."""

import hashlib
from datetime import UTC, datetime

import pytest
from ocr_documents import layout_of, make_pdf, text_at

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.testing import FakeDelivery
from invoiceflow_contracts.events import DocumentUploadedV1
from invoiceflow_contracts.identity import document_id
from invoiceflow_ocr.main import create_service
from invoiceflow_ocr.settings import OcrSettings


async def test_an_uploaded_pdf_is_read_by_the_native_engine() -> None:
    objects = MemoryObjectStore()
    service = create_service(OcrSettings(bucket="results"), objects)
    (subscription,) = service.subscriptions
    data = make_pdf(text_at(50, 700, "Invoice 4711"))
    sha256 = hashlib.sha256(data).hexdigest()
    event = DocumentUploadedV1(
        document_id=document_id("default", sha256),
        filename="invoice.pdf",
        content=await objects.put("default", "originals", sha256, data, media_type="application/pdf"),
        channel="http",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert service.lifespan is not None

    async with service.lifespan():
        for check in service.checks.values():
            await check()
        (completed,) = await subscription.handler(event, FakeDelivery())

    layout = layout_of(await objects.get("default", completed.layout))  # type: ignore[attr-defined]
    assert layout.engine.name == "native"
    assert [line.text for line in layout.pages[0].lines] == ["Invoice 4711"]


async def test_the_service_is_not_ready_before_its_readers_are() -> None:
    service = create_service(OcrSettings(), MemoryObjectStore())

    with pytest.raises(TransientError):
        await service.checks["readers"]()


def test_twice_as_many_documents_are_taken_at_a_time_as_there_are_readers() -> None:
    service = create_service(OcrSettings(workers=3, document_seconds=10), MemoryObjectStore())

    (subscription,) = service.subscriptions
    assert subscription.concurrency == 2 * 3
    assert subscription.time_limit > 2 * 2 * 10  # both tries of a document, after both tries of the one before it


def test_by_default_there_is_a_reader_for_each_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invoiceflow_ocr.processors.available_processors", lambda _cgroup: 5)
    monkeypatch.setattr("invoiceflow_ocr.processors.available_memory", lambda _cgroup: 1 << 40)

    service = create_service(OcrSettings(), MemoryObjectStore())

    (subscription,) = service.subscriptions
    assert subscription.concurrency == 2 * 5
