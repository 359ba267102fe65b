"""The query service, wired."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import version

from invoiceflow_chassis.ports import Backlog, DeadLetters, ObjectStore, Publisher
from invoiceflow_chassis.service import Service
from invoiceflow_query.adapters.sandbox import ChildFacturX, ChildPainter, Sandbox
from invoiceflow_query.changes import Changes
from invoiceflow_query.opening import kept_open
from invoiceflow_query.ports import ReadModel, Rebuildable
from invoiceflow_query.routes import create_router
from invoiceflow_query.settings import QuerySettings
from invoiceflow_query.subscribers import subscriptions
from invoiceflow_query.watchdog import Watchdog, watching

__all__ = ["create_read_model", "create_service"]


def create_read_model(settings: QuerySettings) -> Rebuildable:
    """Return the store that the settings name, not yet opened."""
    if settings.sqlite_path is not None:
        from invoiceflow_query.adapters.sqlite import SqliteReadModel  # noqa: PLC0415 -- load one driver only

        return SqliteReadModel(settings.sqlite_path)
    from invoiceflow_query.adapters.mongodb import MongoReadModel  # noqa: PLC0415

    assert settings.mongodb_uri is not None  # noqa: S101 -- the settings see to it
    return MongoReadModel(settings.mongodb_uri.get_secret_value(), settings.mongodb_database)


def create_service(
    settings: QuerySettings,
    objects: ObjectStore,
    read_model: ReadModel,
    *,
    publisher: Publisher,
    backlog: Backlog,
    dead_letters: DeadLetters,
) -> Service:
    """Return the service; it opens and closes ``read_model``."""
    changes = Changes()
    watchdog = Watchdog(
        read_model=read_model,
        publisher=publisher,
        backlog=backlog,
        changes=changes,
        deadline=timedelta(seconds=settings.deadline_seconds),
    )

    sandbox = Sandbox(
        at_a_time=settings.pages_at_a_time,
        seconds=settings.page_seconds,
        memory_bytes=settings.page_memory_mib << 20,
    )

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with kept_open(read_model), watching(watchdog, every=settings.watch_seconds):
            yield

    return Service(
        name="query",
        version=version("invoiceflow-query"),
        router=create_router(
            read_model,
            objects,
            changes,
            backlog,
            dead_letters,
            painter=ChildPainter(sandbox),
            factur_x=ChildFacturX(sandbox),
            poll=settings.poll_seconds,
            heartbeat=settings.heartbeat_seconds,
        ),
        subscriptions=subscriptions(read_model, changes, young=settings.account_young),
        checks={"read_model": read_model.ping, "objects": objects.ping},
        lifespan=lifespan,
    )
