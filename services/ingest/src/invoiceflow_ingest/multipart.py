"""Reading a ``multipart/form-data`` body (RFC 7578) while it arrives, without keeping it."""

import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

__all__ = ["MultipartError", "Part", "boundary_of", "parts"]

_RFC_5987 = re.compile(r"filename\*\s*=\s*(?:utf-8|iso-8859-1)'[^']*'([^;\s]+)", re.IGNORECASE)


class MultipartError(Exception):
    """The body is not what its header says; the message is a sentence."""


def boundary_of(content_type: str) -> bytes:
    """Return the boundary that a ``Content-Type`` header names.

    Raises:
        MultipartError: it is not multipart/form-data, or names none.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data":
        raise MultipartError("The request is not multipart/form-data. Send the files as form fields named file.")
    if not boundary:
        raise MultipartError("The Content-Type header names no boundary. Let the HTTP client set the header by itself.")
    return boundary


@dataclass
class _Event:
    kind: Literal["headers", "data", "end"]
    data: bytes = b""
    headers: dict[str, bytes] = field(default_factory=dict)


class _Events:
    """What the parser finds, in order, pulled out of the body as it is asked for.

    Nothing is read from the socket before it is wanted, so a slow store slows the sender down.
    """

    def __init__(self, body: AsyncIterator[bytes], boundary: bytes) -> None:
        self._body = body
        self._found: deque[_Event] = deque()
        self._headers: dict[str, bytes] = {}
        self._name = self._value = b""
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._headers_begin,
                    "on_header_field": self._header_name,
                    "on_header_value": self._header_value,
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_part_data": self._data,
                    "on_part_end": lambda: self._found.append(_Event("end")),
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise MultipartError("The boundary in the Content-Type header is too long.") from error

    async def next(self) -> _Event | None:
        """Return what comes next, None after the last part."""
        while not self._found:
            chunk = await anext(self._body, None)
            if chunk is None:
                if self._ended:
                    return None
                raise MultipartError("The request ends before its last boundary. Send it again.")
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise MultipartError("The multipart body is malformed. Check how the client builds it.") from error
        return self._found.popleft()

    def _headers_begin(self) -> None:
        self._headers, self._name, self._value = {}, b"", b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value
        self._name = self._value = b""

    def _headers_finished(self) -> None:
        self._found.append(_Event("headers", headers=self._headers))

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._found.append(_Event("data", data[start:end]))

    def _end(self) -> None:
        self._ended = True


class Part:
    """A field or file of the form; its bytes can be read once, before the next part is asked for."""

    def __init__(self, events: _Events, name: str, filename: str | None) -> None:
        self._events = events
        self._read = False
        self.name = name
        self.filename = filename
        """None for a field that is not a file."""

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they arrive.

        Raises:
            MultipartError: the body breaks off or is malformed.
        """
        while not self._read:
            event = await self._events.next()
            if event is None or event.kind == "end":
                self._read = True
            elif event.kind == "data":
                yield event.data

    async def skip(self) -> None:
        """Let the rest of the bytes pass."""
        async for _ in self.chunks():
            pass


async def parts(body: AsyncIterator[bytes], boundary: bytes) -> AsyncIterator[Part]:
    """Yield the parts of ``body``; what was not read of one is skipped.

    Raises:
        MultipartError: the body breaks off or is malformed.
    """
    events = _Events(body, boundary)
    while (event := await events.next()) is not None:
        if event.kind != "headers":
            continue
        part = _part(events, event.headers)
        yield part
        await part.skip()


def _part(events: _Events, headers: dict[str, bytes]) -> Part:
    disposition = headers.get("content-disposition", b"").decode("latin-1")
    kind, options = parse_options_header(disposition)
    if kind != b"form-data" or b"name" not in options:
        raise MultipartError("A part of the form has no name. Check how the client builds it.")
    filename = _text(options[b"filename"]) if b"filename" in options else None
    if filename is None and (extended := _RFC_5987.search(disposition)):
        # RFC 7578 4.2 forbids this form, and older clients use it for names beyond ASCII all the same.
        filename = unquote(extended[1])
    return Part(events, _text(options[b"name"]), filename)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
