"""The ingest service over an object store in memory and a publisher that keeps what it was given."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.problems import install_problem_handlers
from invoiceflow_chassis.testing import RecordingPublisher
from invoiceflow_ingest.main import create_service
from invoiceflow_ingest.settings import IngestSettings


@pytest.fixture
def objects() -> MemoryObjectStore:
    return MemoryObjectStore()


@pytest.fixture
def publisher() -> RecordingPublisher:
    return RecordingPublisher()


@pytest.fixture
def settings() -> IngestSettings:
    return IngestSettings()


@pytest.fixture
def app(settings: IngestSettings, objects: MemoryObjectStore, publisher: RecordingPublisher) -> FastAPI:
    service = create_service(settings, objects, publisher)
    assert service.router is not None
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(service.router)

    @app.middleware("http")
    async def tenant(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        request.state.tenant = request.headers.get("x-test-tenant", "default")
        return await call_next(request)

    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
        yield client
