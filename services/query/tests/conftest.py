"""A read model in each store, and the service over the embedded one with a client of its API."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from invoiceflow_chassis.errors import ObjectNotFoundError
from invoiceflow_chassis.problems import install_problem_handlers
from invoiceflow_chassis.testing import FakeBacklog, FakeDeadLetters, FakeDelivery, RecordingPublisher
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events import DocumentEvent
from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.main import create_service
from invoiceflow_query.ports import ReadModel, Rebuildable
from invoiceflow_query.settings import QuerySettings
from invoiceflow_query.testing import content

Tell = Callable[..., Awaitable[None]]

Connect = Callable[[], Rebuildable]
"""Makes one more read model on the same store, as another process would."""


@pytest.fixture(scope="session")
def mongodb_uri(docker_engine: None) -> Iterator[str]:
    """The address of a MongoDB (``MONGO_IMAGE``) that lives as long as the tests."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415 -- slow, and needed by few runs
    from testcontainers.core.wait_strategies import PortWaitStrategy  # noqa: PLC0415

    image = os.environ.get("MONGO_IMAGE", "mongo:8.0")
    container = DockerContainer(image).with_exposed_ports(27017).waiting_for(PortWaitStrategy(27017))
    try:
        container.start()
    except Exception as error:
        if os.environ.get("INVOICEFLOW_REQUIRE_ENGINE"):
            raise
        pytest.skip(
            f"no container of {image} ({type(error).__name__}): needs a Docker engine; MONGO_IMAGE names another image"
        )
    try:
        yield f"mongodb://{container.get_container_host_ip()}:{container.get_exposed_port(27017)}"
    finally:
        container.stop()


@pytest.fixture(params=["sqlite", pytest.param("mongodb", marks=pytest.mark.engine)])
async def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Connect:
    """An empty store; tests that take it hold for every one."""
    if request.param == "sqlite":
        return lambda: SqliteReadModel(tmp_path / "read-model.sqlite")
    from invoiceflow_query.adapters.mongodb import MongoReadModel  # noqa: PLC0415
    from invoiceflow_query.adapters.mongodb.generations import Patience  # noqa: PLC0415

    uri, name = request.getfixturevalue("mongodb_uri"), f"test-{uuid4().hex}"
    # As patient as a test can be; how patient it is changes nothing but how long a rebuild takes.
    patience = Patience(poll=0.02, fresh=0.2, operation=2.0, lease=10.0)
    model = MongoReadModel(uri, name)
    await model.migrate(print)
    await model.close()
    return lambda: MongoReadModel(uri, name, patience=patience)


@pytest.fixture
async def read_model(connect: Connect) -> AsyncIterator[ReadModel]:
    """An empty read model."""
    model = connect()
    await model.open()
    yield model
    await model.close()


class Objects:
    """An object store of files by tenant and key, with the original of ``content()``."""

    def __init__(self) -> None:
        self.files = {("default", content().key): b"%PDF"}

    async def get(self, tenant: str, ref: ContentRef) -> bytes:
        try:
            return self.files[tenant, ref.key]
        except KeyError:
            raise ObjectNotFoundError(ref.bucket, ref.key) from None

    async def ping(self) -> None:
        return


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
async def service(tmp_path: Path, objects: Objects) -> AsyncIterator[Any]:
    settings = QuerySettings(sqlite_path=tmp_path / "new" / "db.sqlite", poll_seconds=0.02, heartbeat_seconds=0.05)
    service = create_service(
        settings,
        objects,  # type: ignore[arg-type]
        SqliteReadModel(tmp_path / "new" / "db.sqlite"),
        publisher=RecordingPublisher(),
        backlog=FakeBacklog(),
        dead_letters=FakeDeadLetters(),
    )
    assert service.lifespan
    async with service.lifespan():
        for check in service.checks.values():
            await check()
        yield service


@pytest.fixture
def tell(service: Any) -> Tell:
    handlers = {subscription.event: subscription.handler for subscription in service.subscriptions}

    async def tell(*events: DocumentEvent) -> None:
        for event in events:
            delivery = FakeDelivery(event_id=f"{type(event).__name__}{event.model_dump_json()}")
            assert await handlers[type(event)](event, delivery) == ()

    return tell


@pytest.fixture
async def client(service: Any) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    install_problem_handlers(app)

    @app.middleware("http")
    async def tenant(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        request.state.tenant = request.headers.get("x-test-tenant", "default")
        return await call_next(request)

    app.include_router(service.router)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://query") as client:
        yield client
