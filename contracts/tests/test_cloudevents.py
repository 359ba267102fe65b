import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_contracts.cloudevents import DecodeError, DecodeReason, Envelope, decode, encode
from invoiceflow_contracts.events import EVENTS, DocumentFailedV1, DocumentSubmittedV1, InvoiceExtractedV1

Headers = Sequence[tuple[str, bytes | None]]

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FAILED = DocumentFailedV1(
    document_id=UUID("d3b5a1de-0000-5000-8000-000000000001"),
    stage="ocr",
    code="pdf_encrypted",
    message="Remove the password and send it again.",
    failed_at=NOW,
)
SUBMITTED = b'{"filename": "invoice.pdf", "inline": "JVBERg=="}'


def headers(**changes: bytes | None) -> list[tuple[str, bytes | None]]:
    """What a producer without any library sets, changed by ``changes``; ``b""`` takes the header away."""
    plain: dict[str, bytes | None] = {
        "ce_type": b"invoiceflow.document.submitted.v1",
        "ce_id": b"4711",
        "ce_source": b"/erp",
        "ce_specversion": b"1.0",
        "content-type": b"application/json",
    }
    changed = plain | {name.replace("content_type", "content-type"): value for name, value in changes.items()}
    return [(name, value) for name, value in changed.items() if value != b""]


def refused(value: bytes | None, given_headers: Headers) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode(value, given_headers, [DocumentSubmittedV1])
    return caught.value


texts = st.text(min_size=1, max_size=40).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))
times = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-720, 720).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


contexts = st.fixed_dictionaries(
    {
        "event_id": st.uuids(),
        "source": texts,
        "time": times,
        "subject": st.none() | texts,
        "traceparent": st.sampled_from([None, TRACE]),
    }
)


@given(contexts, texts)
def test_what_is_encoded_is_decoded(context: dict[str, Any], message: str) -> None:
    event = FAILED.model_copy(update={"message": message})
    value, sent = encode(event, **context)
    envelope, received = decode(value, sent, [DocumentFailedV1])
    assert received == event
    expected = {name: content for name, content in context.items() if name != "event_id"}
    assert envelope == Envelope(id=str(context["event_id"]), type=event.ce_type(), **expected)
    assert envelope.time.utcoffset() == timedelta(0)


@given(
    st.none() | st.binary(max_size=200) | st.sampled_from([SUBMITTED, b"{}", b"[]", b"nul"]),
    st.lists(
        st.tuples(
            st.sampled_from([name for name, _ in headers()] + ["ce_time", "ce_subject", "traceparent", "x", ""]),
            st.none() | st.binary(max_size=30) | st.sampled_from([value for _, value in headers()]),
        )
    ),
)
def test_whatever_stands_in_a_message_only_a_decode_error_comes_of_it(
    value: bytes | None, more: list[tuple[str, bytes | None]]
) -> None:
    with suppress(DecodeError):
        envelope, event = decode(value, headers() + more, EVENTS)
        assert envelope.type == event.ce_type()


