"""A server that answers as docling-serve does, or as the test wants it to."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeDoclingServe:
    """Answers every conversion in the same way, and keeps what it was sent."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    announced: int | None = None
    """Bytes that the answer says it has, where it breaks off before."""
    hold: threading.Event | None = None
    """Until this is set there is no answer."""
    drip: float | None = None
    """Seconds between two bytes."""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        received = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.requests.append((handler.path, {name.lower(): value for name, value in handler.headers.items()}, received))
        if self.hold is not None:
            self.hold.wait(30)
        handler.send_response(self.status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(self.announced or len(self.body)))
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if self.drip is None:
            handler.wfile.write(self.body)
            return
        for number in range(len(self.body)):
            handler.wfile.write(self.body[number : number + 1])
            time.sleep(self.drip)

    def converts_to(self, document: Any, *, status: str = "success", **more: Any) -> None:
        content = document.export_to_dict() if document is not None else None
        self.body = json.dumps(
            {
                "document": {"filename": "document.pdf", "md_content": None, "json_content": content},
                "status": status,
                "errors": [],
                "processing_time": 0.1,
                "timings": {},
                **more,
            }
        ).encode()


@contextmanager
def serving() -> Iterator[FakeDoclingServe]:
    """A server on this machine, as long as the block runs."""
    fake = FakeDoclingServe()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            with suppress(ConnectionError):  # the client may have given up
                fake.answer(self)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        fake.url = f"http://127.0.0.1:{http.server_port}/docling"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        if fake.hold is not None:
            fake.hold.set()
        http.shutdown()
        thread.join()
