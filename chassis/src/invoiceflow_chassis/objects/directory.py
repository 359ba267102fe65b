"""Objects as files in a local directory: the store of the embedded default (POSIX)."""

import errno
import fcntl
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from invoiceflow_chassis.errors import ContentMismatchError, ObjectNotFoundError, StorageFullError, TransientError
from invoiceflow_chassis.objects.content import Digest, blocks, key_of, key_of_reference, prefix_of, verified
from invoiceflow_chassis.objects.threads import in_thread
from invoiceflow_chassis.ports import Received
from invoiceflow_contracts.content import ContentRef

__all__ = ["DirectoryObjectStore"]

_BLOCK = 1024 * 1024
"""Bytes per call of write: few enough to hold, enough for the hop to a thread not to matter."""
_INCOMING = ".incoming"
"""Where files grow before they get their name; no bucket's name begins with a dot."""


class DirectoryObjectStore:
    """An ``ObjectStore`` whose object ``key`` in ``bucket`` is the file ``root/bucket/key``.

    A file gets its name only when all its bytes are on the disk, so a reader or a crash never sees half an object.
    The one thing a directory cannot hold is an object whose name is a folder in another's (``a`` beside ``a/b``):
    ``ValueError``.
    Several processes may share a directory.
    """

    def __init__(self, root: Path) -> None:
        """Make the directory if need be, and remove what killed processes left unfinished."""
        self._root = root
        self._incoming = root / _INCOMING
        with _storage_errors():
            self._incoming.mkdir(parents=True, exist_ok=True)
            for path in self._incoming.iterdir():
                _remove_if_abandoned(path)

    async def receive(
        self, tenant: str, bucket: str, chunks: AsyncIterable[bytes], *, media_type: str, max_size: int
    ) -> Received:
        prefix_of(tenant, bucket)
        digest = Digest(max_size)
        growing = _GrowingFile(self._incoming)
        try:
            await in_thread(growing.open)
            async with aclosing(blocks(chunks, digest, _BLOCK)) as stream:
                async for block in stream:
                    await in_thread(partial(growing.write, block))
            key = key_of(tenant, bucket, digest.sha256)
            is_new = await in_thread(lambda: growing.keep(self._root / bucket / key))
        finally:
            await in_thread(growing.discard)
        ref = ContentRef(bucket=bucket, key=key, sha256=digest.sha256, size=digest.size, media_type=media_type)
        return Received(ref, is_new=is_new)

    async def put(self, tenant: str, bucket: str, name: str, data: bytes, *, media_type: str) -> ContentRef:
        key = key_of(tenant, bucket, name)
        digest = Digest(len(data))

        def write() -> None:
            digest.update(data)
            growing = _GrowingFile(self._incoming)
            try:
                growing.open()
                growing.write(data)
                growing.keep(self._root / bucket / key)
            finally:
                growing.discard()

        await in_thread(write)
        return ContentRef(bucket=bucket, key=key, sha256=digest.sha256, size=digest.size, media_type=media_type)

    async def put_new(self, tenant: str, bucket: str, name: str, data: bytes, *, media_type: str) -> bool:  # noqa: ARG002
        key = key_of(tenant, bucket, name)

        def write() -> bool:
            growing = _GrowingFile(self._incoming)
            try:
                growing.open()
                growing.write(data)
                return growing.keep(self._root / bucket / key, only_new=True)
            finally:
                growing.discard()

        return await in_thread(write)

    async def get(self, tenant: str, ref: ContentRef) -> bytes:
        path = self._root / ref.bucket / key_of_reference(tenant, ref)

        def read() -> bytes | None:
            try:
                with path.open("rb") as file:
                    # A file that grew is not read whole only to be refused.
                    if os.fstat(file.fileno()).st_size != ref.size:
                        raise ContentMismatchError(ref.bucket, ref.key)
                    return verified(ref, file.read())
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None

        with _storage_errors():
            data = await in_thread(read)
        if data is None:
            raise ObjectNotFoundError(ref.bucket, ref.key)
        return data

    async def find(self, tenant: str, bucket: str, name: str) -> bytes | None:
        path = self._root / bucket / key_of(tenant, bucket, name)

        def read() -> bytes | None:
            try:
                return path.read_bytes()
            except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                return None

        with _storage_errors():
            return await in_thread(read)

    async def names(self, tenant: str, bucket: str, prefix: str = "") -> AsyncIterator[str]:
        start = prefix_of(tenant, bucket)
        folder = self._root / bucket / start
        with _storage_errors():
            names = await in_thread(lambda: list(_walk(folder, "", prefix)))
        for name in names:
            yield name

    async def delete(self, tenant: str, bucket: str, name: str) -> None:
        path = self._root / bucket / key_of(tenant, bucket, name)

        def remove() -> None:
            with suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError):
                path.unlink()
                _sync_folder(path.parent)

        with _storage_errors():
            await in_thread(remove)

    async def ping(self) -> None:
        def write() -> None:
            growing = _GrowingFile(self._incoming)
            try:
                growing.open()
                growing.write(b"ping")
            finally:
                growing.discard()

        await in_thread(write)


