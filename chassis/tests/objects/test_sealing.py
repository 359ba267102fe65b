"""What is kept is recalled whole or not at all."""

import pytest

from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.objects.sealing import SEALED, keep, keep_first, recall

BUCKET, NAME = "results", "ocr/1.json"
DATA = b'{"pages": 2}\n'


@pytest.fixture
async def objects() -> MemoryObjectStore:
    objects = MemoryObjectStore()
    await keep(objects, "acme", BUCKET, NAME, DATA)
    return objects


async def stored(objects: MemoryObjectStore) -> bytes:
    found = await objects.find("acme", BUCKET, NAME + SEALED)
    assert found is not None
    return found


async def put(objects: MemoryObjectStore, data: bytes, *, tenant: str = "acme", name: str = NAME) -> None:
    await objects.put(tenant, BUCKET, name + SEALED, data, media_type="application/octet-stream")


@pytest.mark.parametrize("data", [DATA, b"", b"\x00\xff\n"])
async def test_what_was_kept_is_recalled(data: bytes) -> None:
    objects = MemoryObjectStore()
    await keep(objects, "acme", BUCKET, NAME, b"older")
    await keep(objects, "acme", BUCKET, NAME, data)
    assert await recall(objects, "acme", BUCKET, NAME) == data


async def test_the_first_to_be_kept_stays() -> None:
    objects = MemoryObjectStore()
    assert await keep_first(objects, "acme", BUCKET, NAME, b"first") == b"first"
    assert await keep_first(objects, "acme", BUCKET, NAME, b"second") == b"first"
    assert await recall(objects, "acme", BUCKET, NAME) == b"first"


async def test_what_is_damaged_gives_way_to_what_comes_next(objects: MemoryObjectStore) -> None:
    await put(objects, (await stored(objects))[:-1])
    assert await keep_first(objects, "acme", BUCKET, NAME, b"again") == b"again"
    assert await recall(objects, "acme", BUCKET, NAME) == b"again"


async def test_what_was_never_kept_is_not_there() -> None:
    assert await recall(MemoryObjectStore(), "acme", BUCKET, NAME) is None


async def test_what_was_cut_short_is_not_there(objects: MemoryObjectStore) -> None:
    whole = await stored(objects)
    for length in range(len(whole)):
        await put(objects, whole[:length])
        assert await recall(objects, "acme", BUCKET, NAME) is None


async def test_what_was_changed_is_not_there(objects: MemoryObjectStore) -> None:
    whole = await stored(objects)
    for place in range(len(whole)):
        await put(objects, whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert await recall(objects, "acme", BUCKET, NAME) is None


@pytest.mark.parametrize(("tenant", "name"), [("acme", "ocr/2.json"), ("globex", NAME)])
async def test_what_was_kept_under_another_name_is_not_there(
    objects: MemoryObjectStore, tenant: str, name: str
) -> None:
    await put(objects, await stored(objects), tenant=tenant, name=name)
    assert await recall(objects, tenant, BUCKET, name) is None
