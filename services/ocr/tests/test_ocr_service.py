"""The service as it is wired: real engine, real child, objects in memory."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from docling_documents import make_document
from fake_docling_serve import serving
from ocr_documents import layout_of, make_pdf, text_at
from pydantic import ValidationError

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.testing import FakeDelivery
from invoiceflow_contracts.events import DocumentUploadedV1
from invoiceflow_contracts.identity import document_id
from invoiceflow_ocr.engines.docling_document import MAPPING
from invoiceflow_ocr.main import create_service
from invoiceflow_ocr.settings import OcrSettings


async def uploaded(objects: MemoryObjectStore, data: bytes) -> DocumentUploadedV1:
    sha256 = hashlib.sha256(data).hexdigest()
    return DocumentUploadedV1(
        document_id=document_id("default", sha256),
        filename="invoice.pdf",
        content=await objects.put("default", "originals", sha256, data, media_type="application/pdf"),
        channel="http",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


async def test_an_uploaded_pdf_is_read_by_the_native_engine() -> None:
    objects = MemoryObjectStore()
    service = create_service(OcrSettings(bucket="results"), objects)
    (subscription,) = service.subscriptions
    event = await uploaded(objects, make_pdf(text_at(50, 700, "Invoice 4711")))
    assert service.lifespan is not None

    async with service.lifespan():
        for check in service.checks.values():
            await check()
        (completed,) = await subscription.handler(event, FakeDelivery())

    layout = layout_of(await objects.get("default", completed.layout))  # type: ignore[attr-defined]
    assert layout.engine.name == "native"
    assert [line.text for line in layout.pages[0].lines] == ["Invoice 4711"]


async def test_a_docling_serve_reads_where_it_is_chosen_and_its_results_have_names_of_their_own() -> None:
    objects = MemoryObjectStore()
    with serving() as server:
        settings = OcrSettings(
            bucket="results", engine="remote", remote_url=server.url, remote_deployment="gpu", workers=1, warm=False
        )
        service = create_service(settings, objects)
        (subscription,) = service.subscriptions
        event = await uploaded(objects, make_pdf(lambda canvas: canvas.rect(50, 50, 400, 300)))
        assert service.lifespan is not None
        async with service.lifespan():
            server.status, server.headers = 429, {"Retry-After": "7"}
            with pytest.raises(TransientError) as postponed:
                await subscription.handler(event, FakeDelivery())
            server.status, server.headers = 200, {}
            server.converts_to(make_document(("Invoice 4711", (50, 100, 120, 112))))
            (completed,) = await subscription.handler(event, FakeDelivery())

    assert postponed.value.retry_after == 7
    layout = layout_of(await objects.get("default", completed.layout))  # type: ignore[attr-defined]
    assert [line.text for line in layout.pages[0].lines] == ["Invoice 4711"]
    assert layout.engine.name == "remote"
    assert f"/remote-{MAPPING}-gpu/" in completed.layout.key  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"engine": "remote"}, "INVOICEFLOW_OCR_REMOTE_URL"),
        ({"engine": "remote", "remote_url": "http://docling:5001", "remote_seconds": 120}, "DOCUMENT_SECONDS"),
        ({"remote_deployment": "a/b"}, "letters, digits"),
    ],
)
def test_settings_that_do_not_go_together_are_told_in_a_sentence(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        OcrSettings(**given)


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
