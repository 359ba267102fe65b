"""Clients that ask over HTTP, as many at a time as wanted, and how long each answer takes.

Two kinds of load. Closed: each client asks again as soon as it has its answer, without a pause; the server is then as busy as it
can be, and what an answer takes is mostly the time in the queue behind the other clients. Open: requests are due at a fixed rate,
whatever the server does, and an answer's time counts from when its request was due, not from when a late client got round to it.

The clients share the processors with the server. So they are lean: requests are bytes made beforehand, and of an answer only the
status and the length are looked at.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

from invoiceflow_evaluation.bench.distribution import Distribution
from invoiceflow_evaluation.bench.query_shapes import Shape

__all__ = ["Load", "LoadError", "Request", "closed_load", "open_load", "requests_of", "warm_up"]

_SEED = 20_266


class LoadError(Exception):
    """An answer was not a page of invoices; the message says to which request."""


@dataclass(frozen=True)
class Request:
    """A request as it goes over the wire."""

    shape: str
    target: str
    data: bytes


@dataclass
class Load:
    """What a load found."""

    seconds: float = 0.0
    client_cpu: float = 0.0
    """Seconds of processor time that the clients took."""
    answers: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds of each answer, by shape."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return sum(map(len, self.answers.values())) / self.seconds

    def distributions(self) -> dict[str, Distribution]:
        return {shape: Distribution.of(answers) for shape, answers in self.answers.items()}

    def overall(self) -> Distribution:
        return Distribution.of([seconds for answers in self.answers.values() for seconds in answers])


def requests_of(shapes: Sequence[Shape], keys: dict[str, str]) -> list[list[Request]]:
    """Return the requests of each shape; ``keys`` has the API key of each tenant."""
    return [
        [
            Request(
                shape.name,
                target,
                f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {keys[shape.tenant]}\r\n\r\n".encode(),
            )
            for target in shape.targets
        ]
        for shape in shapes
    ]


class _Connection(asyncio.Protocol):
    """One client's connection: a request, then its answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._received: list[bytes] = []
        self._missing: int | None = None
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - it is a connection that was asked for
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received.append(data)
        if self._missing is None:
            head, separator, body = b"".join(self._received).partition(b"\r\n\r\n")
            if not separator:
                return
            self._missing = _content_length(head) - len(body)
        else:
            self._missing -= len(data)
        if self._missing <= 0 and self._answer is not None and not self._answer.done():
            self._answer.set_result(self._received[0])

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server has closed the connection"))

    async def ask(self, request: Request) -> None:
        """Send the request and wait for the whole answer.

        Raises:
            LoadError: the answer is not a page.
        """
        assert self._transport is not None  # noqa: S101 - connected
        self._received, self._missing = [], None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request.data)
        try:
            beginning = await self._answer
        except OSError as error:
            raise LoadError(f"{request.target}: {error}") from error
        if not beginning.startswith(b"HTTP/1.1 200"):
            answer = b"".join(self._received).decode(errors="replace")
            raise LoadError(f"{request.target} was answered with {answer[:600]}")

    @property
    def body(self) -> bytes:
        """The last answer without its head."""
        return b"".join(self._received).partition(b"\r\n\r\n")[2]

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            await self._closed.wait()


_Client = Callable[[int, _Connection, Load], Coroutine[None, None, None]]


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise LoadError("an answer has no Content-Length")


async def _connect(port: int) -> _Connection:
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", port)
    return connection


async def warm_up(port: int, requests: Sequence[Sequence[Request]]) -> dict[str, int]:
    """Ask each request once, one after the other; return how many invoices were on the pages of each shape at most."""
    connection = await _connect(port)
    found: dict[str, int] = {}
    try:
        for request in (request for of_shape in requests for request in of_shape):
            await connection.ask(request)
            items = connection.body.count(b'"extracted_at":')
            found[request.shape] = max(found.get(request.shape, 0), items)
    finally:
        await connection.close()
    return found


async def closed_load(port: int, requests: Sequence[Sequence[Request]], *, clients: int, seconds: float) -> Load:
    """Let each client ask, for so many seconds, as soon as it has its answer."""

    async def client(number: int, connection: _Connection, load: Load) -> None:
        rng = Random(f"{_SEED}/{number}")  # noqa: S311 - reproducible load, no secret
        until = time.perf_counter() + seconds
        begun = time.perf_counter()
        while begun < until:
            request = rng.choice(rng.choice(requests))
            await connection.ask(request)
            ended = time.perf_counter()
            load.answers[request.shape].append(ended - begun)
            begun = ended

    return await _run(port, clients, client)


async def open_load(
    port: int, requests: Sequence[Sequence[Request]], *, clients: int, rate: float, seconds: float
) -> Load:
    """Let the clients ask by turns, ``rate`` times a second in all; a client that is late asks at once."""

    async def client(number: int, connection: _Connection, load: Load) -> None:
        rng = Random(f"{_SEED}/{number}")  # noqa: S311 - reproducible load, no secret
        start = time.perf_counter()
        for turn in count():
            due = start + (number + turn * clients) / rate
            if due >= start + seconds:
                return
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            request = rng.choice(rng.choice(requests))
            await connection.ask(request)
            load.answers[request.shape].append(time.perf_counter() - due)

    return await _run(port, clients, client)


async def _run(port: int, clients: int, client: _Client) -> Load:
    connections = [await _connect(port) for _ in range(clients)]
    load, begun, cpu = Load(), time.perf_counter(), time.process_time()
    try:
        async with asyncio.TaskGroup() as tasks:
            for number, connection in enumerate(connections):
                tasks.create_task(client(number, connection, load))
    except ExceptionGroup as errors:
        # Not by `except*`: what is raised in there comes out in a group of its own in some versions of Python 3.11.
        for error in errors.exceptions:
            if isinstance(error, LoadError):
                raise error from None
        raise
    finally:
        for connection in connections:
            await connection.close()
    load.seconds, load.client_cpu = time.perf_counter() - begun, time.process_time() - cpu
    return load
