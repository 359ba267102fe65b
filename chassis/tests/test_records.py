"""Headers of retried and dead records."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_chassis.kafka.records import OutgoingRecord, Record, Retry, dead_letter, retry_record

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HEADERS = [("ce_id", b"1"), ("odd", b"\xff"), ("empty", None)]


def read_back(sent: OutgoingRecord) -> Record:
    return Record(sent.topic, 0, 5, sent.key, sent.value, sent.headers)


def test_a_retry_keeps_the_record_and_says_when_and_for_whom() -> None:
    record = Record("document.uploaded", 3, 17, b"k", b"v", HEADERS)
    sent = retry_record(
        record, group="invoiceflow-ocr", attempt=2, delay=timedelta(seconds=5), code="store_unavailable", now=NOW
    )
    assert (sent.topic, sent.key, sent.value) == ("document.uploaded.retry", b"k", b"v")
    assert list(sent.headers)[:3] == HEADERS
    retry = Retry.of(read_back(sent))
    assert (retry.attempt, retry.group) == (2, "invoiceflow-ocr")
    assert retry.not_before == NOW + timedelta(seconds=5)
    assert retry.origin == ("document.uploaded", 3, 17)


def test_a_further_retry_replaces_the_headers_and_keeps_the_origin() -> None:
    record = Record("document.uploaded", 3, 17, b"k", b"v", HEADERS)
    first = retry_record(record, group="g", attempt=2, delay=timedelta(seconds=5), code="a", now=NOW)
    second = retry_record(read_back(first), group="g", attempt=3, delay=timedelta(seconds=30), code="b", now=NOW)
    names = [name for name, _ in second.headers]
    assert len(names) == len(set(names))
    assert Retry.of(read_back(second)).attempt == 3
    assert Retry.of(read_back(second)).origin == ("document.uploaded", 3, 17)


def test_a_dead_letter_keeps_the_bytes_and_names_the_reason_and_the_origin() -> None:
    record = Record("document.uploaded", 3, 17, None, b"\x00\xff", HEADERS)
    sent = dead_letter(record, group="g", attempts=1, code="not_json", message="Not JSON.", now=NOW)
    headers = dict(sent.headers)
    assert (sent.topic, sent.value) == ("document.uploaded.dlq", b"\x00\xff")
    assert list(sent.headers)[:3] == HEADERS
    assert headers["invoiceflow_error_code"] == b"not_json"
    assert headers["invoiceflow_origin_partition"] == b"3"
    assert headers["invoiceflow_origin_offset"] == b"17"


def test_a_record_with_neither_key_nor_value_can_be_sent_on() -> None:
    sent = dead_letter(Record("t", 0, 0, None, None, []), group="g", attempts=1, code="c", message="m", now=NOW)
    assert sent.key is not None or sent.value is not None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["invoiceflow_attempt", "invoiceflow_not_before", "invoiceflow_origin_offset"]),
            st.none() | st.binary(),
        )
    )
)
def test_whatever_the_retry_headers_hold_they_can_be_read(headers: list[tuple[str, bytes | None]]) -> None:
    retry = Retry.of(Record("t.retry", 0, 0, None, None, headers))
    assert retry.attempt >= 1
