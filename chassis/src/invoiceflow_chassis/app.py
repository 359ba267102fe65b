"""The process around one or several services: HTTP application, life cycle, server."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import NoReturn, Protocol

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from invoiceflow_chassis.auth import ApiKeyMiddleware
from invoiceflow_chassis.collector import settle_collector
from invoiceflow_chassis.health import Check, health_routes, metrics_served
from invoiceflow_chassis.logs import configure_logging
from invoiceflow_chassis.problems import Problem, install_problem_handlers
from invoiceflow_chassis.requests import RequestMiddleware
from invoiceflow_chassis.service import Service
from invoiceflow_chassis.settings import HttpSettings

__all__ = ["Transport", "create_app", "exit_with_settings_error", "serve"]


class Transport(Protocol):
    """What moves events (see ``kafka.KafkaTransport``)."""

    def attach(self, service: Service) -> None: ...
    async def start(self, refuse: Callable[[Sequence[str]], None]) -> None:
        """Begin to connect; ``refuse`` is called with sentences for people when the process cannot do its work."""
        ...

    async def stop(self) -> None: ...
    async def check_ready(self) -> None: ...
    async def stuck(self) -> Mapping[str, str]: ...


Lifespan = Callable[[], AbstractAsyncContextManager[None]]


def create_app(
    title: str,
    services: Sequence[Service],
    *,
    transport: Transport,
    http: HttpSettings,
    around: Lifespan | None = None,
    after_start: Callable[[], Awaitable[None]] | None = None,
) -> FastAPI:
    """Return the application that runs ``services``.

    Args:
        title: name in the API's description and in metrics.
        services: one service, or several to run side by side.
        transport: moves their events.
        http: who may ask.
        around: opened before everything else and closed after it (an embedded broker, say).
        after_start: called once everything has been started.
    """
    for service in services:
        transport.attach(service)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for each in (around, *(service.lifespan for service in services)):
                if each is not None:
                    await stack.enter_async_context(each())
            stack.push_async_callback(transport.stop)
            await transport.start(partial(_refuse, app))
            if after_start is not None:
                await after_start()
            yield

    app = FastAPI(
        title=title,
        version=services[0].version,
        lifespan=lifespan,
        responses={"4XX": {"model": Problem, "description": "A problem document (RFC 9457)."}},
    )
    install_problem_handlers(app)
    checks: dict[str, Check] = {"kafka": transport.check_ready}
    for service in services:
        checks.update({f"{service.name}-{name}": check for name, check in service.checks.items()})
        if service.router is not None:
            app.include_router(service.router)
    app.include_router(
        health_routes(ready=checks, stuck=transport.stuck, with_metrics=http.metrics_port is None),
        include_in_schema=False,
    )
    app.add_middleware(ApiKeyMiddleware, keys=http.api_keys)
    app.add_middleware(RequestMiddleware, service=title)
    return app


def _refuse(app: FastAPI, sentences: Sequence[str]) -> None:
    """Let ``serve`` stop in order and end the process with ``sentences``."""
    app.state.refusal = tuple(sentences)
    if server := getattr(app.state, "server", None):
        server.should_exit = True


def serve(app: FastAPI, name: str, http: HttpSettings) -> None:
    """Serve until SIGTERM or ctrl-C, then stop in order.

    Raises:
        SystemExit: 2, when the process cannot do its work; a sentence for each reason is on standard error then.
            3, when it could not start.
    """
    configure_logging(name, http.log_level)
    settle_collector()
    config = uvicorn.Config(
        app,
        host=http.host,
        port=http.port,
        log_config=None,
        access_log=False,
        server_header=False,
        # Nothing here depends on the address or scheme that a proxy tells of.
        proxy_headers=False,
        timeout_graceful_shutdown=int(http.shutdown_seconds),
    )
    app.state.server = server = uvicorn.Server(config)
    with metrics_served(http.host, http.metrics_port), suppress(KeyboardInterrupt):
        server.run()
    if refusal := getattr(app.state, "refusal", ()):
        print(*refusal, sep="\n", file=sys.stderr)  # noqa: T201
        raise SystemExit(2)
    if not server.started:
        raise SystemExit(3)


def exit_with_settings_error(error: ValidationError) -> NoReturn:
    """End the process with a sentence for each setting that is missing or wrong, and never its value."""
    prefixes = {kind.__name__: str(kind.model_config.get("env_prefix", "")) for kind in BaseSettings.__subclasses__()}
    for item in error.errors(include_input=False, include_url=False):
        name = prefixes.get(error.title, "") + "_".join(str(part) for part in item["loc"]).upper()
        message = item["msg"].removeprefix("Value error, ")
        print(f"{name}: {message}" if item["loc"] else message, file=sys.stderr)  # noqa: T201
    raise SystemExit(2)
