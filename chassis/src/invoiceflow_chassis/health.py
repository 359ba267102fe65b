"""Health, readiness and metrics for the platform that runs the service; open to anyone who reaches the port."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest, start_http_server

from invoiceflow_chassis.errors import InvoiceflowError
from invoiceflow_chassis.metrics import REGISTRY

__all__ = ["Check", "health_routes", "metrics_served"]

Check = Callable[[], Awaitable[None]]
CHECK_SECONDS = 3.0


async def _outcome(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:g} seconds"
    except InvoiceflowError as error:
        return error.message
    except Exception as error:  # noqa: BLE001  # a check reports whatever is wrong
        return type(error).__name__
    return "ok"


def health_routes(
    *, ready: Mapping[str, Check], stuck: Callable[[], Awaitable[Mapping[str, str]]], with_metrics: bool = True
) -> APIRouter:
    """Return the routes ``/livez``, ``/readyz`` and, unless they have a port of their own, ``/metrics``.

    Args:
        ready: a check for each backing service; any that raises makes ``/readyz`` answer 503.
        stuck: tells which consumers have lag and make no progress; any makes ``/livez`` answer 503.
        with_metrics: whether ``/metrics`` is one of them.
    """
    router = APIRouter(tags=["health"])

    @router.get("/livez", summary="Whether the process should go on living")
    async def livez() -> JSONResponse:
        consumers = await stuck()
        return JSONResponse(
            {"status": "stuck" if consumers else "ok", "stuck": dict(consumers)}, 503 if consumers else 200
        )

    @router.get("/readyz", summary="Whether every backing service answers")
    async def readyz() -> JSONResponse:
        outcomes = dict(zip(ready, await asyncio.gather(*map(_outcome, ready.values())), strict=True))
        is_ready = all(outcome == "ok" for outcome in outcomes.values())
        return JSONResponse(
            {"status": "ready" if is_ready else "not ready", "checks": outcomes}, 200 if is_ready else 503
        )

    if with_metrics:

        @router.get("/metrics", summary="Metrics in Prometheus' text format")
        async def metrics() -> Response:
            return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return router


@contextmanager
def metrics_served(host: str, port: int | None) -> Iterator[None]:
    """Serve ``/metrics`` at a port of its own while the block runs; nothing where there is none.

    Raises:
        OSError: the port is taken.
    """
    if port is None:
        yield
        return
    server, thread = start_http_server(port, host, registry=REGISTRY)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
