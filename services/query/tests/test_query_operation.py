"""What operators are told: how far the services are behind."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from invoiceflow_chassis.auth import ApiKey, ApiKeyMiddleware
from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.lag import TopicLag
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.problems import install_problem_handlers
from invoiceflow_chassis.testing import FakeBacklog, RecordingPublisher
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.main import create_service
from invoiceflow_query.projection import change_of
from invoiceflow_query.settings import QuerySettings
from invoiceflow_query.testing import document, failed, progress, uploaded


@pytest.fixture
def backlog() -> FakeBacklog:
    return FakeBacklog()


@pytest.fixture
async def read_model(tmp_path: Path) -> AsyncIterator[SqliteReadModel]:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    yield model
    await model.close()


def key(secret: str, role: str) -> ApiKey:
    return ApiKey.parse(f"{hashlib.sha256(secret.encode()).hexdigest()}:{role}")


@pytest.fixture
async def client(backlog: FakeBacklog, read_model: SqliteReadModel, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    service = create_service(
        QuerySettings(sqlite_path=tmp_path / "db.sqlite"),
        MemoryObjectStore(),
        read_model,
        publisher=RecordingPublisher(),
        backlog=backlog,
    )
    app = FastAPI()
    install_problem_handlers(app)
    assert service.router is not None
    app.include_router(service.router)
    app.add_middleware(ApiKeyMiddleware, keys=(key("operator", "default:operator"), key("application", "default")))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://query") as client:
        client.headers["X-API-Key"] = "operator"
        yield client


async def test_lag_is_for_operators(client: httpx.AsyncClient) -> None:
    refused = await client.get("/v1/lag", headers={"X-API-Key": "application"})
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
