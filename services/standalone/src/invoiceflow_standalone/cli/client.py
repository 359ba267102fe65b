"""The REST API, typed: what each call takes and gives, and how its errors read."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import httpx
from httpx_sse import SSEError, aconnect_sse
from pydantic import BaseModel, ValidationError

from invoiceflow_standalone.cli.errors import ApiError, CommandError, UnreachableError
from invoiceflow_standalone.cli.resources import Accepted, Document, InvoiceView, Refusal

__all__ = ["Client", "Params", "parse"]

Params = Mapping[str, str | int | bool | None]
"""Query parameters; those that are None are not sent."""

PAGE = 100
"""How many rows a page of a list asks for."""

M = TypeVar("M", bound=BaseModel)


class Client:
    """A connection to a deployment. Use it as an async context manager.

    Every method raises ``UnreachableError`` where nobody answers, and ``ApiError`` where the answer is a problem
    or does not come from this API.
    """

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self.url = url.rstrip("/")
        host = _host(self.url)
        self._http = httpx.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            # An upload is answered only once the document is stored and Kafka has acknowledged it. On an event
            # stream the server sends a comment every few seconds, so that silence means a dead connection there too.
            timeout=httpx.Timeout(60, connect=10),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=32),
            # A proxy towards the outside world does not lead to this machine.
            trust_env=not _is_loopback(host),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def upload(self, path: Path) -> tuple[Accepted, ...]:
        """Send a file; return the documents it became.

        Raises:
            OSError: the file cannot be read.
        """
        with path.open("rb") as file:
            answer = await self._get_json("POST", "/v1/documents", files={"file": (path.name, file)})
        accepted = tuple(parse(Accepted, item) for item in _items(answer, "documents"))
        if not accepted:
            raise _foreign()
        return accepted

    async def document(self, document_id: UUID) -> Document:
        """Return how far a document is."""
        return parse(Document, await self.get(f"/v1/documents/{document_id}"))

    async def events(self, document_id: UUID, last_event_id: str = "") -> AsyncGenerator[tuple[str, Document], None]:
        """Yield the document's states as they change, each with its event id, from after ``last_event_id``."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        with self._transport_errors():
            async with aconnect_sse(
                self._http, "GET", f"/v1/documents/{document_id}/events", headers=headers
            ) as source:
                await _raise_for_problem(source.response)
                async for event in source.aiter_sse():
                    if event.data:
                        yield event.id, parse(Document, _decode(event.data))

    async def invoice(self, document_id: UUID) -> InvoiceView:
        """Return the invoice of a document, with its evidence."""
        return parse(InvoiceView, await self.get(f"/v1/invoices/{document_id}"))

    async def get(self, path: str, params: Params | None = None) -> dict[str, Any]:
        """Return the JSON object at ``path`` as the API sent it."""
        return await self._get_json("GET", path, params=_given(params or {}))

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send a JSON object and return the one that the API answers with."""
        return await self._get_json("POST", path, json=dict(body))

    async def rows(self, path: str, params: Params | None = None, *, limit: int) -> AsyncIterator[dict[str, Any]]:
        """Yield up to ``limit`` rows of a list, fetched page by page, as the API sent them."""
        cursor: str | None = None
        left = limit
        while left > 0:
            page = await self.get(path, {**(params or {}), "limit": min(PAGE, left), "cursor": cursor})
            rows = _items(page, "items")
            for row in rows[:left]:
                yield row
            left -= len(rows)
            cursor = page.get("next_cursor")
            if not rows or not cursor:
                return

    @asynccontextmanager
    async def stream(self, path: str, params: Params) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the bytes of an answer as they come."""
        with self._transport_errors():
            async with self._http.stream("GET", path, params=_given(params)) as response:
                await _raise_for_problem(response)
                yield response.aiter_bytes()

    async def _get_json(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        with self._transport_errors():
            response = await self._http.request(method, path, **request)
        await _raise_for_problem(response)
        return _decode(response.text)

    @contextmanager
    def _transport_errors(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise UnreachableError(self.url) from error
        except SSEError as error:
            raise _foreign() from error


def _host(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise CommandError(
            f"{url!r} is not an address. Give one such as http://127.0.0.1:8080 with --url or INVOICEFLOW_URL."
        )
    return parsed.host


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _given(params: Params) -> dict[str, str | int | bool]:
    return {name: value for name, value in params.items() if value is not None}


async def _raise_for_problem(response: httpx.Response) -> None:
    if response.is_success:
        return
    await response.aread()
    try:
        problem = Refusal.model_validate_json(response.text)
    except ValidationError:
        problem = Refusal(detail=f"The server answered {response.status_code} without a reason.")
    detail = "\n".join((problem.detail, *(f"{each.rule}: {each.message}" for each in problem.violations)))
    if response.status_code == 401:
        detail += " Give an API key with --api-key or INVOICEFLOW_API_KEY."
    wait = response.headers.get("Retry-After", "")
    raise ApiError(response.status_code, problem.code, detail, retry_after=float(wait) if wait.isdecimal() else None)


def _decode(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _foreign() from error
    if not isinstance(value, dict):
        raise _foreign()
    return value


def _items(answer: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    items = answer.get(key)
    if not isinstance(items, list):
        raise _foreign()
    return items


def parse(model: type[M], value: Any) -> M:
    """Return ``value`` as ``model``; an ``ApiError`` says when the server speaks of something else."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _foreign() from error


def _foreign() -> ApiError:
    return ApiError(
        0,
        "unexpected_answer",
        "The answer is not from this version of Invoiceflow. Check the address (--url), and that command and server have the same version.",
    )
