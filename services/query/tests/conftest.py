"""A read model in each store."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from invoiceflow_query.adapters.sqlite import SqliteReadModel
from invoiceflow_query.ports import ReadModel, Rebuildable

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
