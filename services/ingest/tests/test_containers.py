"""E-mails and ZIP archives: each document in them is taken in as if it had been sent so."""

import base64
import hashlib
import io
import zipfile
from email.message import EmailMessage
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_chassis.errors import ContentTooLargeError, TransientError
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.service import Service
from invoiceflow_chassis.testing import FakeDelivery, RecordingPublisher
from invoiceflow_contracts.events import DocumentFailedV1, DocumentSubmittedV1, DocumentUploadedV1
from invoiceflow_contracts.identity import document_id
from invoiceflow_ingest.errors import ContainerError
from invoiceflow_ingest.main import create_service
from invoiceflow_ingest.media_types import EMAIL, ZIP
from invoiceflow_ingest.settings import IngestSettings
from invoiceflow_ingest.unpacking import Limits, Member, Unopened, unpacked

PDF, OTHER, PNG = b"%PDF-1.7\none", b"%PDF-1.7\ntwo", b"\x89PNG\r\n\x1a\n"
XML = b'<?xml version="1.0"?><Invoice/>'
LIMITS = Limits(members=10, member_bytes=10_000, total_bytes=50_000)


def archive(*entries: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as made:
        for name, data in entries:
            made.writestr(name, data)
    return buffer.getvalue()


def mail(*attachments: tuple[str, bytes], text: str = "Please find attached.", html: str | None = None) -> EmailMessage:
    message = EmailMessage()
    message["Message-ID"], message["From"], message["Subject"] = "<1@shop.example>", "shop@shop.example", "Your invoice"
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    for name, data in attachments:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message


def found(data: bytes, kind: str) -> list[tuple[str, bytes]]:
    return [(one.filename, one.data) for one in unpacked(data, kind, LIMITS) if isinstance(one, Member)]


# -- what is in them --------------------------------------------------------------------------------------------------------


def test_the_attachments_of_an_email_are_its_documents_and_its_text_is_none() -> None:
    data = mail(("invoice.pdf", PDF), ("Rechnung März.xml", XML)).as_bytes()
    assert found(data, EMAIL) == [("invoice.pdf", PDF), ("Rechnung März.xml", XML)]


def test_logos_signatures_and_appointments_of_an_email_are_left_out() -> None:
    message = mail(("invoice.pdf", PDF), html='<img src="cid:logo">')
    message.add_attachment(PNG, "image", "png", filename="logo.png", disposition="inline", cid="<logo>")
    message.add_attachment(b"x", "application", "pkcs7-signature", filename="smime.p7s")
    message.add_attachment("BEGIN:VCALENDAR", "calendar", filename="meeting.ics")
    assert found(message.as_bytes(), EMAIL) == [("invoice.pdf", PDF)]


def test_a_page_that_was_photographed_into_the_words_is_a_document() -> None:
    message = mail(html="<p>Our invoice: <img src='cid:a'><img src='cid:b'></p>")
    shown = message.get_body(("html",))
    assert isinstance(shown, EmailMessage)
    photo = PNG + bytes(70_000)
    shown.add_related(photo, "image", "png", cid="<a>", filename="IMG_1.png", disposition="inline")
    shown.add_related(PNG + bytes(2_000), "image", "png", cid="<b>", filename="logo.png", disposition="inline")
    out = list(unpacked(message.as_bytes(), EMAIL, Limits(members=10, member_bytes=100_000, total_bytes=100_000)))
    assert out == [Member("IMG_1.png", photo)]


def test_a_photo_that_is_attached_is_a_document() -> None:
    message = mail()
    message.add_attachment(PNG, "image", "png", filename="receipt.png")
    assert found(message.as_bytes(), EMAIL) == [("receipt.png", PNG)]


@pytest.mark.parametrize(("html", "name"), [(None, "Your invoice.txt"), ("<p>Total 12 €</p>", "Your invoice.html")])
def test_an_email_without_attachments_is_its_text(html: str | None, name: str) -> None:
    ((filename, data),) = found(mail(text="Total 12 €", html=html).as_bytes(), EMAIL)
    assert filename == name
    assert "12 €" in data.decode("utf-8-sig")


def test_what_is_attached_to_an_email_that_was_forwarded_is_found() -> None:
    outer = mail(("cover.pdf", OTHER))
    outer.add_attachment(mail(("invoice.pdf", PDF)))
    assert found(outer.as_bytes(), EMAIL) == [("cover.pdf", OTHER), ("invoice.pdf", PDF)]


def test_the_files_of_an_archive_are_documents_without_what_a_system_adds() -> None:
    data = archive(
        ("2026/invoice.pdf", PDF),
        ("__MACOSX/2026/._invoice.pdf", b"x"),
        (".DS_Store", b"x"),
        ("2026/", b""),
        ("b.xml", XML),
    )
    assert found(data, ZIP) == [("invoice.pdf", PDF), ("b.xml", XML)]


def test_archives_in_emails_and_emails_in_archives_are_opened() -> None:
    inner = archive(("invoice.pdf", PDF))
    assert found(mail(("all.zip", inner)).as_bytes(), EMAIL) == [("invoice.pdf", PDF)]
    assert found(archive(("a.eml", mail(("all.zip", inner)).as_bytes())), ZIP) == [("invoice.pdf", PDF)]


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_everything_put_into_an_archive_comes_out_of_it(contents: list[bytes]) -> None:
    entries = [(f"{index}.txt", b"text " + content) for index, content in enumerate(contents)]
    assert found(archive(*entries), ZIP) == entries


@given(st.binary(max_size=400))
def test_noise_is_taken_apart_or_refused_and_never_a_crash(noise: bytes) -> None:
    for kind, beginning in (
        (ZIP, b"PK\x03\x04"),
        (EMAIL, b"Message-ID: <1>\nContent-Type: multipart/mixed; boundary=x\n\n--x\n"),
    ):
        try:
            list(unpacked(beginning + noise, kind, LIMITS))
        except ContainerError as error:
            assert error.code == "container_damaged"  # noqa: PT017 - most noise raises nothing


# -- what is refused --------------------------------------------------------------------------------------------------------


def refused(data: bytes, limits: Limits = LIMITS) -> str:
    """Return the code of what is said of the whole, or of the one thing in it."""
    try:
        out = list(unpacked(data, ZIP, limits))
    except (ContainerError, ContentTooLargeError) as error:
        return error.code
    (only,) = out
    assert isinstance(only, Unopened)
    return only.error.code


def test_an_archive_that_swells_is_stopped_while_it_does() -> None:
    assert refused(archive(("bomb.txt", bytes(1_000_000)))) == "content_too_large"
    assert refused(archive(*((f"{n}.txt", b"x" * 9_000) for n in range(9)))) == "content_too_large"


def test_an_archive_of_too_many_is_refused() -> None:
    assert refused(archive(*((f"{n}.txt", b"x") for n in range(11)))) == "container_too_many"


def test_archives_within_an_archive_count_though_no_document_is_in_them() -> None:
    empty = archive((".DS_Store", b"x"))
    assert refused(archive(*((f"{n}.zip", empty) for n in range(11)))) == "container_too_many"
    large = archive((".DS_Store", b"x" * 9_000), compression=zipfile.ZIP_STORED)
    assert refused(archive(*((f"{n}.zip", large) for n in range(9)))) == "content_too_large"


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_is_said_whatever_the_compression(compression: int) -> None:
    whole = archive(("invoice.pdf", bytes(range(256)) * 8), compression=compression)
    for at in range(45, 60):
        damaged = whole[:at] + bytes(8) + whole[at + 8 :]
        assert damaged == whole or refused(damaged) == "container_damaged"


def test_archives_within_archives_within_archives_are_refused() -> None:
    data = archive(("a.txt", b"x"))
    for _ in range(3):
        data = archive(("inner.zip", data))
    assert refused(data) == "container_too_deep"


def locked(data: bytes, place: int = 0) -> bytes:
    """Return the archive with the mark of a password at its entry number ``place``."""
    marked = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        for _ in range(place + 1):
            at = data.index(signature, at + 1)
        marked[at + offset] |= 1
    return bytes(marked)


def test_a_password_is_said() -> None:
    assert refused(locked(archive(("invoice.pdf", PDF), compression=zipfile.ZIP_STORED))) == "container_encrypted"


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_cannot_be_opened_keeps_nothing_beside_it_from_being_taken_in(place: int) -> None:
    names = ["a.pdf", "b.pdf", "c.pdf"]
    data = locked(archive(*((name, PDF) for name in names), compression=zipfile.ZIP_STORED), place)
    out = list(unpacked(data, ZIP, LIMITS))
    assert [one.filename for one in out] == names
    assert [one.filename for one in out if isinstance(one, Unopened)] == [names[place]]


def test_an_archive_that_is_damaged_keeps_nothing_beside_it_from_being_taken_in() -> None:
    inner = archive(("inner.pdf", PDF))
    nowhere = inner[:-6] + b"\xff\xff\xff\x7f" + inner[-2:]  # where its directory is said to be
    out = list(unpacked(archive(("a.pdf", PDF), ("b.zip", nowhere), ("c.pdf", OTHER)), ZIP, LIMITS))
    assert [one.filename for one in out if isinstance(one, Member)] == ["a.pdf", "c.pdf"]
    assert [one.filename for one in out] == ["a.pdf", "inner.pdf", "c.pdf"]


def test_a_file_that_swells_keeps_nothing_beside_it_from_being_taken_in() -> None:
    out = list(unpacked(archive(("bomb.txt", bytes(1_000_000)), ("invoice.pdf", PDF)), ZIP, LIMITS))
    (bomb, invoice) = out
    assert isinstance(bomb, Unopened)
    assert bomb.error.code == "content_too_large"
    assert invoice == Member("invoice.pdf", PDF)


def test_files_that_swell_count_to_what_may_come_out() -> None:
    assert refused(archive(*((f"{n}.txt", bytes(1_000_000)) for n in range(6)))) == "content_too_large"


def test_a_damaged_archive_is_said() -> None:
    data = bytearray(archive(("invoice.pdf", PDF * 100)))
    data[60:80] = bytes(20)
    assert refused(bytes(data)) == "container_damaged"


# -- taken in ---------------------------------------------------------------------------------------------------------------


def uploaded(publisher: RecordingPublisher) -> list[DocumentUploadedV1]:
    return [event for _, event in publisher.published if isinstance(event, DocumentUploadedV1)]


def identity(data: bytes) -> UUID:
    return document_id("default", hashlib.sha256(data).hexdigest())


async def test_an_archive_over_http_is_answered_with_its_documents(
    client: httpx.AsyncClient, publisher: RecordingPublisher
) -> None:
    data = archive(("a/invoice.pdf", PDF), ("notes.exe", b"\x7fELF\x02\x01\x01\0"), ("b.xml", XML))
    response = await client.post("/v1/documents", files=[("file", ("all.zip", data))], data={"source": "portal"})
    assert response.status_code == 202
    one, other, third = response.json()["documents"]
    assert (one["document_id"], one["filename"]) == (str(identity(PDF)), "invoice.pdf")
    assert (other["filename"], other["problem"]["code"]) == ("notes.exe", "unsupported_media_type")
    assert third["document_id"] == str(identity(XML))
    assert [(event.container, event.metadata.source) for event in uploaded(publisher)] == [("all.zip", "portal")] * 2


async def test_the_same_document_alone_and_in_an_email_is_one(
    client: httpx.AsyncClient, publisher: RecordingPublisher
) -> None:
    await client.post("/v1/documents", files=[("file", ("invoice.pdf", PDF))])
    response = await client.post("/v1/documents", files=[("file", ("mail.eml", mail(("copy.pdf", PDF)).as_bytes()))])
    assert [document["known"] for document in response.json()["documents"]] == [True]
    assert len(uploaded(publisher)) == 1


async def test_an_archive_without_documents_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/documents", files=[("file", ("all.zip", archive((".DS_Store", b"x"))))])
    assert (response.status_code, response.json()["code"]) == (422, "container_empty")


@pytest.fixture
def service(objects: MemoryObjectStore, publisher: RecordingPublisher) -> Service:
    return create_service(IngestSettings(), objects, publisher)


async def submit(service: Service, data: bytes) -> list[DocumentFailedV1]:
    (subscription,) = service.subscriptions
    event = DocumentSubmittedV1.model_validate({"filename": "mail.eml", "inline": base64.b64encode(data)})
    returned = await subscription.handler(event, FakeDelivery())
    assert all(isinstance(one, DocumentFailedV1) for one in returned)
    return list(returned)


async def test_an_email_over_kafka_makes_its_documents_and_tells_of_each_that_failed(
    service: Service, publisher: RecordingPublisher
) -> None:
    bad = b"\x7fELF\x02\x01\x01\0"
    failed = await submit(service, mail(("invoice.pdf", PDF), ("x.exe", bad)).as_bytes())
    assert [(one.document_id, one.code) for one in failed] == [(identity(bad), "unsupported_media_type")]
    assert [event.document_id for event in uploaded(publisher)] == [identity(PDF)]


async def test_an_email_delivered_again_after_a_crash_half_way_doubles_nothing(
    service: Service, publisher: RecordingPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = mail(("one.pdf", PDF), ("two.pdf", OTHER)).as_bytes()
    publish, published = publisher.publish, 0

    async def breaks_down(event: DocumentUploadedV1, **given: object) -> None:
        nonlocal published
        published += 1
        if published == 2:
            raise TransientError("broker_unavailable", "Kafka is away.")
        await publish(event, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(publisher, "publish", breaks_down)
    with pytest.raises(TransientError):
        await submit(service, data)
    monkeypatch.setattr(publisher, "publish", publish)
    assert await submit(service, data) == []
    assert sorted(event.document_id for event in uploaded(publisher)) == sorted(map(identity, (PDF, OTHER)))
    assert await submit(service, data) == []
    assert len(uploaded(publisher)) == 2


def test_a_member_is_named_and_never_a_path() -> None:
    assert list(unpacked(archive(("../../etc/passwd.pdf", PDF)), ZIP, LIMITS)) == [Member("passwd.pdf", PDF)]
