"""Objects in MinIO, or in any other store that speaks S3."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from functools import partial
from http.client import HTTPException
from itertools import islice
from typing import Any, TypeVar
from uuid import uuid4
from xml.etree.ElementTree import ParseError

import urllib3
from minio import Minio
from minio.commonconfig import ComposeSource, Filter
from minio.datatypes import Object
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule

from invoiceflow_chassis.errors import (
    ContentMismatchError,
    ObjectNotFoundError,
    StorageFullError,
    TransientError,
)
from invoiceflow_chassis.objects.content import Digest, blocks, key_of, key_of_reference, prefix_of, verified
from invoiceflow_chassis.objects.s3 import ObjectSizeError, S3Requests, S3StatusError
from invoiceflow_chassis.objects.settings import ObjectStoreSettings
from invoiceflow_chassis.objects.threads import in_thread
from invoiceflow_chassis.ports import Received
from invoiceflow_contracts.content import ContentRef

__all__ = ["MinioObjectStore", "UnfitStoreError"]

_BLOCK = 8 * 1024 * 1024
"""Bytes per staged part. S3 wants 5 MiB at least in all but the last; what fits into one goes straight to its key."""
_INCOMING = ".incoming/"
"""Where parts wait until the hash, and so the key, is known; no tenant's name begins with a dot."""
_PAGE = 1000
"""Names per listing request."""
_MISSING = {"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "InvalidBucketName"}
_THERE = {"PreconditionFailed", "ConditionalRequestConflict"}
_NO_SPACE = "no space left on device"
"""What MinIO tells in the sentence of an InternalError when the disk fills up while it writes."""
_FULL = {"XMinioStorageFull", "XMinioBucketQuotaExceeded", "XMinioAdminBucketQuotaExceeded"}

T = TypeVar("T")


class UnfitStoreError(Exception):
    """The server cannot do what the services rely on; the message is a sentence for who set it up."""


class MinioObjectStore:
    """An ``ObjectStore`` over S3.

    A stream longer than one block is staged part by part, and the parts are put together by the server under the key
    of their hash, in one step: no reader ever sees half an object, and memory holds one block a stream.
    """

    def __init__(self, settings: ObjectStoreSettings) -> None:
        tls: dict[str, Any] = {"ca_certs": str(settings.ca_file)} if settings.ca_file else {}
        self._http = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=settings.connect_timeout, read=settings.read_timeout),
            maxsize=16,
            # One quick second chance, for a connection that the server closed while it was idle. Longer trouble is
            # for the caller to wait out, who does not hold a thread meanwhile.
            retries=urllib3.Retry(total=1, backoff_factor=0.1, raise_on_status=False),
            **tls,
        )
        self._client = Minio(
            settings.endpoint,
            access_key=settings.access_key.get_secret_value(),
            secret_key=settings.secret_key.get_secret_value(),
            secure=settings.secure,
            region=settings.region,
            http_client=self._http,
        )
        self._requests = S3Requests(settings)

    async def ensure_buckets(self, buckets: Iterable[str]) -> None:
        """Make the buckets that do not exist yet.

        A bucket made here forgets by itself, after a day, the parts that a killed process left.

        Raises:
            UnfitStoreError: the server replaces objects though it is asked not to; without that the same document, sent
                again, would be taken for a new one.
        """
        for bucket in buckets:
            await _call(partial(self._ensure_bucket, bucket))
            if not await _call(partial(self._knows_conditions, bucket)):
                raise UnfitStoreError(
                    f"The object store stored an object in bucket {bucket!r} in place of another though it was asked not to (If-None-Match). Use one that knows conditional writes.",
                )

    async def receive(
        self, tenant: str, bucket: str, chunks: AsyncIterable[bytes], *, media_type: str, max_size: int
    ) -> Received:
        prefix_of(tenant, bucket)
        digest = Digest(max_size)
        is_new = False
        staging = f"{_INCOMING}{uuid4().hex}/"
        staged: list[str] = []
        block = b""  # the newest one, which is not staged before it is known that another follows
        try:
            async with aclosing(blocks(chunks, digest, _BLOCK)) as stream:
                async for following in stream:
                    if block:
                        await self._stage(bucket, f"{staging}{len(staged):05}", block, staged)
                    block = following
            key = key_of(tenant, bucket, digest.sha256)
            if staged:
                await self._stage(bucket, f"{staging}{len(staged):05}", block, staged)
                version = await _call(lambda: self._compose(bucket, key, staged, media_type))
            else:
                is_new, version = await _call(lambda: self._put_new(bucket, key, block, media_type))
        finally:
            if staged:
                await _call(lambda: self._remove(bucket, staged))
        ref = ContentRef(
            bucket=bucket, key=key, version=version, sha256=digest.sha256, size=digest.size, media_type=media_type
        )
        return Received(ref, is_new=is_new)

    async def put(self, tenant: str, bucket: str, name: str, data: bytes, *, media_type: str) -> ContentRef:
        key = key_of(tenant, bucket, name)
        digest = Digest(len(data))
        digest.update(data)
        version = await _call(lambda: self._requests.put(bucket, key, data, media_type))
        return ContentRef(
            bucket=bucket, key=key, version=version, sha256=digest.sha256, size=digest.size, media_type=media_type
        )

    async def put_new(self, tenant: str, bucket: str, name: str, data: bytes, *, media_type: str) -> bool:
        key = key_of(tenant, bucket, name)

        def write() -> bool:
            try:
                self._requests.put(bucket, key, data, media_type, only_new=True)
            except S3StatusError as error:
                if error.code not in _THERE:
                    raise
                return False
            return True

        return await _call(write)

    async def get(self, tenant: str, ref: ContentRef) -> bytes:
        key = key_of_reference(tenant, ref)

        def read() -> bytes | None:
            try:
                # What is larger than announced is not read whole only to be refused.
                return verified(ref, self._requests.get(ref.bucket, key, ref.version, size=ref.size))
            except ObjectSizeError:
                raise ContentMismatchError(ref.bucket, ref.key) from None
            except S3StatusError as error:
                if error.code in _MISSING:
                    return None
                raise

        data = await _call(read)
        if data is None:
            raise ObjectNotFoundError(ref.bucket, ref.key)
        return data

    async def find(self, tenant: str, bucket: str, name: str) -> bytes | None:
        key = key_of(tenant, bucket, name)

        def read() -> bytes | None:
            try:
                return self._requests.get(bucket, key)
            except S3StatusError as error:
                if error.code in _MISSING:
                    return None
                raise

        return await _call(read)

    async def names(self, tenant: str, bucket: str, prefix: str = "") -> AsyncIterator[str]:
        start = prefix_of(tenant, bucket)
        listing = self._client.list_objects(bucket, prefix=start + prefix, recursive=True)

        def next_page() -> list[Object]:
            try:
                return list(islice(listing, _PAGE))
            except S3Error as error:
                if error.code == "NoSuchBucket":
                    return []
                raise

        while page := await _call(next_page):
            for item in page:
                if item.object_name is not None:
                    yield item.object_name.removeprefix(start)

    async def delete(self, tenant: str, bucket: str, name: str) -> None:
        key = key_of(tenant, bucket, name)
        await _call(lambda: self._remove(bucket, [key]))

    async def ping(self) -> None:
        def ask() -> None:
            try:
                self._client.list_buckets()
            except S3Error as error:
                # A server that knows the key but keeps its list to itself is there.
                if error.code != "AccessDenied":
                    raise

        await _call(ask)

    def close(self) -> None:
        """Close the idle connections."""
        self._http.clear()
        self._requests.close()

    def _ensure_bucket(self, bucket: str) -> None:
        if self._client.bucket_exists(bucket):
            return
        try:
            self._client.make_bucket(bucket)
        except S3Error as error:
            if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                raise
            return  # another process was faster
        rule = Rule(
            status="Enabled",
            rule_filter=Filter(prefix=_INCOMING),
            rule_id="unfinished-uploads",
            expiration=Expiration(days=1),
        )
        self._client.set_bucket_lifecycle(bucket, LifecycleConfig([rule]))

    def _knows_conditions(self, bucket: str) -> bool:
        key = f"{_INCOMING}{uuid4().hex}"
        try:
            return [self._put_new(bucket, key, b"", "text/plain")[0] for _ in range(2)] == [True, False]
        finally:
            self._remove(bucket, [key])

    async def _stage(self, bucket: str, key: str, block: bytes, staged: list[str]) -> None:
        staged.append(key)  # before it is there: a part whose answer was lost is removed too
        await _call(lambda: self._requests.put(bucket, key, block, "application/octet-stream"))

    def _put_new(self, bucket: str, key: str, data: bytes, media_type: str) -> tuple[bool, str | None]:
        """Store and return whether the key was free; what was there is replaced, since it may have been altered."""
        try:
            return True, self._requests.put(bucket, key, data, media_type, only_new=True)
        except S3StatusError as error:
            if error.code not in _THERE:
                raise
        return False, self._requests.put(bucket, key, data, media_type)

    def _compose(self, bucket: str, key: str, parts: list[str], media_type: str) -> str | None:
        result = self._client.compose_object(
            bucket, key, [ComposeSource(bucket, part) for part in parts], metadata={"Content-Type": media_type}
        )
        return result.version_id

    def _remove(self, bucket: str, keys: list[str]) -> None:
        for key in keys:
            try:
                self._client.remove_object(bucket, key)
            except S3Error as error:
                if error.code not in _MISSING:
                    raise


