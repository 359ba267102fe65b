"""``POST /v1/documents`` as a sender sees it."""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from invoiceflow_chassis.errors import StorageFullError, TransientError
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.testing import RecordingPublisher
from invoiceflow_contracts.events import DocumentUploadedV1, Metadata
from invoiceflow_contracts.identity import document_id
from invoiceflow_ingest.acceptance import find_accepted
from invoiceflow_ingest.handlers import Intake, accept, store
from invoiceflow_ingest.settings import IngestSettings

BUCKET = "invoiceflow-originals"
PDF = b"%PDF-1.7\nan invoice"
SHA256 = hashlib.sha256(PDF).hexdigest()
DOCUMENT_ID = document_id("default", SHA256)
MEBIBYTE = 1024 * 1024


def file(data: bytes = PDF, name: str = "invoice.pdf") -> tuple[str, tuple[str, bytes]]:
    return ("file", (name, data))


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def uploaded(publisher: RecordingPublisher) -> list[DocumentUploadedV1]:
    return [event for _, event in publisher.published if isinstance(event, DocumentUploadedV1)]


async def test_a_document_is_stored_announced_and_answered(
    client: httpx.AsyncClient, objects: MemoryObjectStore, publisher: RecordingPublisher
) -> None:
    response = await client.post(
        "/v1/documents",
        files=[file()],
        data={"source": "portal", "external_reference": "MAIL-4711", "tags": ["2026", "travel"]},
    )

    assert response.status_code == 202
    path = f"/v1/documents/{DOCUMENT_ID}"
    assert response.json() == {
        "documents": [
            {
                "document_id": str(DOCUMENT_ID),
                "filename": "invoice.pdf",
                "media_type": "application/pdf",
                "size": len(PDF),
                "sha256": SHA256,
                "known": False,
                "links": {"self": path, "events": f"{path}/events", "file": f"{path}/file"},
            }
        ]
    }
    assert response.headers["location"] == path
    (event,) = uploaded(publisher)
    assert event.document_id == DOCUMENT_ID
    assert (event.channel, event.filename) == ("http", "invoice.pdf")
    assert event.metadata.model_dump() == {
        "source": "portal",
        "external_reference": "MAIL-4711",
        "tags": ("2026", "travel"),
    }
    assert await objects.get("default", event.content) == PDF
    assert await find_accepted(objects, "default", BUCKET, DOCUMENT_ID) == event


