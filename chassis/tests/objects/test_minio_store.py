"""What is MinIO's own: staged parts, buckets, and servers in trouble."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest
from minio import Minio
from pydantic import SecretStr, ValidationError

from invoiceflow_chassis.errors import ObjectNotFoundError, StorageFullError, TransientError
from invoiceflow_chassis.objects.minio import MinioObjectStore
from invoiceflow_chassis.objects.settings import ObjectStoreSettings
from invoiceflow_contracts.content import ContentRef

BUCKET = "test-originals"
MEBIBYTE = 1024 * 1024


def client(settings: ObjectStoreSettings) -> Minio:
    return Minio(
        settings.endpoint, settings.access_key.get_secret_value(), settings.secret_key.get_secret_value(), secure=False
    )


async def stream(size: int, *, breaks: bool = False) -> AsyncIterator[bytes]:
    for _ in range(size // MEBIBYTE):
        yield b"a" * MEBIBYTE
    if breaks:
        raise ConnectionResetError


@pytest.mark.engine
@pytest.mark.parametrize("breaks", [False, True])
async def test_no_staged_part_is_left(
    minio_store: MinioObjectStore, minio_settings: ObjectStoreSettings, tenant: str, *, breaks: bool
) -> None:
    bucket = f"staging-{uuid4().hex}"
    await minio_store.ensure_buckets([bucket])
    try:
        await minio_store.receive(
            tenant, bucket, stream(30 * MEBIBYTE, breaks=breaks), media_type="application/pdf", max_size=99 * MEBIBYTE
        )
    except ConnectionResetError:
        assert breaks
    keys = [item.object_name for item in client(minio_settings).list_objects(bucket, recursive=True)]
    assert len(keys) == (0 if breaks else 1)


@pytest.mark.engine
@pytest.mark.parametrize("size", [MEBIBYTE, 9 * MEBIBYTE])
async def test_the_media_type_is_kept(
    minio_store: MinioObjectStore, minio_settings: ObjectStoreSettings, tenant: str, size: int
) -> None:
    received = await minio_store.receive(tenant, BUCKET, stream(size), media_type="image/png", max_size=size)

    assert client(minio_settings).stat_object(BUCKET, received.ref.key).content_type == "image/png"


@pytest.mark.engine
async def test_making_the_buckets_can_be_repeated(
    minio_store: MinioObjectStore, minio_settings: ObjectStoreSettings
) -> None:
    bucket = f"made-{uuid4().hex}"
    await asyncio.gather(*(minio_store.ensure_buckets([bucket]) for _ in range(3)))
    await minio_store.ensure_buckets([bucket])

    lifecycle = client(minio_settings).get_bucket_lifecycle(bucket)
    assert lifecycle is not None
    assert [rule.expiration.days for rule in lifecycle.rules if rule.expiration] == [1]


@pytest.mark.engine
async def test_storing_into_a_bucket_that_is_missing_can_be_tried_again(
    minio_store: MinioObjectStore, tenant: str
) -> None:
    with pytest.raises(TransientError, match="NoSuchBucket"):
        await minio_store.put(tenant, f"none-{uuid4().hex}", "name", b"1", media_type="text/plain")


@pytest.mark.engine
async def test_wrong_keys_are_noticed_by_the_readiness_check(minio_settings: ObjectStoreSettings) -> None:
    store = MinioObjectStore(minio_settings.model_copy(update={"secret_key": SecretStr("wrong-secret")}))
    with pytest.raises(TransientError, match="SignatureDoesNotMatch"):
        await store.ping()
    store.close()


class Answer(BaseHTTPRequestHandler):
    """A server that gives every request the same answer."""

    status = 503
    body = b""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(self.status)
        self.send_header("Content-Type", "application/xml" if self.body else "text/plain")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_PUT = do_DELETE = answer  # noqa: N815 (named by http.server)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


def error_body(code: str, message: str = "m") -> bytes:
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message><Resource>/</Resource><RequestId>1</RequestId><HostId>1</HostId></Error>'.encode()


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    handler = type("ThisAnswer", (Answer,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def troubled(server: ThreadingHTTPServer) -> Iterator[MinioObjectStore]:
    """A store whose server answers what the test says."""
    store = MinioObjectStore(
        ObjectStoreSettings(
            endpoint=f"127.0.0.1:{server.server_port}",
            access_key=SecretStr("a"),
            secret_key=SecretStr("b"),
            secure=False,
            region="us-east-1",
        )
    )
    yield store
    store.close()


async def try_everything(store: MinioObjectStore) -> list[Exception]:
    """Return how each operation fails."""
    ref = ContentRef(bucket=BUCKET, key="default/a", sha256="0" * 64, size=1, media_type="text/plain")
    failures: list[Exception] = []
    for call in (
        store.put("default", BUCKET, "a", b"1", media_type="text/plain"),
        store.put_new("default", BUCKET, "a", b"1", media_type="text/plain"),
        store.receive("default", BUCKET, stream(MEBIBYTE), media_type="text/plain", max_size=MEBIBYTE),
        store.receive("default", BUCKET, stream(20 * MEBIBYTE), media_type="text/plain", max_size=20 * MEBIBYTE),
        store.find("default", BUCKET, "a"),
        store.get("default", ref),
        store.delete("default", BUCKET, "a"),
        anext(store.names("default", BUCKET)),
        store.ping(),
        store.ensure_buckets([BUCKET]),
    ):
        try:
            await call
        except Exception as error:  # noqa: BLE001 (its type is what the test is about)
            failures.append(error)
    return failures


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "InternalError"), (503, "SlowDown"), (503, ""), (502, ""), (403, "AccessDenied"), (429, "TooManyRequests")],
)
async def test_a_server_in_trouble_can_be_tried_again(
    server: ThreadingHTTPServer, troubled: MinioObjectStore, status: int, code: str
) -> None:
    server.RequestHandlerClass.status = status  # type: ignore[attr-defined]
    server.RequestHandlerClass.body = error_body(code) if code else b""  # type: ignore[attr-defined]

    failures = await try_everything(troubled)

    assert {type(error) for error in failures} == {TransientError}
    assert len(failures) == (9 if code == "AccessDenied" else 10)  # a server that denies the list of buckets is there


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (507, error_body("XMinioStorageFull")),
        (507, b""),
        (400, error_body("XMinioBucketQuotaExceeded")),
        (500, error_body("InternalError", "We encountered an internal error: cause(no space left on device)")),
    ],
)
async def test_a_full_server_is_said(
    server: ThreadingHTTPServer, troubled: MinioObjectStore, status: int, body: bytes
) -> None:
    server.RequestHandlerClass.status = status  # type: ignore[attr-defined]
    server.RequestHandlerClass.body = body  # type: ignore[attr-defined]

    with pytest.raises(StorageFullError):
        await troubled.put("default", BUCKET, "a", b"1", media_type="text/plain")
    with pytest.raises(StorageFullError):
        await troubled.receive("default", BUCKET, stream(20 * MEBIBYTE), media_type="a/b", max_size=20 * MEBIBYTE)


async def test_a_server_that_is_away_can_be_tried_again(unused_port: int) -> None:
    store = MinioObjectStore(
        ObjectStoreSettings(
            endpoint=f"127.0.0.1:{unused_port}", access_key=SecretStr("a"), secret_key=SecretStr("b"), secure=False
        )
    )
    assert {type(error) for error in await try_everything(store)} == {TransientError}
    store.close()


async def test_another_tenants_reference_is_refused_without_asking_the_server(unused_port: int) -> None:
    store = MinioObjectStore(
        ObjectStoreSettings(
            endpoint=f"127.0.0.1:{unused_port}", access_key=SecretStr("a"), secret_key=SecretStr("b"), secure=False
        )
    )
    ref = ContentRef(bucket=BUCKET, key="other/a", sha256="0" * 64, size=1, media_type="text/plain")
    with pytest.raises(ObjectNotFoundError):
        await store.get("default", ref)
    store.close()


def test_there_are_no_default_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOICEFLOW_OBJECTS_ENDPOINT", "minio:9000")
    with pytest.raises(ValidationError, match="access_key"):
        ObjectStoreSettings()  # type: ignore[call-arg]

    monkeypatch.setenv("INVOICEFLOW_OBJECTS_ACCESS_KEY", "key-for-a-test")
    monkeypatch.setenv("INVOICEFLOW_OBJECTS_SECRET_KEY", "secret-for-a-test")
    settings = ObjectStoreSettings()  # type: ignore[call-arg]
    assert settings.secure
    assert "for-a-test" not in repr(settings)
