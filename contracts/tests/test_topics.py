import pytest
import yaml

from invoiceflow_contracts.events import EVENTS, DocumentProgressV1, DocumentUploadedV1
from invoiceflow_contracts.topics import TOPICS, TopicsError, parse_topics, partners, topic_of, topic_specs

ENTRY = {
    "description": "A document.",
    "owner": "ingest",
    "producers": ["ingest"],
    "consumers": ["ocr"],
    "partitions": 4,
    "retention_hours": 24,
    "max_message_bytes": 65536,
}


def text(*names: str, **changes: object) -> str:
    return yaml.safe_dump({"topics": dict.fromkeys(names, ENTRY | changes)})


def test_every_event_has_its_topic_and_every_topic_its_event() -> None:
    assert set(TOPICS) == {event.event_type for event in EVENTS}
    assert len(TOPICS) == len(set(TOPICS))
    for event in EVENTS:
        assert topic_of(event).name == event.event_type


def test_an_event_without_a_topic_is_refused() -> None:
    with pytest.raises(TopicsError, match=r"events without a topic: document\.progress"):
        parse_topics(text("document.uploaded"), [DocumentUploadedV1, DocumentProgressV1])


def test_an_orphan_topic_is_refused() -> None:
    with pytest.raises(TopicsError, match=r"topics without an event: document\.lost"):
        parse_topics(text("document.uploaded", "document.lost"), [DocumentUploadedV1])


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "topics: []",
        "topics: {",
        "topics: {document.uploaded: }",
        text("document.uploaded", partitions=0),
        text("document.uploaded", consumers=[]),
        text("document.uploaded", retension_hours=3),
        text("Document.Uploaded"),
        text("document.uploaded.retry"),
        text("document.dlq"),
        text("uploaded"),
    ],
)
def test_a_wrong_description_is_refused(broken: str) -> None:
    with pytest.raises(TopicsError):
        parse_topics(broken, [DocumentUploadedV1])


def test_a_consumed_topic_has_its_partners() -> None:
    topic = topic_of(DocumentUploadedV1)
    assert (topic.retry, topic.dead_letter) == ("document.uploaded.retry", "document.uploaded.dlq")
    retry, dead_letter = partners(topic)
    assert retry.partitions == dead_letter.partitions == topic.partitions
    assert dead_letter.retention_hours >= topic.retention_hours


def test_a_record_of_full_size_fits_its_partner_topic_with_the_reason() -> None:
    for topic in TOPICS.values():
        assert all(partner.max_message_bytes > topic.max_message_bytes for partner in partners(topic))


def test_a_value_of_one_mebibyte_fits_every_topic_beside_its_key_and_headers() -> None:
    assert all(spec.max_message_bytes >= 1024 * 1024 + 64 * 1024 for spec in topic_specs())


def test_everything_to_create_is_listed_once() -> None:
    names = [spec.name for spec in topic_specs()]
    assert len(names) == len(set(names)) == len(TOPICS) * 3
    assert names[:3] == ["document.submitted", "document.submitted.retry", "document.submitted.dlq"]