def test_times_are_written_in_utc() -> None:
    time = datetime(2026, 3, 1, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    _, sent = encode(FAILED, event_id=uuid4(), source="/x", time=time)
    assert dict(sent)["ce_time"] == b"2026-03-01T12:30:00Z"


def test_an_event_needs_a_time_with_its_offset() -> None:
    with pytest.raises(ValueError, match="offset"):
        encode(FAILED, event_id=uuid4(), source="/x", time=NOW.replace(tzinfo=None))


def test_the_cloudevents_sdk_reads_our_events() -> None:
    event_id = uuid4()
    value, sent = encode(
        FAILED, event_id=event_id, source="/invoiceflow/ocr", time=NOW, subject=str(FAILED.document_id)
    )
    event = kafka.from_binary_event(kafka.KafkaMessage(headers=dict(sent), key=None, value=value))
    assert event.get_specversion() == "1.0"
    assert event.get_id() == str(event_id)
    assert event.get_type() == "invoiceflow.document.failed.v1"
    assert event.get_source() == "/invoiceflow/ocr"
    assert event.get_time() == NOW
    assert event.get_subject() == str(FAILED.document_id)
    assert event.get_dataschema() == "urn:invoiceflow:schema:document.failed:v1"
    assert event.get_datacontenttype() == "application/json"
    assert event.get_data() == FAILED.model_dump(mode="json")


def test_events_of_the_cloudevents_sdk_are_read() -> None:
    event = CloudEvent(
        {
            "type": "invoiceflow.document.submitted.v1",
            "source": "/portal",
            "id": "4711",
            "specversion": "1.0",
            "time": NOW,
        },
        {"filename": "invoice.pdf", "inline": "JVBERg==", "metadata": {"tags": ["urgent"]}},
    )
    message = kafka.to_binary_event(event)
    envelope, received = decode(message.value, list(message.headers.items()), [DocumentSubmittedV1])
    assert envelope == Envelope("4711", "invoiceflow.document.submitted.v1", "/portal", NOW, None, None)
    assert isinstance(received, DocumentSubmittedV1)
    assert received.inline == b"%PDF"
    assert received.metadata.tags == ("urgent",)


def test_a_producer_with_five_headers_and_json_is_read() -> None:
    envelope, received = decode(SUBMITTED, headers(), [DocumentSubmittedV1], received_at=NOW)
    assert envelope == Envelope("4711", "invoiceflow.document.submitted.v1", "/erp", NOW, None, None)
    assert isinstance(received, DocumentSubmittedV1)
    assert received.filename == "invoice.pdf"


def test_an_event_without_a_time_happened_when_it_came() -> None:
    before = datetime.now(UTC)
    envelope, _ = decode(SUBMITTED, headers(), [DocumentSubmittedV1])
    assert before <= envelope.time <= datetime.now(UTC)


@pytest.mark.parametrize(
    "content_type",
    [b"", None, b"application/json; charset=utf-8", b"Application/JSON", b"application/vnd.erp+json", b"text/json"],
)
def test_any_name_of_json_will_do(content_type: bytes | None) -> None:
    decode(SUBMITTED, headers(content_type=content_type), [DocumentSubmittedV1])


@pytest.mark.parametrize("name", ["traceparent", "x-shop", "ce_shop"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_foreign_headers_may_hold_anything(name: str, content: bytes | None) -> None:
    envelope, _ = decode(SUBMITTED, [*headers(), (name, content)], [DocumentSubmittedV1])
    assert envelope.traceparent is None


def test_header_names_are_read_in_any_case_and_the_last_of_two_counts() -> None:
    sent = [("CE_ID", b"1"), *headers(ce_id=b""), ("ce_id", b"2")]
    assert decode(SUBMITTED, sent, [DocumentSubmittedV1])[0].id == "2"


def test_fields_a_reader_does_not_know_are_passed_over() -> None:
    decode(SUBMITTED[:-1] + b', "added_later": {"by": ["us"]}}', headers(), [DocumentSubmittedV1])


@pytest.mark.parametrize(
    ("changes", "reason", "says"),
    [
        ({"ce_type": b""}, DecodeReason.MISSING_ATTRIBUTE, "ce_type is missing"),
        ({"ce_type": None}, DecodeReason.MISSING_ATTRIBUTE, "ce_type is null"),
        ({"ce_id": b""}, DecodeReason.MISSING_ATTRIBUTE, "ce_id"),
        ({"ce_source": b""}, DecodeReason.MISSING_ATTRIBUTE, "ce_source"),
        ({"ce_specversion": b""}, DecodeReason.MISSING_ATTRIBUTE, "ce_specversion"),
        ({"ce_specversion": b"0.3"}, DecodeReason.UNSUPPORTED_SPECVERSION, "'1.0'"),
        ({"ce_id": b"\xff"}, DecodeReason.INVALID_ATTRIBUTE, "ce_id is not UTF-8"),
        ({"ce_subject": b"\xff"}, DecodeReason.INVALID_ATTRIBUTE, "ce_subject is not UTF-8"),
        ({"ce_time": b"yesterday"}, DecodeReason.INVALID_ATTRIBUTE, "ce_time"),
        ({"ce_time": b"2026-01-01T00:00:00"}, DecodeReason.INVALID_ATTRIBUTE, "offset"),
        ({"ce_time": b"2026-02-30T00:00:00Z"}, DecodeReason.INVALID_ATTRIBUTE, "ce_time"),
        ({"ce_type": b"com.example.order"}, DecodeReason.UNKNOWN_TYPE, "ce_type"),
        ({"ce_type": b"invoiceflow.document.sent.v1"}, DecodeReason.UNKNOWN_TYPE, "ce_type"),
        ({"ce_type": b"invoiceflow.document.submitted.v9"}, DecodeReason.UNKNOWN_VERSION, "version 9"),
        ({"ce_type": b"invoiceflow.document.failed.v1"}, DecodeReason.UNEXPECTED_TYPE, "document.submitted.v1"),
        ({"ce_dataschema": b"urn:invoiceflow:schema:document.failed:v1"}, DecodeReason.SCHEMA_MISMATCH, "submitted"),
        ({"content_type": b"text/plain"}, DecodeReason.UNSUPPORTED_CONTENT_TYPE, "application/json"),
        ({"content_type": b"application/json; charset=latin1"}, DecodeReason.UNSUPPORTED_CONTENT_TYPE, "UTF-8"),
        ({"content_type": b"application/cloudevents+json"}, DecodeReason.STRUCTURED_MODE, "binary mode"),
    ],
)  # fmt: skip
def test_a_wrong_header_is_named(changes: dict[str, bytes | None], reason: DecodeReason, says: str) -> None:
    error = refused(SUBMITTED, headers(**changes))
    assert error.reason_code is reason
    assert says in error.message


def test_a_header_whose_name_is_not_utf8_is_refused_whatever_it_is() -> None:
    odd = b"\xff\xfe".decode(errors="surrogateescape")
    with pytest.raises(DecodeError) as caught:
        decode(SUBMITTED, [*headers(), (odd, b"1")], [DocumentSubmittedV1])
    assert caught.value.reason_code is DecodeReason.INVALID_ATTRIBUTE
    assert "name of a header is not UTF-8" in caught.value.message


def test_a_name_in_any_alphabet_is_taken() -> None:
    decode(SUBMITTED, [*headers(), ("\u540d", b"1")], [DocumentSubmittedV1])


@pytest.mark.parametrize(
    ("value", "reason", "says"),
    [
        (None, DecodeReason.EMPTY_VALUE, "no value"),
        (b"", DecodeReason.EMPTY_VALUE, "no value"),
        (b"{", DecodeReason.NOT_JSON, "JSON"),
        (b'{"filename": "\xff"}', DecodeReason.NOT_JSON, "UTF-8"),
        (b"[" * 100_000, DecodeReason.NOT_JSON, "JSON"),
        (b"[]", DecodeReason.SCHEMA_VIOLATION, "the event"),
        (b'{"inline": "JVBERg=="}', DecodeReason.SCHEMA_VIOLATION, "filename: Field required"),
        (b'{"filename": "a.pdf"}', DecodeReason.SCHEMA_VIOLATION, "exactly one of content and inline"),
        (b'{"filename": 7, "inline": "JVBERg=="}', DecodeReason.SCHEMA_VIOLATION, "filename"),
        (
            b'{"filename": "a.pdf", "content": {"bucket": "b", "key": "k", "size": -1}}',
            DecodeReason.SCHEMA_VIOLATION,
            "content/size",
        ),
    ],
)
def test_a_wrong_value_is_named(value: bytes | None, reason: DecodeReason, says: str) -> None:
    error = refused(value, headers())
    assert error.reason_code is reason
    assert says in error.message


def test_an_error_does_not_repeat_a_name_that_the_sender_chose() -> None:
    data = {"document_id": str(FAILED.document_id), "evidence": {"/ACME Secret GmbH": {"confidence": 2}}}
    with pytest.raises(DecodeError) as caught:
        decode(json.dumps(data).encode(), headers(ce_type=b"invoiceflow.invoice.extracted.v1"), [InvoiceExtractedV1])
    assert "evidence/*/method: Field required" in caught.value.message
    assert "ACME" not in caught.value.message


def test_an_error_does_not_repeat_what_the_document_says() -> None:
    secret = "ACME Secret GmbH"
    data = {
        "document_id": secret,
        "content": {"bucket": secret, "sha256": secret},
        "invoice": {"number": [secret], "issue_date": secret, "totals": {"gross": secret}, "type": secret},
        "evidence": {secret: {"method": secret, "text": secret}},
        "confidence": secret,
    }
    with pytest.raises(DecodeError) as caught:
        decode(json.dumps(data).encode(), headers(ce_type=b"invoiceflow.invoice.extracted.v1"), [InvoiceExtractedV1])
    assert caught.value.reason_code is DecodeReason.SCHEMA_VIOLATION
    assert "ACME" not in caught.value.message
    assert "more" in caught.value.message
