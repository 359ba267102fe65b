"""What is the directory's own: the disk, and processes that die."""

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from invoiceflow_chassis.errors import StorageFullError, TransientError
from invoiceflow_chassis.objects.directory import DirectoryObjectStore

BUCKET = "test-originals"
FULL = Path("/dev/full")


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


async def one(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_what_a_killed_process_left_is_removed_at_the_next_start(tmp_path: Path) -> None:
    program = f"""
import asyncio, os, pathlib
from invoiceflow_chassis.objects.directory import DirectoryObjectStore

async def killed_midway():
    yield b"x" * 3_000_000
    os.kill(os.getpid(), 9)

store = DirectoryObjectStore(pathlib.Path({str(tmp_path)!r}))
asyncio.run(store.receive("default", "{BUCKET}", killed_midway(), media_type="application/pdf", max_size=10**9))
"""
    dead = subprocess.run([sys.executable, "-c", program], check=False)  # noqa: ASYNC221
    assert dead.returncode == -9
    assert len(files(tmp_path)) == 1

    DirectoryObjectStore(tmp_path)

    assert files(tmp_path) == []


async def test_what_a_living_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    store = DirectoryObjectStore(tmp_path)
    started, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        started.set()
        await go_on.wait()
        yield b"y"

    task = asyncio.create_task(store.receive("default", BUCKET, slow(), media_type="text/plain", max_size=10**9))
    await started.wait()
    DirectoryObjectStore(tmp_path)
    go_on.set()
    ref = (await task).ref

    assert await store.get("default", ref) == b"x" * 2_000_000 + b"y"
    assert files(tmp_path) == [f"{BUCKET}/{ref.key}"]


async def test_objects_survive_a_restart(tmp_path: Path) -> None:
    received = await DirectoryObjectStore(tmp_path).receive("default", BUCKET, one(b"1"), media_type="a/b", max_size=9)
    assert await DirectoryObjectStore(tmp_path).get("default", received.ref) == b"1"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_a_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store = DirectoryObjectStore(tmp_path)

    def full(_: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StorageFullError):
            await store.receive("default", BUCKET, one(b"1"), media_type="a/b", max_size=9)
        with pytest.raises(StorageFullError):
            await store.put("default", BUCKET, "name", b"1", media_type="a/b")
    assert files(tmp_path) == []


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
async def test_a_full_file_system_is_said(tmp_path: Path) -> None:
    store = DirectoryObjectStore(tmp_path)
    # The file to grow is a device on which every write fails as on a full disk.
    real_open = Path.open

    def open_full(path: Path, mode: str = "r") -> Any:
        return real_open(FULL, "wb") if mode == "xb" else real_open(path, mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", open_full)
        with pytest.raises(StorageFullError):
            await store.receive("default", BUCKET, one(b"1" * 3_000_000), media_type="a/b", max_size=10**9)


async def test_a_directory_that_is_gone_is_trouble_that_may_pass(tmp_path: Path) -> None:
    root = tmp_path / "objects"
    store = DirectoryObjectStore(root)
    root.rename(tmp_path / "away")

    with pytest.raises(TransientError):
        await store.ping()
    with pytest.raises(TransientError):
        await store.put("default", BUCKET, "name", b"1", media_type="a/b")


async def test_an_object_cannot_be_a_folder_of_another(tmp_path: Path) -> None:
    store = DirectoryObjectStore(tmp_path)
    await store.put("default", BUCKET, "a", b"1", media_type="a/b")
    await store.put("default", BUCKET, "b/c", b"1", media_type="a/b")

    with pytest.raises(ValueError, match="folder"):
        await store.put("default", BUCKET, "a/b", b"1", media_type="a/b")
    with pytest.raises(ValueError, match="folder"):
        await store.put("default", BUCKET, "b", b"1", media_type="a/b")
    assert files(tmp_path) == [f"{BUCKET}/default/a", f"{BUCKET}/default/b/c"]
