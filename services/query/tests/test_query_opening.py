"""A read model whose store is not there yet, or not any more."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from invoiceflow_chassis.errors import UnavailableError
from invoiceflow_chassis.health import health_routes
from invoiceflow_chassis.problems import install_problem_handlers
from invoiceflow_chassis.testing import FakeBacklog, FakeDeadLetters, RecordingPublisher
from invoiceflow_chassis.testing.kafka import eventually
from invoiceflow_query import opening
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.adapters.sqlite.schema import SchemaVersionError
from invoiceflow_query.changes import Changes
from invoiceflow_query.live import document_events
from invoiceflow_query.main import create_service
from invoiceflow_query.ports import StoredDocument
from invoiceflow_query.projection import change_of
from invoiceflow_query.settings import QuerySettings
from invoiceflow_query.testing import document, extracted, uploaded

D = document("d")


class Objects:
    async def ping(self) -> None:
        return


async def nobody() -> dict[str, str]:
    return {}


def client_of(service: Any) -> httpx.AsyncClient:
    app = FastAPI()
    install_problem_handlers(app)

    @app.middleware("http")
    async def authenticate(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        request.state.tenant = "default"
        return await call_next(request)

    app.include_router(service.router)
    app.include_router(health_routes(ready=service.checks, stuck=nobody))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


async def test_a_service_that_starts_before_its_store_waits_and_recovers_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "RETRY_SECONDS", 0.02)
    monkeypatch.setattr(opening, "AT_ONCE_SECONDS", 0.1)
    (tmp_path / "data").touch()  # in the way of the folder
    file = tmp_path / "data" / "db.sqlite"
    service = create_service(
        QuerySettings(sqlite_path=file),
        Objects(),  # type: ignore[arg-type]
        SqliteReadModel(file),
        publisher=RecordingPublisher(),
        backlog=FakeBacklog(),
        dead_letters=FakeDeadLetters(),
    )
    assert service.lifespan
    async with service.lifespan(), client_of(service) as http:
        readiness = await http.get("/readyz")
        assert readiness.status_code == 503
        assert readiness.json()["checks"]["objects"] == "ok"
        assert "read model" in readiness.json()["checks"]["read_model"]
        assert (await http.get("/livez")).status_code == 200
        answer = await http.get("/v1/invoices")
        assert (answer.status_code, answer.json()["code"]) == (503, "read_model_unavailable")
        assert answer.headers["Retry-After"]

        (tmp_path / "data").unlink()

        async def is_ready() -> bool:
            return (await http.get("/readyz")).status_code == 200

        await eventually(is_ready)
        assert (await http.get("/v1/invoices")).status_code == 200


async def test_what_trying_again_does_not_mend_ends_the_start(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "db.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SchemaVersionError, match="version 99"):
        async with opening.kept_open(SqliteReadModel(tmp_path / "db.sqlite")):
            pass


async def test_nothing_is_answered_or_kept_before_the_store_is_open(tmp_path: Path) -> None:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    with pytest.raises(UnavailableError, match="not open yet"):
        await model.ping()
    with pytest.raises(UnavailableError, match="not open yet"):
        await model.apply("default", change_of(uploaded(D), "u"))
    await model.close()


class Flickering:
    """A read model that is away every second time it is asked for a document."""

    def __init__(self, model: SqliteReadModel) -> None:
        self._model = model
        self._asked = 0

    async def document(self, tenant: str, document_id: Any) -> StoredDocument | None:
        self._asked += 1
        if self._asked % 2:
            raise UnavailableError("read_model_unavailable", "It does not answer.")
        return await self._model.document(tenant, document_id)


@pytest.fixture
async def model(tmp_path: Path) -> AsyncIterator[SqliteReadModel]:
    model = SqliteReadModel(tmp_path / "db.sqlite")
    await model.open()
    yield model
    await model.close()


async def test_a_live_view_is_silent_while_the_store_is_away_and_then_goes_on(model: SqliteReadModel) -> None:
    await model.apply("default", change_of(uploaded(D), "u"))
    stream = document_events(Flickering(model), Changes(), "default", D, None, poll=0.01, heartbeat=3600)  # type: ignore[arg-type]
    async with asyncio.timeout(10):
        assert '"received"' in await anext(stream)
        await model.apply("default", change_of(extracted(D), "e"))
        assert '"extracted"' in await anext(stream)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
