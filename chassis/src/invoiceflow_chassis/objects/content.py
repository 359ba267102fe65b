"""What every adapter does with names and bytes, whatever holds them."""

import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterable

from pydantic import TypeAdapter

from invoiceflow_chassis.errors import ContentMismatchError, ContentTooLargeError, ObjectNotFoundError
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.identity import Tenant

__all__ = ["Digest", "blocks", "key_of", "key_of_reference", "prefix_of", "verified"]

_TENANT: TypeAdapter[str] = TypeAdapter(Tenant)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MAX_KEY = 1024
"""Bytes of UTF-8 in a key; the limit of S3."""
_MAX_SEGMENT = 255
"""Bytes of UTF-8 between two slashes; the limit of the common file systems."""


def prefix_of(tenant: str, bucket: str) -> str:
    """Return what every key of ``tenant`` begins with.

    Raises:
        ValueError: one of the two cannot be the name of a tenant or of a bucket.
    """
    _TENANT.validate_python(tenant)
    if not _BUCKET.fullmatch(bucket) or ".." in bucket:
        raise ValueError(f"{bucket!r} cannot be the name of a bucket")
    return f"{tenant}/"


def key_of(tenant: str, bucket: str, name: str) -> str:
    """Return the key of the tenant's object ``name``.

    A name is made of segments parted by slashes. The rules are the strictest of all adapters, so that a name which
    one of them takes is taken by the others, and none leads out of the tenant's own folder.

    Raises:
        ValueError: one of the three is not a name.
    """
    key = prefix_of(tenant, bucket) + name
    segments = name.split("/")
    try:
        lengths = [len(segment.encode()) for segment in segments]
    except UnicodeEncodeError:
        lengths = [0]
    if (
        not all(0 < length <= _MAX_SEGMENT for length in lengths)
        or any(segment in {".", ".."} for segment in segments)
        or any(character < " " or character in "\x7f\\" for character in name)
        or len(key.encode()) > _MAX_KEY
    ):
        raise ValueError(f"{name!r} cannot be the name of an object")
    return key


def key_of_reference(tenant: str, ref: ContentRef) -> str:
    """Return the key that ``ref`` names, once it is found to be the tenant's.

    Raises:
        ObjectNotFoundError: the key is another tenant's, or none at all.
    """
    try:
        if ref.key != key_of(tenant, ref.bucket, ref.key.removeprefix(f"{tenant}/")):
            raise ObjectNotFoundError(ref.bucket, ref.key)
    except ValueError:
        raise ObjectNotFoundError(ref.bucket, ref.key) from None
    return ref.key


def verified(ref: ContentRef, data: bytes) -> bytes:
    """Return ``data`` if they are the bytes of ``ref``.

    Raises:
        ContentMismatchError: they are not.
    """
    if len(data) != ref.size or hashlib.sha256(data).hexdigest() != ref.sha256:
        raise ContentMismatchError(ref.bucket, ref.key)
    return data


class Digest:
    """The size and SHA-256 of a stream while it passes."""

    def __init__(self, max_size: int) -> None:
        self._sha256 = hashlib.sha256()
        self._max_size = max_size
        self.size = 0

    @property
    def sha256(self) -> str:
        """The hash so far, in lower-case hexadecimal."""
        return self._sha256.hexdigest()

    def update(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            ContentTooLargeError: together they are more than allowed.
        """
        self.size += len(chunk)
        if self.size > self._max_size:
            raise ContentTooLargeError(self._max_size)
        self._sha256.update(chunk)


async def blocks(chunks: AsyncIterable[bytes], digest: Digest, size: int) -> AsyncGenerator[bytes, None]:
    """Yield the stream in blocks of exactly ``size`` bytes, but for the last; hashing each chunk as it comes.

    At most one block and one chunk are held at a time. An empty stream yields nothing.
    """
    held = bytearray()
    async for chunk in chunks:
        digest.update(chunk)
        held += chunk
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)
