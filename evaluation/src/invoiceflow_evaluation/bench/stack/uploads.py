"""Handing documents in with as little work as possible: what the client costs is missing from what is measured."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

__all__ = ["UploadError", "Uploader"]

_BOUNDARY = b"----invoiceflow-bench"
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")
_SECONDS = 60.0


class UploadError(Exception):
    """A document was not accepted; the message holds the answer."""


class Uploader:
    """One kept-alive connection to the gateway."""

    def __init__(self, port: int, api_key: str) -> None:
        self._port = port
        self._authorization = f"Authorization: Bearer {api_key}\r\n".encode()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    @classmethod
    @asynccontextmanager
    async def opened(cls, port: int, api_key: str) -> "AsyncIterator[Uploader]":
        """Connect when it is first needed, and disconnect afterwards."""
        uploader = cls(port, api_key)
        try:
            yield uploader
        finally:
            uploader.close()

    async def upload(self, name: str, data: bytes) -> str:
        """Return the document's id, once it was accepted.

        Raises:
            UploadError: it was refused, or was known already.
        """
        head = (
            b"--"
            + _BOUNDARY
            + b'\r\nContent-Disposition: form-data; name="file"; filename="'
            + name.encode()
            + b'"\r\n\r\n'
        )
        body = head + data + b"\r\n--" + _BOUNDARY + b"--\r\n"
        kind = b"Content-Type: multipart/form-data; boundary=" + _BOUNDARY + b"\r\n"
        status, answer = await self._ask(b"POST /v1/documents", kind, body)
        document = answer.get("documents", [{}])[0]
        if status != 202 or document.get("known", True):
            raise UploadError(f"{name} was not accepted as a new document ({status}): {json.dumps(answer)[:300]}")
        return str(document["document_id"])

    async def document(self, document_id: str) -> dict[str, Any] | None:
        """Return what the API says of a document; None while it has not heard of it."""
        status, answer = await self._ask(f"GET /v1/documents/{document_id}".encode(), b"", b"")
        return answer if status == 200 else None

    def close(self) -> None:
        """Disconnect."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _ask(self, what: bytes, header: bytes, body: bytes) -> tuple[int, dict[str, Any]]:
        """Send a request; over a new connection if the server has closed the idle one."""
        request = b"".join(
            (what, b" HTTP/1.1\r\nHost: localhost\r\n", self._authorization, header)
        ) + b"Content-Length: %d\r\n\r\n" % len(body)
        async with asyncio.timeout(_SECONDS):
            while True:
                kept = self._writer is not None
                if self._reader is None or self._writer is None:
                    self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    self._writer.write(request + body)
                    head = await self._reader.readuntil(b"\r\n\r\n")
                    length = _LENGTH.search(head)
                    answer = await self._reader.readexactly(int(length[1]) if length else 0)
                except (ConnectionError, asyncio.IncompleteReadError):
                    self.close()
                    if not kept:
                        raise
                else:
                    return int(head[9:12]), json.loads(answer or b"{}")