async def test_fields_may_come_after_the_files(client: httpx.AsyncClient, publisher: RecordingPublisher) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
        + PDF
        + b'\r\n--b\r\nContent-Disposition: form-data; name="source"\r\n\r\nportal\r\n--b--\r\n'
    )
    response = await client.post(
        "/v1/documents", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert response.status_code == 202
    assert uploaded(publisher)[0].metadata.source == "portal"


async def test_the_same_bytes_again_are_the_known_document_and_not_announced_again(
    client: httpx.AsyncClient, publisher: RecordingPublisher
) -> None:
    first = await client.post("/v1/documents", files=[file(name="first.pdf")])
    second = await client.post("/v1/documents", files=[file(name="second.pdf")])

    assert second.status_code == 202
    (new,), (known,) = first.json()["documents"], second.json()["documents"]
    assert (new["known"], known["known"]) == (False, True)
    assert {**known, "known": False} == new
    assert len(publisher.published) == 1


async def test_the_same_bytes_from_two_tenants_are_two_documents(
    client: httpx.AsyncClient, publisher: RecordingPublisher
) -> None:
    ids = set()
    for tenant in ("acme", "globex"):
        response = await client.post("/v1/documents", files=[file()], headers={"X-Test-Tenant": tenant})
        (document,) = response.json()["documents"]
        assert not document["known"]
        ids.add(document["document_id"])
    assert len(ids) == 2
    assert {event.tenant for event in uploaded(publisher)} == {"acme", "globex"}


async def test_the_same_bytes_at_the_same_time_are_announced_once(
    client: httpx.AsyncClient, publisher: RecordingPublisher
) -> None:
    publish = publisher.publish

    async def publish_while_others_come(*args: object, **kwargs: object) -> None:
        for _ in range(100):
            await asyncio.sleep(0)
        await publish(*args, **kwargs)  # type: ignore[arg-type]

    publisher.publish = publish_while_others_come  # type: ignore[method-assign]

    responses = await asyncio.gather(*(client.post("/v1/documents", files=[file()]) for _ in range(5)))

    documents = [response.json()["documents"][0] for response in responses]
    assert {document["document_id"] for document in documents} == {str(DOCUMENT_ID)}
    assert sorted(document["known"] for document in documents) == [False, True, True, True, True]
    assert len(publisher.published) == 1


async def test_two_uploads_of_the_same_bytes_that_overtake_each_other_are_announced_once(
    objects: MemoryObjectStore, publisher: RecordingPublisher
) -> None:
    intake = Intake(objects=objects, publisher=publisher, bucket=BUCKET, max_file_size=MEBIBYTE)

    async def chunks() -> AsyncIterator[bytes]:
        yield PDF

    first, second = await store(intake, "default", chunks()), await store(intake, "default", chunks())
    accepted = [
        await accept(intake, "default", received, filename=name, channel="http", metadata=Metadata())
        for name, received in (("second.pdf", second), ("first.pdf", first))
    ]

    assert [(one.event.filename, one.known) for one in accepted] == [("second.pdf", False), ("second.pdf", True)]
    assert len(publisher.published) == 1


async def test_for_new_bytes_no_record_is_looked_for(
    client: httpx.AsyncClient, objects: MemoryObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody_should_ask(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(objects, "find", nobody_should_ask)
    response = await client.post("/v1/documents", files=[file()])
    assert response.status_code == 202


async def test_several_files_are_several_documents(client: httpx.AsyncClient, publisher: RecordingPublisher) -> None:
    response = await client.post(
        "/v1/documents",
        files=[file(PDF), file(b"<Invoice/>", "b.xml"), file(b"Invoice 7", "c.txt")],
        data={"tags": "x"},
    )

    assert response.status_code == 202
    assert [(document["filename"], document["media_type"]) for document in response.json()["documents"]] == [
        ("invoice.pdf", "application/pdf"),
        ("b.xml", "application/xml"),
        ("c.txt", "text/plain"),
    ]
    assert "location" not in response.headers
    assert [event.metadata.tags for event in uploaded(publisher)] == [("x",)] * 3


async def test_a_refused_file_does_not_keep_the_others_out(
    client: httpx.AsyncClient, publisher: RecordingPublisher, objects: MemoryObjectStore
) -> None:
    response = await client.post(
        "/v1/documents", files=[file(b"", "empty.pdf"), file(), file(b"\x00\x01\x02" * 9, "data.pdf")]
    )

    assert response.status_code == 202
    empty, accepted, unsupported = response.json()["documents"]
    assert empty["filename"] == "empty.pdf"
    assert (empty["problem"]["code"], empty["problem"]["status"]) == ("empty_file", 422)
    assert accepted["document_id"] == str(DOCUMENT_ID)
    assert (unsupported["problem"]["code"], unsupported["problem"]["status"]) == ("unsupported_media_type", 415)
    assert len(publisher.published) == 1
    assert {key for _, key in objects.objects} == {f"default/{SHA256}", f"default/accepted/{DOCUMENT_ID}.json.sealed"}


async def test_when_all_are_refused_the_first_problem_is_the_answer(
    client: httpx.AsyncClient, publisher: RecordingPublisher, objects: MemoryObjectStore
) -> None:
    response = await client.post("/v1/documents", files=[file(b"\x00\x01", "data.pdf"), file(b"", "empty.pdf")])

    assert response.status_code == 415
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == "unsupported_media_type"
    assert "PDF, PNG, JPEG" in problem["detail"]
    assert [(error["filename"], error["status"], error["code"]) for error in problem["errors"]] == [
        ("data.pdf", 415, "unsupported_media_type"),
        ("empty.pdf", 422, "empty_file"),
    ]
    assert not publisher.published
    assert not objects.objects


async def test_an_office_file_is_told_by_what_is_in_its_container(
    client: httpx.AsyncClient, publisher: RecordingPublisher
) -> None:
    response = await client.post(
        "/v1/documents", files=[file(zipped({"[Content_Types].xml": b"", "word/document.xml": b"x" * 300_000}), "a")]
    )

    docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    assert response.json()["documents"][0]["media_type"] == docx
    assert uploaded(publisher)[0].content.media_type == docx


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\scans\\invoice.pdf", "invoice.pdf"),
        ("../../etc/passwd", "passwd"),
        ("Rechnung Müller.pdf", "Rechnung Müller.pdf"),
        ("請求書.pdf", "請求書.pdf"),
        ("", "document"),
    ],
)
async def test_the_filename_is_only_a_label(
    client: httpx.AsyncClient, publisher: RecordingPublisher, sent: str, kept: str
) -> None:
    body = (
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{sent}"\r\n\r\n'.encode() + PDF + b"\r\n--b--"
    )
    response = await client.post(
        "/v1/documents", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert response.json()["documents"][0]["filename"] == kept
    assert uploaded(publisher)[0].filename == kept


@pytest.mark.parametrize(
    "part",
    [
        b'name="source"\r\n\r\nportal',
        b'name="file"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n',  # a browser, nothing chosen
    ],
)
async def test_a_form_without_a_file(client: httpx.AsyncClient, part: bytes) -> None:
    body = b"--b\r\nContent-Disposition: form-data; " + part + b"\r\n--b--\r\n"
    response = await client.post(
        "/v1/documents", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert response.status_code == 422
    assert response.json()["code"] == "no_file"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ([("tag", "x")], "tag"),
        ([("source", "a"), ("source", "b")], "source"),
        ([("source", "s" * 201)], "source"),
        ([("external_reference", "s" * 2000)], "external_reference"),
        ([("tags", "t")] * 51, "tags"),
        ([("tags", "t")] * 101, "tags"),
    ],
)
async def test_fields_that_are_not_valid(
    client: httpx.AsyncClient, publisher: RecordingPublisher, fields: list[tuple[str, str]], field: str
) -> None:
    response = await client.post("/v1/documents", files=[file(), *((name, (None, value)) for name, value in fields)])

    assert response.status_code == 422
    problem = response.json()
    assert problem["code"] == "invalid_request"
    assert [error["field"] for error in problem["errors"]] == [field]
    assert field in problem["detail"]
    assert not publisher.published


FIRST_PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n' + PDF


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("", b""),
        ("multipart/form-data", FIRST_PART + b"\r\n--b--\r\n"),
        (f"multipart/form-data; boundary={'b' * 300}", FIRST_PART + b"\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"no boundary at all"),
        ("multipart/form-data; boundary=b", FIRST_PART),
        ("multipart/form-data; boundary=b", FIRST_PART + b"\r\n--b\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\n" + PDF + b"\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nBad Header\x00: 1\r\n\r\n" + PDF + b"\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: " + b"x" * 99_999 + b"\r\n\r\n--b--"),
    ],
)
async def test_a_malformed_form(
    client: httpx.AsyncClient,
    publisher: RecordingPublisher,
    objects: MemoryObjectStore,
    content_type: str,
    body: bytes,
) -> None:
    response = await client.post("/v1/documents", content=body, headers={"Content-Type": content_type})

    assert response.status_code == 400
    assert response.json()["code"] == "invalid_multipart"
    assert not publisher.published
    assert not [name async for name in objects.names("default", BUCKET, "accepted/")]


