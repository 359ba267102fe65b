"""The two requests that every document needs several times: PUT of an object held in memory, and GET.

They cost the processor half of what they cost through the SDK, which hands them through several layers and has no way to
say ``If-None-Match``. What is seldom is left to the SDK (see ``minio``). Buckets are named in the path, never in the host.
"""

import re
import ssl
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from types import MappingProxyType
from typing import Any, cast

from invoiceflow_chassis.objects.settings import ObjectStoreSettings
from invoiceflow_chassis.objects.signing import EMPTY_SHA256, Signer, encoded_path, encoded_query

__all__ = ["ObjectSizeError", "S3Requests", "S3StatusError"]

_CODE = re.compile(rb"<Code>([A-Za-z0-9.]+)</Code>")
_MESSAGE = re.compile(rb"<Message>([^<]*)</Message>")
_LOCATION = re.compile(rb"<LocationConstraint[^>]*>([a-z0-9-]+)</LocationConstraint>")
_ERROR_BYTES = 64 * 1024
"""Read of an answer that is no object; the code stands at its beginning."""
_IDLE = 16
"""Connections kept for the next request."""
_DEFAULT_REGION = "us-east-1"


class S3StatusError(Exception):
    """The server refused; ``code`` is S3's name for the reason and ``message`` its sentence, empty where the answer holds none."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code
        self.message = message


class ObjectSizeError(Exception):
    """The object has another size than expected; its bytes were not read."""


class _Answer(HTTPResponse):
    """An answer that is one only if its headers came to their end.

    http.client takes the end of a connection for that of the headers: one that broke off among them would give an empty object, or
    one of another size.
    """

    def begin(self) -> None:
        file, lines = self.fp, _Lines(self.fp)
        self.fp = cast("Any", lines)
        try:
            super().begin()
        finally:
            # Without a body, it is closed already and taken away.
            if self.fp:
                self.fp = file
        if lines.newest not in {b"\r\n", b"\n"}:
            raise IncompleteRead(b"")


class _Lines:
    """Reads lines and remembers the newest."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self.newest = b""

    def readline(self, limit: int = -1) -> bytes:
        self.newest = self.file.readline(limit)
        return self.newest

    def close(self) -> None:
        self.file.close()


class S3Requests:
    """Kept-alive connections to one server. The methods block and may be called from several threads.

    All raise ``S3StatusError``, and ``OSError`` or ``http.client.HTTPException`` where no whole answer came. A request whose
    kept connection turns out to be closed is sent over another: all of them may be repeated.
    """

    def __init__(self, settings: ObjectStoreSettings) -> None:
        self._settings = settings
        self._tls = (
            ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
            if settings.secure
            else None
        )
        self._signer = Signer(settings.access_key.get_secret_value(), settings.secret_key.get_secret_value())
        self._regions: dict[str, str] = {}
        # The newest first, so that those beyond what is needed grow old and are closed by the server.
        self._idle: deque[HTTPConnection] = deque()

    def put(self, bucket: str, key: str, data: bytes, media_type: str, *, only_new: bool = False) -> str | None:
        """Store an object in one step and return its version, where the bucket keeps versions.

        Args:
            bucket: where to.
            key: under which name.
            data: all of it.
            media_type: what it is.
            only_new: refuse with status 412 if there is an object of that key. A server that does not know
                the condition replaces it.
        """
        headers = {"content-type": media_type, **({"if-none-match": "*"} if only_new else {})}
        response, _ = self._send("PUT", bucket, key, headers=headers, body=data)
        return response.getheader("x-amz-version-id")

    def get(self, bucket: str, key: str, version: str | None = None, *, size: int | None = None) -> bytes:
        """Return an object's bytes.

        Raises:
            ObjectSizeError: it is not of ``size`` bytes.
        """
        query = {"versionId": version} if version else {}
        _, data = self._send("GET", bucket, key, query=query, size=size)
        return data

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _send(
        self,
        method: str,
        bucket: str,
        key: str,
        *,
        query: Mapping[str, str] = MappingProxyType({}),
        headers: Mapping[str, str] = MappingProxyType({}),
        body: bytes | None = None,
        size: int | None = None,
        region: str | None = None,
    ) -> tuple[HTTPResponse, bytes]:
        path, encoded = encoded_path(f"/{bucket}/{key}" if key else f"/{bucket}"), encoded_query(query)
        signed = self._signer.headers(
            method,
            path,
            encoded,
            {**headers, "host": self._settings.endpoint},
            payload_sha256=EMPTY_SHA256 if body is None else sha256(body).hexdigest(),
            region=region or self._region(bucket),
            now=datetime.now(UTC),
        )
        return self._exchange(method, f"{path}?{encoded}" if encoded else path, signed, body, size)

    def _region(self, bucket: str) -> str:
        region = self._settings.region or self._regions.get(bucket)
        if region is None:
            _, answer = self._send("GET", bucket, "", query={"location": ""}, region=_DEFAULT_REGION)
            found = _LOCATION.search(answer)
            region = self._regions[bucket] = found[1].decode() if found else _DEFAULT_REGION
        return region

    def _exchange(
        self, method: str, target: str, headers: dict[str, str], body: bytes | None, size: int | None
    ) -> tuple[HTTPResponse, bytes]:
        """Send a request and return its answer, which is a success, with its bytes."""
        while True:
            connection, reused = self._connection()
            try:
                connection.request(method, target, body, headers)
                response = connection.getresponse()
            except (ConnectionError, HTTPException):
                connection.close()
                # Closed by the server while it was idle, most likely; a new one will tell.
                if not reused:
                    raise
            except BaseException:
                connection.close()
                raise
            else:
                break
        try:
            data = self._read(response, size)
        except S3StatusError:
            self._give_back(connection, response)
            raise
        except BaseException:
            connection.close()
            raise
        self._give_back(connection, response)
        return response, data

    def _give_back(self, connection: HTTPConnection, response: HTTPResponse) -> None:
        if response.isclosed() and not response.will_close and len(self._idle) < _IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def _read(self, response: HTTPResponse, size: int | None) -> bytes:
        if response.status >= 300:
            body = response.read(_ERROR_BYTES)
            code, message = _CODE.search(body), _MESSAGE.search(body)
            raise S3StatusError(
                response.status,
                code[1].decode() if code else "",
                message[1].decode(errors="replace") if message else "",
            )
        if size is not None and response.length not in {None, size}:
            raise ObjectSizeError
        return response.read()

    def _connection(self) -> tuple[HTTPConnection, bool]:
        with suppress(IndexError):
            return self._idle.pop(), True
        host, timeout = self._settings.endpoint, self._settings.connect_timeout
        connection = (
            HTTPConnection(host, timeout=timeout)
            if self._tls is None
            else HTTPSConnection(host, timeout=timeout, context=self._tls)
        )
        connection.response_class = _Answer
        connection.connect()
        connection.sock.settimeout(self._settings.read_timeout)
        return connection, False
