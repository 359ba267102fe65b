"""Objects in memory, for tests: the same behaviour, gone with the process."""

from collections.abc import AsyncIterable, AsyncIterator

from invoiceflow_chassis.errors import ObjectNotFoundError
from invoiceflow_chassis.objects.content import Digest, key_of, key_of_reference, prefix_of, verified
from invoiceflow_chassis.ports import Received
from invoiceflow_contracts.content import ContentRef

__all__ = ["MemoryObjectStore"]


class MemoryObjectStore:
    """An ``ObjectStore`` that is a dictionary.

    ``fail_with`` makes every operation raise, as a store does that is away.
    """

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        """The bytes by bucket and key."""
        self.fail_with: Exception | None = None

    async def receive(
        self, tenant: str, bucket: str, chunks: AsyncIterable[bytes], *, media_type: str, max_size: int
    ) -> Received:
        prefix_of(tenant, bucket)
        self._check()
        digest = Digest(max_size)
        data = bytearray()
        async for chunk in chunks:
            digest.update(chunk)
            data += chunk
        is_new = (bucket, key_of(tenant, bucket, digest.sha256)) not in self.objects
        ref = await self.put(tenant, bucket, digest.sha256, bytes(data), media_type=media_type)
        return Received(ref, is_new=is_new)

    async def put(self, tenant: str, bucket: str, name: str, data: bytes, *, media_type: str) -> ContentRef:
        key = key_of(tenant, bucket, name)
        self._check()
        digest = Digest(len(data))
        digest.update(data)
        self.objects[bucket, key] = data
        return ContentRef(bucket=bucket, key=key, sha256=digest.sha256, size=digest.size, media_type=media_type)

    async def put_new(self, tenant: str, bucket: str, name: str, data: bytes, *, media_type: str) -> bool:
        if (bucket, key_of(tenant, bucket, name)) in self.objects:
            self._check()
            return False
        await self.put(tenant, bucket, name, data, media_type=media_type)
        return True

    async def get(self, tenant: str, ref: ContentRef) -> bytes:
        key = key_of_reference(tenant, ref)
        self._check()
        try:
            return verified(ref, self.objects[ref.bucket, key])
        except KeyError:
            raise ObjectNotFoundError(ref.bucket, ref.key) from None

    async def find(self, tenant: str, bucket: str, name: str) -> bytes | None:
        self._check()
        return self.objects.get((bucket, key_of(tenant, bucket, name)))

    async def names(self, tenant: str, bucket: str, prefix: str = "") -> AsyncIterator[str]:
        start = prefix_of(tenant, bucket)
        self._check()
        for name in sorted(key.removeprefix(start) for b, key in self.objects if b == bucket and key.startswith(start)):
            if name.startswith(prefix):
                yield name

    async def delete(self, tenant: str, bucket: str, name: str) -> None:
        self._check()
        self.objects.pop((bucket, key_of(tenant, bucket, name)), None)

    async def ping(self) -> None:
        self._check()

    def _check(self) -> None:
        if self.fail_with is not None:
            raise self.fail_with
