"""Requests to S3 over connections that servers close, cut and slow down."""

import threading
from collections.abc import Iterator
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from invoiceflow_chassis.errors import TransientError
from invoiceflow_chassis.objects.minio import MinioObjectStore, UnfitStoreError
from invoiceflow_chassis.objects.s3 import ObjectSizeError, S3Requests, S3StatusError
from invoiceflow_chassis.objects.settings import ObjectStoreSettings

LOCATION = b'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-central-1</LocationConstraint>'


class Answering(BaseHTTPRequestHandler):
    """A server that does what the test says, and remembers what it was asked."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    status = 200
    body = b"<Code>none</Code>"
    announced: int | None = None
    """Length in the header where it is not the body's."""
    hang_up = False
    """Whether the connection is closed without a word to the client."""
    cut: int | None = None
    """After how many bytes of an answer the connection breaks off."""
    asked: list[tuple[str, str, str]]
    connections: int

    def setup(self) -> None:
        super().setup()
        type(self).connections += 1

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.asked.append((self.command, self.path, self.headers["Authorization"]))
        body = LOCATION if self.path.endswith("?location=") else self.body
        length = len(body) if self.announced is None else self.announced
        headers = f"HTTP/1.1 {self.status} OK\r\nServer: s3\r\nContent-Length: {length}\r\nETag: e\r\n\r\n"
        self.wfile.write((headers.encode() + body)[: self.cut])
        self.close_connection = self.hang_up or self.announced is not None or self.cut is not None

    do_GET = do_PUT = do_HEAD = do_DELETE = answer  # noqa: N815 (named by http.server)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def server() -> Iterator[type[Answering]]:
    handler = type("ThisAnswering", (Answering,), {"asked": [], "connections": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    handler.port = server.server_port
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def settings(server: type[Answering]) -> ObjectStoreSettings:
    return ObjectStoreSettings(
        endpoint=f"127.0.0.1:{server.port}",  # type: ignore[attr-defined]
        access_key=SecretStr("a"),
        secret_key=SecretStr("b"),
        secure=False,
        connect_timeout=2,
        read_timeout=2,
    )


@pytest.fixture
def requests(settings: ObjectStoreSettings) -> Iterator[S3Requests]:
    requests = S3Requests(settings)
    yield requests
    requests.close()


def test_the_region_is_asked_for_once_and_signed_for(server: type[Answering], requests: S3Requests) -> None:
    requests.put("bucket", "t/a b", b"1", "text/plain")
    requests.get("bucket", "t/a b", "v 1")

    assert [(method, path) for method, path, _ in server.asked] == [
        ("GET", "/bucket?location="),
        ("PUT", "/bucket/t/a%20b"),
        ("GET", "/bucket/t/a%20b?versionId=v%201"),
    ]
    assert ["us-east-1" in signed for _, _, signed in server.asked] == [True, False, False]
    assert ["eu-central-1" in signed for _, _, signed in server.asked] == [False, True, True]


def test_a_connection_serves_for_many_requests_refused_ones_among_them(
    server: type[Answering], requests: S3Requests
) -> None:
    for status in (200, 404, 200, 503, 200):
        server.status = status
        if status == 200:
            assert requests.get("bucket", "a") == server.body
        else:
            with pytest.raises(S3StatusError, match=f"{status} none"):
                requests.get("bucket", "a")
    assert server.connections == 1


def test_a_connection_that_was_closed_while_idle_is_replaced(server: type[Answering], requests: S3Requests) -> None:
    server.hang_up = True
    for _ in range(3):
        assert requests.get("bucket", "a") == server.body
    assert server.connections == 4, "one asked for the region"


def test_an_answer_that_breaks_off_is_none(server: type[Answering], requests: S3Requests) -> None:
    requests.get("bucket", "a")
    server.announced = 1000
    with pytest.raises(HTTPException):
        requests.get("bucket", "a")

    server.announced = None
    assert requests.get("bucket", "a") == server.body


@pytest.mark.parametrize("size", [None, 17])
def test_wherever_an_answer_breaks_off_it_is_none_and_no_other_object(
    server: type[Answering], requests: S3Requests, size: int | None
) -> None:
    whole = b"HTTP/1.1 200 OK\r\nServer: s3\r\nContent-Length: 17\r\nETag: e\r\n\r\n" + server.body
    assert requests.get("bucket", "a", size=size) == server.body
    for server.cut in range(len(whole)):
        with pytest.raises((HTTPException, ConnectionError)):
            requests.get("bucket", "a", size=size)
    server.cut = None
    assert requests.get("bucket", "a", size=size) == server.body


def test_an_object_of_another_size_is_not_read(server: type[Answering], requests: S3Requests) -> None:
    assert requests.get("bucket", "a", size=len(server.body)) == server.body
    server.announced = 10**12
    with pytest.raises(ObjectSizeError):
        requests.get("bucket", "a", size=len(server.body))


@pytest.mark.usefixtures("server")
async def test_a_server_that_knows_no_conditions_is_refused(settings: ObjectStoreSettings) -> None:
    store = MinioObjectStore(settings)
    with pytest.raises(UnfitStoreError, match="If-None-Match"):
        await store.ensure_buckets(["bucket"])
    store.close()


async def test_a_list_that_breaks_off_is_to_be_asked_for_again(
    server: type[Answering], settings: ObjectStoreSettings
) -> None:
    store = MinioObjectStore(settings)
    server.body = b"<ListBucketResult><Name>bucket"
    with pytest.raises(TransientError):
        await anext(store.names("tenant", "bucket"))
    store.close()