async def _call(call: Callable[[], T]) -> T:
    """Run ``call`` in a thread and turn what S3 says into what the port says."""
    try:
        return await in_thread(call)
    except S3StatusError as error:
        raise _refused(error.status, error.code, error.message) from error
    except S3Error as error:
        raise _refused(error.response.status, error.code, error.message) from error
    except (ServerError, InvalidResponseError) as error:
        raise _unavailable(error, getattr(error, "status_code", None) or getattr(error, "_code", None)) from error
    # The SDK takes an answer that broke off for XML that does not end.
    except (MinioException, urllib3.exceptions.HTTPError, HTTPException, ParseError, OSError) as error:
        raise _unavailable(error, None) from error


def _refused(status: int, code: str | None, message: str | None) -> TransientError:
    if code in _FULL or status == 507 or _NO_SPACE in (message or ""):
        return StorageFullError()
    reason = code or f"HTTP {status}"
    return TransientError(
        "storage_unavailable", f"The object store refused ({reason}). Check its settings, or try again later."
    )


def _unavailable(error: Exception, status: int | None) -> TransientError:
    if status == 507:
        return StorageFullError()
    reason = f"HTTP {status}" if status else type(error).__name__
    return TransientError("storage_unavailable", f"The object store does not answer ({reason}). Try again later.")