class TestWithinLimits:
    @pytest.fixture
    def settings(self) -> IngestSettings:
        return IngestSettings(max_file_size=100, max_files=3, max_request_size=2000)  # type: ignore[arg-type]

    async def test_a_file_of_exactly_the_limit(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/v1/documents", files=[file(PDF.ljust(100))])
        assert response.status_code == 202

    async def test_a_file_above_the_limit(self, client: httpx.AsyncClient, objects: MemoryObjectStore) -> None:
        response = await client.post("/v1/documents", files=[file(PDF.ljust(101))])

        assert response.status_code == 413
        assert response.json()["code"] == "content_too_large"
        assert "100 bytes" in response.json()["detail"]
        assert not objects.objects

    async def test_the_files_after_one_above_the_limit_are_taken(
        self, client: httpx.AsyncClient, publisher: RecordingPublisher
    ) -> None:
        response = await client.post("/v1/documents", files=[file(PDF.ljust(500)), file()])

        assert response.status_code == 202
        refused, accepted = response.json()["documents"]
        assert refused["problem"]["status"] == 413
        assert accepted["document_id"] == str(DOCUMENT_ID)
        assert len(publisher.published) == 1

    async def test_as_many_files_as_allowed(self, client: httpx.AsyncClient, publisher: RecordingPublisher) -> None:
        response = await client.post("/v1/documents", files=[file(PDF + bytes([65 + n])) for n in range(3)])
        assert response.status_code == 202
        assert len(publisher.published) == 3

    async def test_more_files_than_allowed(self, client: httpx.AsyncClient, publisher: RecordingPublisher) -> None:
        response = await client.post("/v1/documents", files=[file(PDF + bytes([65 + n])) for n in range(4)])

        assert response.status_code == 422
        assert response.json()["code"] == "too_many_files"
        assert not publisher.published

    @pytest.mark.parametrize("announced", [True, False])
    async def test_a_request_above_the_limit_is_not_read_to_its_end(
        self, client: httpx.AsyncClient, publisher: RecordingPublisher, *, announced: bool
    ) -> None:
        read = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal read
            yield FIRST_PART
            for _ in range(1000):
                read += 100
                yield b"x" * 100

        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        if announced:
            headers["Content-Length"] = "100000"
        response = await client.post("/v1/documents", content=body(), headers=headers)

        assert response.status_code == 413
        assert "2000 bytes" in response.json()["detail"]
        assert read <= 3000
        assert not publisher.published


async def test_when_the_broker_is_away_nothing_is_accepted(
    client: httpx.AsyncClient, publisher: RecordingPublisher, objects: MemoryObjectStore
) -> None:
    publisher.fail_with = TransientError("broker_unavailable", "Kafka is not connected yet. Try again in a moment.")

    response = await client.post("/v1/documents", files=[file()])

    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert response.json()["code"] == "broker_unavailable"
    assert await find_accepted(objects, "default", BUCKET, DOCUMENT_ID) is None


async def test_a_process_killed_between_storing_and_announcing_loses_and_doubles_nothing(
    client: httpx.AsyncClient, publisher: RecordingPublisher
) -> None:
    publisher.fail_with = KeyboardInterruptedError()
    assert (await client.post("/v1/documents", files=[file()])).status_code == 500
    publisher.fail_with = None

    again = await client.post("/v1/documents", files=[file()])

    assert again.status_code == 202
    assert not again.json()["documents"][0]["known"]
    assert [event.document_id for event in uploaded(publisher)] == [DOCUMENT_ID]


async def test_a_process_killed_between_announcing_and_recording_announces_the_same_event_again(
    client: httpx.AsyncClient, objects: MemoryObjectStore, publisher: RecordingPublisher
) -> None:
    publish = publisher.publish

    async def publish_and_die(*args: object, **kwargs: object) -> None:
        await publish(*args, **kwargs)  # type: ignore[arg-type]
        objects.fail_with = KeyboardInterruptedError()

    publisher.publish = publish_and_die  # type: ignore[method-assign]
    assert (await client.post("/v1/documents", files=[file()])).status_code == 500
    publisher.publish = publish  # type: ignore[method-assign]
    objects.fail_with = None

    again = await client.post("/v1/documents", files=[file()])

    assert again.status_code == 202
    first, second = publisher.published
    assert first[0] == second[0]
    assert uploaded(publisher)[0].document_id == uploaded(publisher)[1].document_id


class KeyboardInterruptedError(Exception):
    """Stands for the end of the process at this point: nothing handles it."""


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StorageFullError(), 507),
        (TransientError("storage_unavailable", "The object store does not answer. Try again later."), 503),
    ],
)
async def test_when_the_object_store_is_in_trouble(
    client: httpx.AsyncClient,
    objects: MemoryObjectStore,
    publisher: RecordingPublisher,
    error: TransientError,
    status: int,
) -> None:
    objects.fail_with = error

    response = await client.post("/v1/documents", files=[file(), file(b"two")])

    assert response.status_code == status
    assert response.json()["code"] == error.code
    assert not publisher.published


async def test_a_sender_that_goes_away_leaves_nothing(
    app: FastAPI, objects: MemoryObjectStore, publisher: RecordingPublisher
) -> None:
    messages = [{"type": "http.request", "body": FIRST_PART, "more_body": True}, {"type": "http.disconnect"}]
    answers: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    async def send(message: dict[str, object]) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/documents",
        "query_string": b"",
        "headers": [(b"content-type", b"multipart/form-data; boundary=b")],
    }
    await app(scope, receive, send)  # type: ignore[arg-type]

    assert not objects.objects
    assert not publisher.published
