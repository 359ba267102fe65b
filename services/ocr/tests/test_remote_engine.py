"""A docling-serve that answers well, badly, late or not at all: what the document makes of it."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import pytest
from docling_documents import HEIGHT, WIDTH, add_table, make_document
from fake_docling_serve import FakeDoclingServe, serving
from ocr_documents import Draw, attach, make_pdf, text_at, texts
from PIL import Image, ImageDraw

from invoiceflow_chassis.errors import PermanentError, TransientError
from invoiceflow_ocr.engines.docling_document import DoclingEngine
from invoiceflow_ocr.engines.docling_document.estimation import IN_BLOCK
from invoiceflow_ocr.engines.remote import create
from invoiceflow_ocr.ports import Reading

KEY = "a key that nobody guesses"


@pytest.fixture
def server() -> Iterator[FakeDoclingServe]:
    with serving() as fake:
        yield fake


@pytest.fixture
def engine(server: FakeDoclingServe) -> DoclingEngine:
    return engine_at(server.url)


def engine_at(url: str, *, seconds: float = 20) -> DoclingEngine:
    return create(url=url, api_key=KEY, seconds=seconds, deployment="gpu-2", max_pages=3, max_pixels=1_000_000)


def read(engine: DoclingEngine, data: bytes, media_type: str = "application/pdf") -> Reading:
    return engine.read(data, media_type, lambda _done, _total: None)


def refused(engine: DoclingEngine, data: bytes, media_type: str = "application/pdf") -> PermanentError:
    with pytest.raises(PermanentError) as error:
        read(engine, data, media_type)
    return error.value


def postponed(engine: DoclingEngine, data: bytes) -> TransientError:
    with pytest.raises(TransientError) as error:
        read(engine, data)
    return error.value


INVOICE = make_pdf(text_at(50, 700, "Invoice 4711"), pagesize=(WIDTH, HEIGHT))


def outlines(width: float = 400, height: float = 300) -> Draw:
    """A drawing without any character, as a scan is."""
    return lambda canvas: canvas.rect(50, 50, width, height)


SCAN = make_pdf(outlines(), pagesize=(WIDTH, HEIGHT))


def png(width: int = 60, height: int = 80) -> bytes:
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).line((5, 5, 50, 70), fill="black")
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


# -- what is asked and what becomes of the answer ----------------------------------------------------------------------


def test_a_pdf_is_sent_with_the_key_and_without_its_name(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    server.converts_to(make_document())

    read(engine, INVOICE)

    ((path, headers, body),) = server.requests
    assert path == "/docling/v1/convert/file"
    assert headers["x-api-key"] == KEY
    assert b'name="to_formats"\r\n\r\njson\r\n' in body
    assert b'name="from_formats"\r\n\r\npdf\r\n' in body
    assert b'filename="document.pdf"' in body
    assert INVOICE in body


def test_words_of_a_text_page_are_its_own_with_their_boxes(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    document = make_document(("Invoice 4711", (48, 90, 120, 104)))
    server.converts_to(document)

    (page,) = read(engine, INVOICE).pages

    assert texts(Reading([page])) == ["Invoice 4711"]
    assert page.source == "text"
    assert page.lines[0].confidence == 1.0
    assert page.lines[0].words[0].box.x0 == pytest.approx(50 / WIDTH, abs=0.005)


def test_words_of_a_scanned_page_are_estimated_from_its_texts(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    server.converts_to(
        make_document(("Invoice 4711", (60, 100, 180, 112))),
        confidence={"ocr_score": 0.9, "pages": {"1": {"ocr_score": 0.9, "parse_score": None}}},
    )

    (page,) = read(engine, SCAN).pages

    assert texts(Reading([page])) == ["Invoice 4711"]
    assert page.source == "ocr"
    assert page.lines[0].confidence == pytest.approx(0.9 * IN_BLOCK)


def test_text_in_a_picture_on_a_text_page_is_added_to_its_own(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    server.converts_to(make_document(("Invoice 4711", (48, 90, 120, 104)), ("Miller Tools", (400, 50, 500, 70))))

    assert texts(read(engine, INVOICE)) == ["Invoice 4711", "Miller Tools"]


def test_tables_come_with_a_text_page(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    document = make_document()
    add_table(document, (48, 90, 120, 104), [[("Invoice", (48, 90, 90, 104)), ("4711", (92, 90, 120, 104))]])
    server.converts_to(document)

    (page,) = read(engine, INVOICE).pages

    assert [cell.text for table in page.tables for cell in table.cells] == ["Invoice", "4711"]
    assert [line.text for line in page.lines] == ["Invoice 4711"]


@pytest.mark.parametrize(
    ("direction", "rotation", "size"),
    [
        (90, 90, (WIDTH, HEIGHT)),  # upright, once the page is turned as the PDF says
        (0, 0, (HEIGHT, WIDTH)),  # sideways then, and turned back
    ],
)
def test_a_page_is_turned_until_its_text_is_upright_and_its_tables_with_it(
    server: FakeDoclingServe, engine: DoclingEngine, direction: float, rotation: int, size: tuple[float, float]
) -> None:
    def turned(canvas: Any) -> None:
        canvas.setPageRotation(90)
        canvas.translate(200, 300)
        canvas.rotate(direction)
        text_at(0, 0, "Invoice 4711")(canvas)

    document = make_document()
    # Where docling, which turns the page only as the PDF says, would see the text.
    seen = (295, 185, 380, 210) if direction else (285, 180, 315, 290)
    add_table(document, seen, [[("Invoice 4711", seen)]])
    server.converts_to(document)

    (page,) = read(engine, make_pdf(turned, pagesize=(WIDTH, HEIGHT))).pages

    assert page.rotation == rotation
    assert (page.width, page.height) == size
    assert [line.text for line in page.lines] == ["Invoice 4711"]
    (cell,) = page.tables[0].cells
    assert cell.box is not None
    middle = page.lines[0].words[0].box
    assert cell.box.x0 < middle.x0 < middle.x1 < cell.box.x1
    assert cell.box.y0 < middle.y0 < middle.y1 < cell.box.y1


def test_a_picture_is_sent_upright_as_a_tiff_that_says_its_size(
    server: FakeDoclingServe, engine: DoclingEngine
) -> None:
    server.converts_to(make_document(("Invoice", (50, 100, 100, 112))))

    (page,) = read(engine, png(), "image/png").pages

    ((_, _, body),) = server.requests
    start = body.index(b"II*\0")
    with Image.open(BytesIO(body[start:])) as sent:
        assert sent.size == (60, 80)
        assert 72 * sent.height / sent.info["dpi"][1] == pytest.approx(842, rel=0.01)
    assert (page.source, page.lines[0].text) == ("ocr", "Invoice")


def test_an_embedded_e_invoice_is_found_by_this_engine_too(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    server.converts_to(make_document())

    (attachment,) = read(engine, attach(INVOICE, "factur-x.xml", b"<Invoice/>")).attachments

    assert (attachment.name, attachment.data) == ("factur-x.xml", b"<Invoice/>")


def test_plain_text_is_read_without_asking_anybody(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    assert texts(read(engine, b"Invoice 4711", "text/plain")) == ["Invoice 4711"]
    assert server.requests == []


def test_every_page_is_told_once_the_answer_is_there(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    server.converts_to(make_document(pages=2))
    told: list[tuple[int, int]] = []

    engine.read(make_pdf(outlines(), outlines()), "application/pdf", lambda done, total: told.append((done, total)))

    assert told == [(2, 2)]


def test_the_deployment_is_a_part_of_the_version(engine: DoclingEngine) -> None:
    assert engine.name == "remote"
    assert engine.version.endswith("-gpu-2")


# -- what the document is to blame for ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["failure", "skipped"])
def test_a_conversion_that_failed_fails_the_document(
    server: FakeDoclingServe, engine: DoclingEngine, status: str
) -> None:
    server.converts_to(None, status=status)

    assert refused(engine, SCAN).code == "document_unreadable"


def test_a_part_of_a_document_is_no_document(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    server.converts_to(make_document(("Invoice", (50, 100, 100, 112))), status="partial_success")

    assert refused(engine, SCAN).code == "document_partly_read"


def test_a_success_that_lacks_a_page_is_none(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    server.converts_to(make_document(pages=1))

    assert refused(engine, make_pdf(outlines(), outlines())).code == "document_partly_read"


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refusal_of_the_document_is_final(server: FakeDoclingServe, engine: DoclingEngine, status: int) -> None:
    server.status = status

    error = refused(engine, SCAN)

    assert error.code == "remote_engine_refused"
    assert str(status) in error.message


def test_limits_hold_before_anything_is_sent(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    assert refused(engine, make_pdf(*[outlines()] * 4)).code == "too_many_pages"
    assert refused(engine, png(2000, 1000), "image/png").code == "image_too_large"
    assert refused(engine, b"%PDF-1.7 nothing else").code == "document_unreadable"
    assert server.requests == []


def test_an_answer_without_end_is_refused(
    server: FakeDoclingServe, engine: DoclingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("invoiceflow_ocr.engines.remote.client.MOST_BYTES", 1000)
    server.body = b" " * 10_000

    assert refused(engine, SCAN).code == "document_too_complex"


# -- what it is not to blame for ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_server_that_fails_is_asked_again(server: FakeDoclingServe, engine: DoclingEngine, status: int) -> None:
    server.status = status

    assert postponed(engine, SCAN).code == "remote_engine_unavailable"


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_without_room_says_when_to_come_again(
    server: FakeDoclingServe, engine: DoclingEngine, status: int
) -> None:
    server.status, server.headers = status, {"Retry-After": "17"}

    error = postponed(engine, SCAN)

    assert (error.code, error.retry_after) == ("remote_engine_busy", 17)


def test_the_time_to_come_again_may_be_a_date(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    when = datetime.now(UTC) + timedelta(hours=1)
    server.status, server.headers = 429, {"Retry-After": format_datetime(when, usegmt=True)}

    waits = postponed(engine, SCAN).retry_after

    left = (when - datetime.now(UTC)).total_seconds()
    assert waits is not None
    assert left - 1 <= waits <= 3600  # the header has no fractions of a second


@pytest.mark.parametrize("header", [format_datetime(datetime(2001, 1, 1, tzinfo=UTC), usegmt=True), "-5"])
def test_a_time_that_has_passed_is_now(server: FakeDoclingServe, engine: DoclingEngine, header: str) -> None:
    server.status, server.headers = 429, {"Retry-After": header}

    assert postponed(engine, SCAN).retry_after == 0


@pytest.mark.parametrize("header", ["soon", "nan", "Mon, 99 Foo 2026 00:00:00 GMT"])
def test_a_time_that_nobody_understands_is_none(server: FakeDoclingServe, engine: DoclingEngine, header: str) -> None:
    server.status, server.headers = 429, {"Retry-After": header}

    assert postponed(engine, SCAN).retry_after is None


@pytest.mark.parametrize("status", [307, 401, 403, 404])
def test_a_wrong_key_or_address_is_no_fault_of_the_document(
    server: FakeDoclingServe, engine: DoclingEngine, status: int
) -> None:
    server.status, server.headers = status, {"Location": "/elsewhere"}

    error = postponed(engine, SCAN)

    assert error.code == "remote_engine_misconfigured"
    assert KEY not in str(error)


def test_a_server_that_takes_too_long_is_asked_again(server: FakeDoclingServe) -> None:
    server.hold = threading.Event()

    assert postponed(engine_at(server.url, seconds=0.2), SCAN).code == "remote_engine_unavailable"


def test_an_answer_that_comes_byte_by_byte_takes_too_long_as_well(server: FakeDoclingServe) -> None:
    server.converts_to(make_document())
    server.drip = 0.05

    assert postponed(engine_at(server.url, seconds=0.3), SCAN).code == "remote_engine_unavailable"


def test_an_answer_that_breaks_off_is_asked_for_again(server: FakeDoclingServe, engine: DoclingEngine) -> None:
    server.converts_to(make_document())
    server.announced = len(server.body) + 100

    assert postponed(engine, SCAN).code == "remote_engine_unavailable"


def test_a_server_that_is_not_there_is_asked_again(server: FakeDoclingServe) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as gone:
        port = gone.server_port

    assert postponed(engine_at(f"http://127.0.0.1:{port}"), SCAN).code == "remote_engine_unavailable"


@pytest.mark.parametrize(
    "body",
    [
        b"<html>a proxy's page</html>",
        b'{"document": {"json_content": {"schema_name": "DoclingDocument"',
        b"{}",
        b'{"document": {"json_content": null}, "status": "success"}',
        b'{"document": {"json_content": {"texts": 5}}, "status": "success"}',
        b'{"document": {}, "status": "beyond"}',
    ],
)
def test_an_answer_that_makes_no_sense_is_no_fault_of_the_document(
    server: FakeDoclingServe, engine: DoclingEngine, body: bytes
) -> None:
    server.body = body

    assert postponed(engine, SCAN).code == "remote_engine_not_understood"


@pytest.mark.parametrize(("retryable", "outcome"), [(True, postponed), (False, refused)])
def test_a_task_that_failed_says_itself_whether_another_may_succeed(
    server: FakeDoclingServe,
    engine: DoclingEngine,
    retryable: bool,
    outcome: Callable[[DoclingEngine, bytes], Exception],
) -> None:
    failure = {"category": "capacity", "message": "No.", "retryable": retryable, "phase": "execution", "details": {}}
    server.body = json.dumps({"kind": "TaskFailureResult", "failure": failure}).encode()

    outcome(engine, SCAN)
