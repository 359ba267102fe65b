"""A server on a real socket that plays the REST API as a test wants it."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from typer.testing import CliRunner, Result

from invoiceflow_standalone.cli.app import app

State = dict[str, Any]


def problem(status: int, code: str, detail: str, **extra: object) -> JSONResponse:
    return JSONResponse({"status": status, "code": code, "detail": detail, "title": code, **extra}, status)


@dataclass
class FakeApi:
    """Plays every document through ``script`` and answers with invoices made from the file's name."""

    url: str = ""
    key: str | None = None
    script: list[State] = field(
        default_factory=lambda: [
            {"status": "received", "stage": "ingest"},
            {"status": "processing", "stage": "ocr", "pages_done": 1, "pages_total": 2},
            {"status": "extracted", "stage": "extract", "pages_done": 2, "pages_total": 2},
        ]
    )
    scripts: dict[str, list[State]] = field(default_factory=dict)
    """By file name, where a document goes another way."""
    refuse: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    invoices: dict[str, State] = field(default_factory=dict)
    violations: list[State] = field(default_factory=list)
    """Parts of the invoice view that differ from the usual, by file name."""
    rows: list[State] = field(default_factory=list)
    break_streams: int = 0
    """How many event streams end after their first event."""
    unknown_reads: int = 0
    """How often a document is not in the read model yet."""
    no_streams: bool = False
    names: dict[str, str] = field(default_factory=dict)
    over: set[str] = field(default_factory=set)
    """Documents that have been followed to their end."""
    uploads: list[str] = field(default_factory=list)
    resumed_from: list[str] = field(default_factory=list)
    lag: State = field(default_factory=lambda: {"topics": [], "oldest_waiting": None, "oldest_unfinished": None})
    letters: list[State] = field(default_factory=list)
    redriven: list[str] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    on_upload: Callable[[], None] = lambda: None

    def _script(self, document_id: str) -> list[State]:
        return self.scripts.get(self.names[document_id], self.script)

    def view(self, document_id: str, step: int = -1) -> State:
        return {"id": document_id, "filename": self.names[document_id], **self._script(document_id)[step]}

    def invoice(self, document_id: str) -> State:
        name = self.names[document_id]
        return {
            "id": document_id,
            "filename": name,
            "confidence": 0.95,
            "needs_review": False,
            "invoice": {
                "number": f"N-{name.split('.')[0]}",
                "issue_date": "2026-01-17",
                "currency": "EUR",
                "seller": {"name": "Acme GmbH"},
                "totals": {"net": "1000.00", "tax": "190.00", "gross": "1190.00"},
            },
            "evidence": {},
            "findings": [],
            **self.invoices.get(name, {}),
        }

    async def upload(self, request: Request) -> Response:
        self.on_upload()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        form = await request.form()
        file = form["file"]
        assert not isinstance(file, str)
        name, content = str(file.filename), await file.read()
        await form.close()
        await asyncio.sleep(0.002)  # storing takes a moment
        self.in_flight -= 1
        self.uploads.append(name)
        if name in self.refuse:
            return problem(*self.refuse[name])
        document_id = str(uuid5(NAMESPACE_URL, sha256(content).hexdigest()))
        known = document_id in self.names
        self.names.setdefault(document_id, name)
        return JSONResponse({"documents": [{"document_id": document_id, "filename": name, "known": known}]}, 202)

    async def document(self, request: Request) -> Response:
        document_id = request.path_params["id"]
        if document_id not in self.names or self.unknown_reads > 0:
            self.unknown_reads -= 1
            return problem(404, "document_not_found", "There is no such document.")
        return JSONResponse(self.view(document_id, 0 if self.break_streams else -1))

    async def events(self, request: Request) -> Response:
        document_id = request.path_params["id"]
        if document_id not in self.names or self.unknown_reads > 0 or self.no_streams:
            return problem(404, "document_not_found", "There is no such document.")
        last = request.headers.get("Last-Event-ID", "")
        if last:
            self.resumed_from.append(last)
        broken, self.break_streams = self.break_streams > 0, max(0, self.break_streams - 1)

        async def stream() -> AsyncIterator[str]:
            yield ": hello\n\n"
            script = self._script(document_id)
            for number in range(len(script) - 1 if document_id in self.over else int(last or 0), len(script)):
                yield f"id: {number + 1}\nevent: document\ndata: {json.dumps(self.view(document_id, number))}\n\n"
                if broken:
                    return
            self.over.add(document_id)

        return StreamingResponse(stream(), media_type="text/event-stream")

    async def documents(self, request: Request) -> Response:
        self.queries.append(dict(request.query_params))
        items = [self.view(each) for each in self.names]
        status = request.query_params.get("status")
        return JSONResponse(
            {"items": [item for item in items if status in {None, item["status"]}], "next_cursor": None}
        )

    async def one_invoice(self, request: Request) -> Response:
        document_id = request.path_params["id"]
        if document_id not in self.names or self.view(document_id)["status"] != "extracted":
            return problem(404, "invoice_not_found", "There is no such invoice.")
        form = request.query_params.get("format")
        if form is None:
            return JSONResponse(self.invoice(document_id))
        if self.violations:
            return problem(422, "einvoice_not_possible", "The invoice breaks a rule.", violations=self.violations)
        return Response(f"<{form}/>".encode(), media_type="application/xml")

    async def list_invoices(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.queries.append(query)
        rows = [row for row in self.rows if query.get("number") in {None, row["number"]}]
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        following = start + limit if start + limit < len(rows) else None
        return JSONResponse({"items": rows[start : start + limit], "next_cursor": following and str(following)})

    async def export(self, request: Request) -> Response:
        self.queries.append(dict(request.query_params))
        return Response(b"number,gross\n2024-0117,119.00\n", media_type="text/csv")

    async def stats(self, _: Request) -> Response:
        return JSONResponse({"documents": {"extracted": 2, "failed": 1}, "invoices": {"total": 2, "needs_review": 1}})

    async def tell_lag(self, _: Request) -> Response:
        return JSONResponse(self.lag)

    async def list_letters(self, request: Request) -> Response:
        query = dict(request.query_params)
        self.queries.append(query)
        rows = [
            row
            for row in self.letters
            if query["state"] in {"all", row["state"]} and query.get("code") in {None, row["code"]}
        ]
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        following = start + limit if start + limit < len(rows) else None
        return JSONResponse({"items": rows[start : start + limit], "next_cursor": following and str(following)})

    async def show_letter(self, request: Request) -> Response:
        (row,) = [row for row in self.letters if row["id"] == request.path_params["id"]]
        headers = [{"name": "ce_id", "text": "4711"}, {"name": "odd", "base64": "/w=="}]
        return JSONResponse({**row, "key": {}, "headers": headers, "body": {"text": "{}"}, "truncated": True})

    async def redrive(self, request: Request) -> Response:
        ids = (await request.json())["ids"]
        self.redriven += ids
        return JSONResponse({"redriven": [row for row in self.letters if row["id"] in ids]})

    def letter(self, name: str, *, state: str = "open", code: str = "schema_violation") -> State:
        """Return a dead letter and keep it."""
        row = {
            "id": str(uuid5(NAMESPACE_URL, name)),
            "state": state,
            "topic": "document.uploaded",
            "partition": 1,
            "offset": 42,
            "group": "invoiceflow-ocr",
            "code": code,
            "message": "A field is missing.",
            "attempts": 1,
            "redrives": 0,
            "dead_at": "2026-01-17T12:00:00Z",
            "document_id": None,
            "size": 1234,
        }
        self.letters.append(row)
        return row

    def asgi(self) -> Starlette:
        async def authenticate(request: Request, call_next: RequestResponseEndpoint) -> Response:
            if self.key is not None and request.headers.get("Authorization") != f"Bearer {self.key}":
                return problem(401, "api_key_required", "This address needs an API key.")
            return await call_next(request)

        return Starlette(
            middleware=[Middleware(BaseHTTPMiddleware, dispatch=authenticate)],
            routes=[
                Route("/v1/documents", self.upload, methods=["POST"]),
                Route("/v1/documents", self.documents),
                Route("/v1/documents/{id}", self.document),
                Route("/v1/documents/{id}/events", self.events),
                Route("/v1/invoices", self.list_invoices),
                Route("/v1/invoices/export", self.export),
                Route("/v1/invoices/{id}", self.one_invoice),
                Route("/v1/stats", self.stats),
                Route("/v1/lag", self.tell_lag),
                Route("/v1/dead-letters", self.list_letters),
                Route("/v1/dead-letters/redrive", self.redrive, methods=["POST"]),
                Route("/v1/dead-letters/{id}", self.show_letter),
            ],
        )

    def add(self, name: str) -> str:
        """Make a document known and return its id."""
        document_id = str(uuid5(NAMESPACE_URL, name))
        self.names[document_id] = name
        return document_id

    def row(self, number: str, *, name: str | None = None) -> State:
        """Return the invoice as it stands in a list."""
        return {
            "id": self.add(name or f"{number}.pdf"),
            "filename": name or f"{number}.pdf",
            "number": number,
            "issue_date": "2026-01-17",
            "seller": {"name": "Acme GmbH"},
            "net": "100.00",
            "tax": "19.00",
            "gross": "119.00",
            "currency": "EUR",
            "findings": [{"rule": "BR-CO-15", "severity": "error"}],
            "confidence": 0.61,
            "needs_review": True,
        }


@dataclass
class Switch:
    """An application that is another one for each test."""

    url: str
    app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def switch() -> Iterator[Switch]:
    """A server on a real socket for all tests."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        switch = Switch(f"http://127.0.0.1:{listening.getsockname()[1]}")
        config = uvicorn.Config(switch, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield switch
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def api(switch: Switch) -> FakeApi:
    fake = FakeApi(switch.url)
    switch.app = fake.asgi()
    return fake


Invoke = Callable[..., Result]


@pytest.fixture
def invoiceflow(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """The command, with the fake as its deployment."""
    monkeypatch.setenv("INVOICEFLOW_URL", api.url)
    monkeypatch.delenv("INVOICEFLOW_API_KEY", raising=False)
    runner = CliRunner()

    def invoke(*arguments: object) -> Result:
        return runner.invoke(app, [str(argument) for argument in arguments])

    return invoke
