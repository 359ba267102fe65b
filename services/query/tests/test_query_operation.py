"""What operators are told and may do: lag, dead letters."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from invoiceflow_chassis.auth import ApiKey, ApiKeyMiddleware
from invoiceflow_chassis.dead_letters import DeadLetter, Origin, Payload, Place
from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.lag import TopicLag
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.problems import install_problem_handlers
from invoiceflow_chassis.testing import FakeBacklog, FakeDeadLetters, RecordingPublisher
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.main import create_service
from invoiceflow_query.projection import change_of
from invoiceflow_query.settings import QuerySettings
from invoiceflow_query.testing import document, failed, progress, uploaded


@pytest.fixture
def backlog() -> FakeBacklog:
    return FakeBacklog()


@pytest.fixture
def dead_letters() -> FakeDeadLetters:
    return FakeDeadLetters()


@pytest.fixture
async def read_model(tmp_path: Path) -> AsyncIterator[SqliteReadModel]:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    yield model
    await model.close()


def key(secret: str, role: str) -> ApiKey:
    return ApiKey.parse(f"{hashlib.sha256(secret.encode()).hexdigest()}:{role}")


@pytest.fixture
async def client(
    backlog: FakeBacklog, dead_letters: FakeDeadLetters, read_model: SqliteReadModel, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    service = create_service(
        QuerySettings(sqlite_path=tmp_path / "db.sqlite"),
        MemoryObjectStore(),
        read_model,
        publisher=RecordingPublisher(),
        backlog=backlog,
        dead_letters=dead_letters,
    )
    app = FastAPI()
    install_problem_handlers(app)
    assert service.router is not None
    app.include_router(service.router)
    app.add_middleware(ApiKeyMiddleware, keys=(key("operator", "default:operator"), key("application", "default")))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://query") as client:
        client.headers["X-API-Key"] = "operator"
        yield client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/lag"),
        ("GET", "/v1/dead-letters"),
        ("GET", f"/v1/dead-letters/{document('any')}"),
        ("POST", "/v1/dead-letters/redrive"),
    ],
)
async def test_what_is_of_all_tenants_is_for_operators(client: httpx.AsyncClient, method: str, path: str) -> None:
    refused = await client.request(method, path, headers={"X-API-Key": "application"})
    assert (refused.status_code, refused.json()["code"]) == (403, "operator_required")


async def test_lag_tells_for_each_topic_how_much_waits_and_since_when(
    client: httpx.AsyncClient, backlog: FakeBacklog
) -> None:
    since = datetime.now(UTC) - timedelta(minutes=5)
    backlog.topics = [
        TopicLag("invoiceflow-ocr", "document.uploaded", 4, committed=7, end=10, oldest_waiting=since),
        TopicLag("invoiceflow-query", "document.uploaded", 4, committed=10, end=10, oldest_waiting=None),
    ]
    told = (await client.get("/v1/lag")).json()
    behind, level = told["topics"]
    assert (behind["lag"], behind["committed"], behind["end"], behind["partitions"]) == (3, 7, 10, 4)
    assert behind["seconds"] == pytest.approx(300, abs=30)
    assert (level["lag"], level["seconds"], level["oldest_waiting"]) == (0, 0, None)
    assert datetime.fromisoformat(told["oldest_waiting"]) == since
    assert told["oldest_unfinished"] is None


async def test_lag_names_the_document_that_has_been_unfinished_for_longest(
    client: httpx.AsyncClient, read_model: SqliteReadModel
) -> None:
    first, second, third, foreign = map(document, ("first", "second", "third", "foreign"))
    for event in (
        uploaded(first, 0),
        failed(first, 1),
        uploaded(second, 20),
        progress(second, 60),
        uploaded(third, 30),
        progress(document("heard of only"), 1),
    ):
        await read_model.apply("default", change_of(event, f"{event.document_id}{type(event)}"))
    await read_model.apply("other", change_of(uploaded(foreign, 10, tenant="other"), "foreign"))
    assert (await client.get("/v1/lag")).json()["oldest_unfinished"]["id"] == str(second)


async def test_while_kafka_does_not_answer_lag_is_unknown(client: httpx.AsyncClient, backlog: FakeBacklog) -> None:
    backlog.fail_with = TransientError("broker_unavailable", "Kafka does not answer. Try again in a moment.")
    answer = await client.get("/v1/lag")
    assert (answer.status_code, answer.json()["code"]) == (503, "broker_unavailable")


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def letter(number: int, *, code: str = "schema_violation", redriven: bool = False) -> DeadLetter:
    return DeadLetter(
        origin=Origin("document.uploaded", 1, number, "invoiceflow-ocr"),
        place=Place("document.uploaded.dlq", 1, number),
        code=code,
        message="A field is missing.",
        attempts=1,
        redrives=0,
        dead_at=NOON + timedelta(seconds=number),
        document_id=document(str(number)),
        event_id=f"event-{number}",
        event_type="invoiceflow.document.uploaded.v1",
        source="/erp",
        size=3,
        redriven_at=NOON if redriven else None,
    )


def keep(dead_letters: FakeDeadLetters, *letters: DeadLetter, value: bytes | None = b"{}") -> None:
    """Let these be the letters, the last first as the port promises."""
    dead_letters.letters = sorted(letters, key=lambda one: one.dead_at, reverse=True)
    dead_letters.payloads = {
        one.id: Payload(b"key", value, (("ce_id", b"1"), ("odd", b"\xff"), ("none", None))) for one in letters
    }


async def test_dead_letters_are_listed_page_by_page_the_last_first(
    client: httpx.AsyncClient, dead_letters: FakeDeadLetters
) -> None:
    keep(dead_letters, *(letter(number) for number in range(5)), letter(9, redriven=True))
    seen: list[int] = []
    cursor = None
    while True:
        page = (
            await client.get("/v1/dead-letters", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += [one["offset"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [4, 3, 2, 1, 0]


@pytest.mark.parametrize(
    ("filters", "offsets"),
    [
        ({"state": "all"}, [3, 2, 1]),
        ({"state": "redriven"}, [3]),
        ({"code": "not_json"}, [2]),
        ({"topic": "document.uploaded"}, [2, 1]),
        ({"topic": "document.failed"}, []),
        ({"document_id": str(document("1"))}, [1]),
    ],
)
async def test_dead_letters_are_filtered(
    client: httpx.AsyncClient, dead_letters: FakeDeadLetters, filters: dict[str, str], offsets: list[int]
) -> None:
    keep(dead_letters, letter(1), letter(2, code="not_json"), letter(3, redriven=True))
    items = (await client.get("/v1/dead-letters", params=filters)).json()["items"]
    assert [one["offset"] for one in items] == offsets


async def test_a_cursor_of_other_filters_or_of_nothing_is_refused(
    client: httpx.AsyncClient, dead_letters: FakeDeadLetters
) -> None:
    keep(dead_letters, letter(1), letter(2))
    cursor = (await client.get("/v1/dead-letters", params={"limit": 1})).json()["next_cursor"]
    for parameters in ({"cursor": cursor, "state": "all"}, {"cursor": "x"}):
        answer = await client.get("/v1/dead-letters", params=parameters)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")


async def test_a_dead_letter_is_shown_with_its_headers_and_its_body(
    client: httpx.AsyncClient, dead_letters: FakeDeadLetters
) -> None:
    keep(dead_letters, letter(1), value='{"é": 1}'.encode())
    shown = (await client.get(f"/v1/dead-letters/{letter(1).id}")).json()
    assert (shown["code"], shown["group"], shown["event_id"]) == ("schema_violation", "invoiceflow-ocr", "event-1")
    assert shown["key"] == {"text": "key", "base64": None}
    assert shown["headers"] == [
        {"name": "ce_id", "text": "1", "base64": None},
        {"name": "odd", "text": None, "base64": "/w=="},
        {"name": "none", "text": None, "base64": None},
    ]
    assert (shown["body"]["text"], shown["truncated"]) == ('{"é": 1}', False)


@pytest.mark.parametrize(
    ("value", "text", "is_binary"),
    [
        (None, None, False),
        (b"\xff" * 100_000, None, True),
        ("é".encode() * 100_000, "é" * (32 * 1024), False),
        (b"a" + "é".encode() * 100_000, "a" + "é" * (32 * 1024 - 1), False),
    ],
)
async def test_of_a_large_body_only_the_beginning_is_shown(
    client: httpx.AsyncClient, dead_letters: FakeDeadLetters, value: bytes | None, text: str | None, is_binary: bool
) -> None:
    keep(dead_letters, letter(1), value=value)
    shown = (await client.get(f"/v1/dead-letters/{letter(1).id}")).json()
    assert shown["body"]["text"] == text
    assert (shown["body"]["base64"] is not None) == is_binary
    assert shown["truncated"] == (value is not None)


async def test_a_letter_that_is_not_kept_is_not_found(client: httpx.AsyncClient, dead_letters: FakeDeadLetters) -> None:
    dead_letters.letters = [letter(1)]
    for one in (letter(1), letter(2)):
        answer = await client.get(f"/v1/dead-letters/{one.id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "dead_letter_not_found")


async def test_a_dry_run_says_what_would_be_redriven_and_changes_nothing(
    client: httpx.AsyncClient, dead_letters: FakeDeadLetters
) -> None:
    keep(dead_letters, letter(1), letter(2), letter(3, code="not_json"))
    answer = (await client.post("/v1/dead-letters/redrive", json={"code": "schema_violation", "dry_run": True})).json()
    assert answer["dry_run"] is True
    assert [one["offset"] for one in answer["redriven"]] == [1, 2]
    assert all(one.state == "open" for one in dead_letters.letters)


async def test_open_letters_that_fit_are_redriven(client: httpx.AsyncClient, dead_letters: FakeDeadLetters) -> None:
    keep(dead_letters, letter(1), letter(2), letter(3, code="not_json"), letter(4, redriven=True))
    del dead_letters.payloads[letter(2).id]
    ids = [str(one.id) for one in dead_letters.letters if one.code == "schema_violation"]
    answer = (await client.post("/v1/dead-letters/redrive", json={"ids": ids})).json()
    assert [one["offset"] for one in answer["redriven"]] == [1]
    assert answer["impossible"] == [str(letter(2).id)]
    assert answer["remaining"] == 0
    left = (await client.get("/v1/dead-letters")).json()["items"]
    assert [one["offset"] for one in left] == [3, 2]


async def test_one_request_redrives_a_hundred_and_says_how_many_are_left(
    client: httpx.AsyncClient, dead_letters: FakeDeadLetters
) -> None:
    keep(dead_letters, *(letter(number) for number in range(130)))
    answer = (await client.post("/v1/dead-letters/redrive", json={"topic": "document.uploaded"})).json()
    assert [one["offset"] for one in answer["redriven"]] == list(range(100))
    assert answer["remaining"] == 30


@pytest.mark.parametrize("body", [{}, {"dry_run": True}, {"ids": []}, {"topics": "document.uploaded"}])
async def test_a_redrive_that_does_not_say_of_what_is_refused(
    client: httpx.AsyncClient, body: dict[str, object]
) -> None:
    answer = await client.post("/v1/dead-letters/redrive", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