class _GrowingFile:
    """A file that gets its name when it is whole, or goes without a trace. Its methods block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path: Path | None = None
        self._file: BinaryIO | None = None

    def open(self) -> None:
        """Make the file, locked, so that no other process takes it for a dead one's."""
        with _storage_errors():
            while self._file is None or os.fstat(self._file.fileno()).st_nlink == 0:
                if self._file is not None:
                    self._file.close()  # a process that started just now removed it before it was locked
                self._path = self._folder / uuid4().hex
                self._file = self._path.open("xb")
                fcntl.flock(self._file, fcntl.LOCK_EX)

    def write(self, data: bytes) -> None:
        assert self._file is not None  # noqa: S101 (for the type checker: open came before)
        with _storage_errors():
            self._file.write(data)

    def keep(self, target: Path, *, only_new: bool = False) -> bool:
        """Give the file its name, durably, in place of what had it unless ``only_new``; return whether nothing had."""
        assert self._path is not None  # noqa: S101
        assert self._file is not None  # noqa: S101
        with _storage_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            try:
                _make_folder(target.parent)
                is_new = not target.exists()
                if not only_new:
                    self._path.replace(target)
                elif not is_new or not _linked(self._path, target):
                    return False
            except (FileExistsError, IsADirectoryError, NotADirectoryError):
                raise ValueError(
                    f"{target.name!r} cannot stand beside an object whose name is a folder in it"
                ) from None
            if not only_new:
                self._path = None
            _sync_folder(target.parent)
        return is_new

    def discard(self) -> None:
        """Close the file, and remove it if it did not get a name."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()  # may want to flush what there was no room for
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def _linked(path: Path, target: Path) -> bool:
    """Give the file a second name, and return whether it was free; of several processes one gets it."""
    try:
        target.hardlink_to(path)
    except FileExistsError:
        return False
    return True


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _remove_if_abandoned(path: Path) -> None:
    with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _walk(folder: Path, name: str, prefix: str) -> Iterator[str]:
    """Yield the names below ``folder`` that begin with ``prefix``, in the order of their characters."""
    try:
        entries = [(entry.name, entry.is_dir()) for entry in os.scandir(folder)]
    except (FileNotFoundError, NotADirectoryError):
        return
    for full, is_folder in sorted((f"{name}{entry}/" if is_dir else name + entry, is_dir) for entry, is_dir in entries):
        if is_folder:
            if full.startswith(prefix) or prefix.startswith(full):
                yield from _walk(folder / full.removeprefix(name), full, prefix)
        elif full.startswith(prefix):
            yield full


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Turn what the file system says into what the port says."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFullError from error
        raise TransientError(
            "storage_unavailable", f"The object store cannot be used ({error.strerror}). Try again later."
        ) from error
