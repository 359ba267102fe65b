"""What happens around every HTTP request: trace, log context, metrics."""

import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from invoiceflow_chassis.auth import OPEN_PATHS
from invoiceflow_chassis.metrics import HTTP_REQUESTS, HTTP_SECONDS
from invoiceflow_chassis.trace import start_trace

__all__ = ["RequestMiddleware"]


class RequestMiddleware:
    """Continues the caller's trace (``traceparent``), answers with it, and measures."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        traceparent = start_trace(Headers(scope=scope).get("traceparent"))
        started = time.perf_counter()
        status = 500

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((b"traceparent", traceparent.encode()))
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        finally:
            # The template, not the path: ids in labels would make a series each.
            route = getattr(scope.get("route"), "path", "unmatched")
            HTTP_REQUESTS.labels(self._service, scope["method"], route, str(status)).inc()
            HTTP_SECONDS.labels(self._service, scope["method"], route).observe(time.perf_counter() - started)
