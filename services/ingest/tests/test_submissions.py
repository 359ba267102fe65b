"""``document.submitted``: what upstream systems hand in over Kafka."""

import base64
import hashlib
from collections.abc import Sequence

import pytest

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.service import Service
from invoiceflow_chassis.testing import FakeDelivery, RecordingPublisher
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events import DocumentFailedV1, DocumentSubmittedV1, DocumentUploadedV1, Event
from invoiceflow_contracts.identity import document_id
from invoiceflow_ingest.acceptance import find_accepted
from invoiceflow_ingest.main import create_service
from invoiceflow_ingest.settings import IngestSettings

INCOMING, ORIGINALS = "invoiceflow-incoming", "invoiceflow-originals"
PDF = b"%PDF-1.7\nan invoice"
SHA256 = hashlib.sha256(PDF).hexdigest()
DOCUMENT_ID = document_id("default", SHA256)


@pytest.fixture
def settings() -> IngestSettings:
    return IngestSettings.model_validate({"max_file_size": 1000})


@pytest.fixture
def service(settings: IngestSettings, objects: MemoryObjectStore, publisher: RecordingPublisher) -> Service:
    return create_service(settings, objects, publisher)


async def submit(service: Service, event: DocumentSubmittedV1) -> Sequence[Event]:
    (subscription,) = service.subscriptions
    assert subscription.event is DocumentSubmittedV1
    returned: Sequence[Event] = await subscription.handler(event, FakeDelivery())
    return returned


def inline(data: bytes = PDF, **fields: object) -> DocumentSubmittedV1:
    return DocumentSubmittedV1.model_validate(
        {"filename": "invoice.pdf", "inline": base64.b64encode(data), "metadata": {"source": "erp"}, **fields}
    )


def reference(content: ContentRef, **fields: object) -> DocumentSubmittedV1:
    return DocumentSubmittedV1.model_validate({"filename": "a/invoice.pdf", "content": content, **fields})


def uploaded(publisher: RecordingPublisher) -> list[DocumentUploadedV1]:
    return [event for _, event in publisher.published if isinstance(event, DocumentUploadedV1)]


async def test_inline_content_is_taken_in(
    service: Service, objects: MemoryObjectStore, publisher: RecordingPublisher
) -> None:
    assert await submit(service, inline()) == ()

    (event,) = uploaded(publisher)
    assert (event.document_id, event.channel, event.metadata.source) == (DOCUMENT_ID, "kafka", "erp")
    assert event.content.bucket == ORIGINALS
    assert await objects.get("default", event.content) == PDF
    assert await find_accepted(objects, "default", ORIGINALS, DOCUMENT_ID) == event


async def test_a_referenced_object_is_taken_in_as_a_copy(
    service: Service, objects: MemoryObjectStore, publisher: RecordingPublisher
) -> None:
    ref = await objects.put("default", INCOMING, "2026/a.pdf", PDF, media_type="application/octet-stream")

    assert await submit(service, reference(ref)) == ()

    (event,) = uploaded(publisher)
    assert (event.filename, event.content.media_type) == ("invoice.pdf", "application/pdf")
    await objects.delete("default", INCOMING, "2026/a.pdf")
    assert await objects.get("default", event.content) == PDF


async def test_the_same_bytes_by_http_and_by_kafka_are_one_document(
    service: Service, objects: MemoryObjectStore, publisher: RecordingPublisher
) -> None:
    await submit(service, inline())
    await submit(service, inline(filename="other.pdf"))
    ref = await objects.put("default", INCOMING, "a", PDF, media_type="application/pdf")
    await submit(service, reference(ref))

    assert [event.filename for event in uploaded(publisher)] == ["invoice.pdf"]


async def test_a_redelivery_after_a_kill_announces_the_same_event_again(
    service: Service, objects: MemoryObjectStore, publisher: RecordingPublisher
) -> None:
    await submit(service, inline())
    await objects.delete("default", ORIGINALS, f"accepted/{DOCUMENT_ID}.json.sealed")  # killed before it was written

    await submit(service, inline())

    first, second = publisher.published
    assert first[0] == second[0]


async def test_when_the_broker_is_away_the_submission_is_tried_again(
    service: Service, objects: MemoryObjectStore, publisher: RecordingPublisher
) -> None:
    publisher.fail_with = TransientError("broker_unavailable", "Kafka is not connected yet.")
    with pytest.raises(TransientError):
        await submit(service, inline())
    assert await find_accepted(objects, "default", ORIGINALS, DOCUMENT_ID) is None

    publisher.fail_with = None
    await submit(service, inline())
    assert len(publisher.published) == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"\0\1\2", "unsupported_media_type"), (b"", "empty_file"), (PDF + b" " * 1000, "content_too_large")],
)
async def test_content_that_cannot_be_taken_in_fails_the_document(
    service: Service, objects: MemoryObjectStore, publisher: RecordingPublisher, data: bytes, code: str
) -> None:
    (failed,) = await submit(service, inline(data, tenant="acme"))

    assert isinstance(failed, DocumentFailedV1)
    assert (failed.tenant, failed.stage, failed.code) == ("acme", "ingest", code)
    assert failed.document_id == document_id("acme", hashlib.sha256(data).hexdigest())
    assert failed.message.endswith(".")
    assert not publisher.published
    assert not objects.objects


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"key": "default/missing"}, "object_not_found"),
        ({"key": "other/a"}, "object_not_found"),
        ({"key": "default/../other/a"}, "object_not_found"),
        ({"bucket": "secret-bucket"}, "bucket_not_allowed"),
        ({"sha256": "0" * 64}, "content_mismatch"),
        ({"size": 5}, "content_mismatch"),
        ({"size": 1001}, "content_too_large"),
    ],
)
async def test_a_reference_that_does_not_hold_fails_the_document(
    service: Service, objects: MemoryObjectStore, publisher: RecordingPublisher, change: dict[str, object], code: str
) -> None:
    ref = await objects.put("default", INCOMING, "a", PDF, media_type="application/pdf")
    await objects.put("other", INCOMING, "a", PDF, media_type="application/pdf")
    await objects.put("default", "secret-bucket", "a", PDF, media_type="application/pdf")
    ref = ref.model_copy(update=change)

    (failed,) = await submit(service, reference(ref))

    assert isinstance(failed, DocumentFailedV1)
    assert failed.code == code
    assert failed.document_id == document_id("default", ref.sha256)
    assert not publisher.published


async def test_a_document_that_was_taken_in_is_not_failed_by_a_bad_reference_to_it(
    service: Service, publisher: RecordingPublisher
) -> None:
    await submit(service, inline())
    gone = ContentRef(bucket="gone", key="default/a", sha256=SHA256, size=len(PDF), media_type="application/pdf")

    assert await submit(service, reference(gone)) == ()
    assert len(publisher.published) == 1
