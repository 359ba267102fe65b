"""The adapters under test, one after the other."""

import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from invoiceflow_chassis.objects.directory import DirectoryObjectStore
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.objects.minio import MinioObjectStore
from invoiceflow_chassis.objects.settings import ObjectStoreSettings
from invoiceflow_chassis.ports import ObjectStore

MINIO_IMAGE = "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"
BUCKET = "test-originals"


@pytest.fixture(scope="session")
def minio_settings(docker_engine: None) -> Iterator[ObjectStoreSettings]:
    """A MinIO of our own, with keys made for this run."""
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415
    from testcontainers.core.wait_strategies import HttpWaitStrategy  # noqa: PLC0415

    access_key, secret_key = uuid4().hex, uuid4().hex
    container = (
        DockerContainer(MINIO_IMAGE)
        .with_command("server /data")
        .with_env("MINIO_ROOT_USER", access_key)
        .with_env("MINIO_ROOT_PASSWORD", secret_key)
        .with_exposed_ports(9000)
        .waiting_for(HttpWaitStrategy(9000, "/minio/health/ready").for_status_code(200))
    )
    with container:
        yield ObjectStoreSettings.model_validate(
            {
                "endpoint": f"{container.get_container_host_ip()}:{container.get_exposed_port(9000)}",
                "access_key": access_key,
                "secret_key": secret_key,
                "secure": False,
            }
        )


@pytest.fixture
async def minio_store(minio_settings: ObjectStoreSettings) -> AsyncIterator[MinioObjectStore]:
    store = MinioObjectStore(minio_settings)
    await store.ensure_buckets([BUCKET])
    yield store
    store.close()


@pytest.fixture(params=["memory", "directory", pytest.param("minio", marks=pytest.mark.engine)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Each adapter in turn."""
    if request.param == "memory":
        return MemoryObjectStore()
    if request.param == "directory":
        return DirectoryObjectStore(tmp_path / "objects")
    adapter: MinioObjectStore = request.getfixturevalue("minio_store")
    return adapter


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test has stored for: the MinIO lives as long as the run."""
    return f"t{uuid4().hex}"


@pytest.fixture
def unused_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
