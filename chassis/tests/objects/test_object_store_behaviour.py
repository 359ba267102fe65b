"""What every object store does, whatever holds the bytes."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from invoiceflow_chassis.errors import ContentMismatchError, ContentTooLargeError, ObjectNotFoundError
from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_contracts.content import ContentRef

BUCKET = "test-originals"
PDF = "application/pdf"
MEBIBYTE = 1024 * 1024


class Stream:
    """Bytes in chunks, that breaks off after them if told to."""

    def __init__(self, *chunks: bytes, breaks: bool = False) -> None:
        self._chunks = chunks
        self._breaks = breaks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            await asyncio.sleep(0)
            yield chunk
        if self._breaks:
            raise ConnectionResetError


async def receive(store: ObjectStore, tenant: str, *chunks: bytes, max_size: int = 100 * MEBIBYTE) -> ContentRef:
    received = await store.receive(tenant, BUCKET, Stream(*chunks), media_type=PDF, max_size=max_size)
    return received.ref


async def names(store: ObjectStore, tenant: str, prefix: str = "") -> list[str]:
    return [name async for name in store.names(tenant, BUCKET, prefix)]


async def test_a_stream_is_stored_under_its_hash(store: ObjectStore, tenant: str) -> None:
    ref = await receive(store, tenant, b"%PDF", b"", b"-1.7")

    sha256 = hashlib.sha256(b"%PDF-1.7").hexdigest()
    assert (ref.bucket, ref.key, ref.sha256, ref.size, ref.media_type) == (
        BUCKET,
        f"{tenant}/{sha256}",
        sha256,
        8,
        PDF,
    )
    assert await store.get(tenant, ref) == b"%PDF-1.7"
    assert await names(store, tenant) == [sha256]


@pytest.mark.parametrize("size", [0, 1, 8 * MEBIBYTE - 1, 8 * MEBIBYTE, 8 * MEBIBYTE + 1, 24 * MEBIBYTE + 7])
async def test_a_stream_of_any_length_is_stored_whole(store: ObjectStore, tenant: str, size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    data = data[:size]
    ref = await receive(store, tenant, *(data[at : at + 1_000_003] for at in range(0, size, 1_000_003)))

    assert ref.sha256 == hashlib.sha256(data).hexdigest()
    assert ref.size == size
    assert await store.get(tenant, ref) == data
    assert await names(store, tenant) == [ref.sha256]


async def test_the_same_bytes_again_are_the_same_object(store: ObjectStore, tenant: str) -> None:
    first = await receive(store, tenant, b"invoice")
    second = await receive(store, tenant, b"inv", b"oice")

    assert (first.key, first.sha256) == (second.key, second.sha256)
    assert await names(store, tenant) == [first.sha256]
    assert await store.get(tenant, first) == await store.get(tenant, second) == b"invoice"


async def test_only_bytes_that_were_not_there_are_new(store: ObjectStore, tenant: str) -> None:
    async def is_new(data: bytes) -> bool:
        return (await store.receive(tenant, BUCKET, Stream(data), media_type=PDF, max_size=9)).is_new

    assert await is_new(b"invoice")
    assert not await is_new(b"invoice")
    assert await is_new(b"another")
    await store.delete(tenant, BUCKET, hashlib.sha256(b"invoice").hexdigest())
    assert await is_new(b"invoice")


@pytest.mark.parametrize("size", [9, 9 * MEBIBYTE])
async def test_the_same_bytes_at_the_same_time_are_one_object(store: ObjectStore, tenant: str, size: int) -> None:
    refs = await asyncio.gather(*(receive(store, tenant, b"x" * size) for _ in range(5)))

    assert len({ref.key for ref in refs}) == 1
    assert await names(store, tenant) == [refs[0].sha256]
    for ref in refs:
        assert await store.get(tenant, ref) == b"x" * size


@pytest.mark.parametrize("limit", [5, 17 * MEBIBYTE])
async def test_a_stream_above_the_limit_leaves_nothing(store: ObjectStore, tenant: str, limit: int) -> None:
    with pytest.raises(ContentTooLargeError) as caught:
        await receive(store, tenant, b"a" * limit, b"b", max_size=limit)

    assert caught.value.limit == limit
    assert await names(store, tenant) == []


async def test_a_stream_of_exactly_the_limit_is_taken(store: ObjectStore, tenant: str) -> None:
    ref = await receive(store, tenant, b"12345", max_size=5)
    assert await store.get(tenant, ref) == b"12345"


@pytest.mark.parametrize("sent", [3, 17 * MEBIBYTE])
async def test_a_stream_that_breaks_off_leaves_nothing(store: ObjectStore, tenant: str, sent: int) -> None:
    with pytest.raises(ConnectionResetError):
        await store.receive(tenant, BUCKET, Stream(b"a" * sent, breaks=True), media_type=PDF, max_size=100 * MEBIBYTE)
    assert await names(store, tenant) == []


@pytest.mark.parametrize("sent", [3, 17 * MEBIBYTE])
async def test_a_cancelled_stream_leaves_nothing(store: ObjectStore, tenant: str, sent: int) -> None:
    waiting = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"a" * sent
        waiting.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.receive(tenant, BUCKET, stalled(), media_type=PDF, max_size=100 * MEBIBYTE))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await names(store, tenant) == []


async def test_what_is_put_is_found_under_its_name(store: ObjectStore, tenant: str) -> None:
    ref = await store.put(tenant, BUCKET, "accepted/1.json", b"{}", media_type="application/json")

    assert ref.key == f"{tenant}/accepted/1.json"
    assert ref.sha256 == hashlib.sha256(b"{}").hexdigest()
    assert ref.media_type == "application/json"
    assert await store.find(tenant, BUCKET, "accepted/1.json") == b"{}"
    assert await store.get(tenant, ref) == b"{}"


async def test_put_replaces_what_was_there(store: ObjectStore, tenant: str) -> None:
    old = await store.put(tenant, BUCKET, "record", b"old", media_type="text/plain")
    await store.put(tenant, BUCKET, "record", b"newer", media_type="text/plain")

    assert await store.find(tenant, BUCKET, "record") == b"newer"
    with pytest.raises(ContentMismatchError):
        await store.get(tenant, old)


async def test_put_new_leaves_what_is_there(store: ObjectStore, tenant: str) -> None:
    assert await store.put_new(tenant, BUCKET, "a/record", b"first", media_type="text/plain")
    assert not await store.put_new(tenant, BUCKET, "a/record", b"second", media_type="text/plain")
    assert await store.find(tenant, BUCKET, "a/record") == b"first"
    await store.delete(tenant, BUCKET, "a/record")
    assert await store.put_new(tenant, BUCKET, "a/record", b"third", media_type="text/plain")
    assert await names(store, tenant) == ["a/record"]


async def test_of_several_that_put_the_same_name_at_the_same_time_one_succeeds(store: ObjectStore, tenant: str) -> None:
    data = [b"%d" % number for number in range(8)]
    done = await asyncio.gather(
        *(store.put_new(tenant, BUCKET, "record", each, media_type="text/plain") for each in data)
    )
    assert done.count(True) == 1
    assert await store.find(tenant, BUCKET, "record") == data[done.index(True)]


@pytest.mark.parametrize("altered", [b"invoicE", b"invoice and more", b""])
async def test_altered_bytes_are_noticed(store: ObjectStore, tenant: str, altered: bytes) -> None:
    ref = await receive(store, tenant, b"invoice")
    await store.put(tenant, BUCKET, ref.sha256, altered, media_type=PDF)

    with pytest.raises(ContentMismatchError) as caught:
        await store.get(tenant, ref)
    assert caught.value.code == "content_mismatch"


async def test_altered_bytes_are_healed_by_sending_them_again(store: ObjectStore, tenant: str) -> None:
    ref = await receive(store, tenant, b"invoice")
    await store.put(tenant, BUCKET, ref.sha256, b"altered", media_type=PDF)
    ref = await receive(store, tenant, b"invoice")

    assert await store.get(tenant, ref) == b"invoice"


async def test_tenants_do_not_see_each_other(store: ObjectStore, tenant: str) -> None:
    other = f"{tenant}-2"
    mine = await receive(store, tenant, b"mine")
    await store.put(tenant, BUCKET, "record", b"mine", media_type="text/plain")

    assert await names(store, other) == []
    assert await store.find(other, BUCKET, "record") is None
    with pytest.raises(ObjectNotFoundError):
        await store.get(other, mine)
    await store.delete(other, BUCKET, "record")
    assert await store.find(tenant, BUCKET, "record") == b"mine"


@pytest.mark.parametrize(
    "key",
    ["{other}/secret", "{tenant}/../{other}/secret", "../{other}/secret", "/{other}/secret", "{tenant}", "secret"],
)
async def test_a_reference_that_leads_elsewhere_names_no_object(store: ObjectStore, tenant: str, key: str) -> None:
    other = f"{tenant}-2"
    secret = await store.put(other, BUCKET, "secret", b"theirs", media_type="text/plain")
    ref = secret.model_copy(update={"key": key.format(tenant=tenant, other=other)})

    with pytest.raises(ObjectNotFoundError) as caught:
        await store.get(tenant, ref)
    assert caught.value.code == "object_not_found"


async def test_a_reference_to_nothing(store: ObjectStore, tenant: str) -> None:
    ref = ContentRef(bucket=BUCKET, key=f"{tenant}/missing", sha256="0" * 64, size=1, media_type=PDF)

    for absent in (
        ref,
        ref.model_copy(update={"bucket": f"none-{uuid4().hex}"}),
        ref.model_copy(update={"bucket": ".."}),
    ):
        with pytest.raises(ObjectNotFoundError):
            await store.get(tenant, absent)
    assert await store.find(tenant, BUCKET, "missing") is None


async def test_a_folder_is_not_an_object(store: ObjectStore, tenant: str) -> None:
    await store.put(tenant, BUCKET, "folder/record", b"1", media_type="text/plain")

    assert await store.find(tenant, BUCKET, "folder") is None
    assert await store.find(tenant, BUCKET, "folder/record/deeper") is None
    await store.delete(tenant, BUCKET, "folder")
    assert await names(store, tenant) == ["folder/record"]


async def test_names_are_sorted_and_begin_with_the_prefix(store: ObjectStore, tenant: str) -> None:
    for name in ("b", "a/2", "a/10", "a-b", "a.b", "ab", "a/deep/1", "ä", "Z"):
        await store.put(tenant, BUCKET, name, b"", media_type="text/plain")

    assert await names(store, tenant) == ["Z", "a-b", "a.b", "a/10", "a/2", "a/deep/1", "ab", "b", "ä"]
    assert await names(store, tenant, "a/") == ["a/10", "a/2", "a/deep/1"]
    assert await names(store, tenant, "a/d") == ["a/deep/1"]
    assert await names(store, tenant, "a") == ["a-b", "a.b", "a/10", "a/2", "a/deep/1", "ab"]
    assert await names(store, tenant, "none/") == []


async def test_names_in_a_bucket_without_objects(store: ObjectStore, tenant: str) -> None:
    assert [name async for name in store.names(tenant, f"none-{uuid4().hex}")] == []


@pytest.mark.parametrize("name", ["Rechnung Müller & Söhne.pdf", "請求書/2024年.pdf", "a+b=c?d#e%20.pdf", "e\u0301"])
async def test_names_in_any_script(store: ObjectStore, tenant: str, name: str) -> None:
    ref = await store.put(tenant, BUCKET, name, b"data", media_type=PDF)

    assert await store.find(tenant, BUCKET, name) == b"data"
    assert await store.get(tenant, ref) == b"data"
    assert await names(store, tenant) == [name]
    await store.delete(tenant, BUCKET, name)
    assert await names(store, tenant) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "a/../b",
        "../t/a",
        "a\\b",
        "a\0b",
        "a\nb",
        "x" * 256,
        "\ud800",
        "d/" * 600 + "a",
    ],
)
async def test_a_name_that_is_none_is_refused(store: ObjectStore, tenant: str, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        await store.put(tenant, BUCKET, name, b"", media_type=PDF)
    with pytest.raises(ValueError, match="cannot be the name"):
        await store.find(tenant, BUCKET, name)


@pytest.mark.parametrize(
    ("bad_tenant", "bucket"), [("..", BUCKET), ("a/b", BUCKET), ("", BUCKET), ("t", "../x"), ("t", "A")]
)
async def test_a_tenant_or_bucket_that_is_none_is_refused(store: ObjectStore, bad_tenant: str, bucket: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (worded by pydantic for one, by us for the other)
        await store.put(bad_tenant, bucket, "a", b"", media_type=PDF)
    with pytest.raises(ValueError):  # noqa: PT011
        await store.receive(bad_tenant, bucket, Stream(b"a"), media_type=PDF, max_size=9)


async def test_delete_can_be_repeated(store: ObjectStore, tenant: str) -> None:
    await store.put(tenant, BUCKET, "record", b"1", media_type="text/plain")

    await store.delete(tenant, BUCKET, "record")
    await store.delete(tenant, BUCKET, "record")
    assert await store.find(tenant, BUCKET, "record") is None


async def test_a_store_that_is_there_answers(store: ObjectStore) -> None:
    await store.ping()
