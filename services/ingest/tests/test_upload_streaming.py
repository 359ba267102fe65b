"""A large upload passes through; it is never held."""

import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from invoiceflow_chassis.objects.directory import DirectoryObjectStore
from invoiceflow_chassis.testing import RecordingPublisher
from invoiceflow_ingest.settings import IngestSettings

MEBIBYTE = 1024 * 1024
CHUNK = b"0123456789abcdef" * 4096
HEADERS = {"Content-Type": "multipart/form-data; boundary=b"}


class Body:
    """A form with one PDF of ``size`` bytes, made while it is sent."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'
        while self.sent < self.size:
            self.sent += len(CHUNK)
            yield CHUNK
        yield b"\r\n--b--\r\n"


@pytest.fixture
def settings() -> IngestSettings:
    return IngestSettings.model_validate(
        {"max_file_size": 50 * MEBIBYTE, "max_request_size": 300 * MEBIBYTE, "max_files": 2}
    )


@pytest.fixture
def objects(tmp_path: Path) -> DirectoryObjectStore:
    return DirectoryObjectStore(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "status"), [(49 * MEBIBYTE, 202), (200 * MEBIBYTE, 413)])
async def test_memory_does_not_grow_with_the_upload(
    client: httpx.AsyncClient, publisher: RecordingPublisher, tmp_path: Path, size: int, status: int
) -> None:
    await client.post("/v1/documents", content=Body(MEBIBYTE), headers=HEADERS)  # loads what is loaded on first use
    publisher.published.clear()
    body = Body(size)
    tracemalloc.start()
    try:
        response = await client.post("/v1/documents", content=body, headers=HEADERS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert response.status_code == status
    assert body.sent >= size
    assert peak < 10 * MEBIBYTE
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size > 2 * MEBIBYTE]  # noqa: ASYNC240
    assert len(files) == len(publisher.published) == (1 if status == 202 else 0)


async def test_no_more_is_taken_from_the_socket_than_the_store_takes(client: httpx.AsyncClient) -> None:
    """The store's block is a mebibyte: the sender is at most that and a chunk ahead of it."""
    body = Body(4 * MEBIBYTE)
    ahead = []
    receive = DirectoryObjectStore.receive

    async def watching(self: DirectoryObjectStore, tenant: str, bucket: str, chunks, **kwargs):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN003, ANN202
        async def watched() -> AsyncIterator[bytes]:
            taken = 0
            async for chunk in chunks:
                taken += len(chunk)
                ahead.append(body.sent - taken)
                yield chunk

        return await receive(self, tenant, bucket, watched(), **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DirectoryObjectStore, "receive", watching)
        response = await client.post("/v1/documents", content=body, headers=HEADERS)

    assert response.status_code == 202
    assert max(ahead) <= 2 * len(CHUNK)
