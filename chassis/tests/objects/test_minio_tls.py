"""The object store over TLS, with an authority of our own."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import trustme

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.objects.minio import MinioObjectStore
from invoiceflow_chassis.objects.settings import ObjectStoreSettings

pytestmark = pytest.mark.engine

MINIO_IMAGE = "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"


@pytest.fixture(scope="module")
def secured(docker_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStoreSettings]:
    from testcontainers.core.container import DockerContainer  # noqa: PLC0415
    from testcontainers.core.wait_strategies import PortWaitStrategy  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("certificates")
    authority, certificates = trustme.CA(), folder / "server"
    certificates.mkdir()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    issued = authority.issue_cert("127.0.0.1", "localhost")
    issued.private_key_pem.write_to_path(certificates / "private.key")
    (certificates / "public.crt").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    access_key, secret_key = uuid4().hex, uuid4().hex
    container = (
        DockerContainer(MINIO_IMAGE)
        .with_command("server --certs-dir /certificates /data")
        .with_volume_mapping(str(certificates), "/certificates", "ro")
        .with_env("MINIO_ROOT_USER", access_key)
        .with_env("MINIO_ROOT_PASSWORD", secret_key)
        .with_exposed_ports(9000)
        .waiting_for(PortWaitStrategy(9000))
    )
    with container:
        yield ObjectStoreSettings.model_validate(
            {
                "endpoint": f"127.0.0.1:{container.get_exposed_port(9000)}",
                "access_key": access_key,
                "secret_key": secret_key,
                "ca_file": folder / "authority.pem",
            }
        )


async def test_objects_go_over_tls_to_a_server_of_a_known_authority(secured: ObjectStoreSettings) -> None:
    store = MinioObjectStore(secured)
    await store.ensure_buckets(["originals"])
    reference = await store.put("default", "originals", "a", b"bytes", media_type="text/plain")
    assert await store.get("default", reference) == b"bytes"
    await store.ping()
    store.close()


@pytest.mark.parametrize("mistake", ["no authority", "no TLS"])
async def test_a_server_that_is_not_known_or_not_asked_in_its_way_counts_as_away(
    secured: ObjectStoreSettings, mistake: str
) -> None:
    changes = {"ca_file": None} if mistake == "no authority" else {"secure": False, "ca_file": None}
    store = MinioObjectStore(secured.model_copy(update=changes))
    with pytest.raises(TransientError):
        await store.ping()
    store.close()
