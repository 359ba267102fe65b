"""Wiring: the one place where this service's parts are put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.service import Service
from invoiceflow_ocr.processors import readers_that_fit
from invoiceflow_ocr.settings import OcrSettings
from invoiceflow_ocr.subscribers import document_uploaded
from invoiceflow_ocr.workers import EngineSpec, Limits, WorkerPool

__all__ = ["create_service"]


def create_service(settings: OcrSettings, objects: ObjectStore) -> Service:
    """Return the service; its lifespan starts and ends the child processes."""
    memory_bytes = settings.memory_mib << 20
    children = settings.workers or readers_that_fit(memory_bytes)
    pool = WorkerPool(
        _engine(settings, children),
        workers=children,
        limits=Limits(
            seconds=settings.document_seconds,
            memory_bytes=memory_bytes,
            documents=settings.recycle_after,
        ),
        warm=settings.warm,
    )

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await pool.start()
        try:
            yield
        finally:
            await pool.stop()

    return Service(
        name="ocr",
        version=version("invoiceflow-ocr"),
        subscriptions=(document_uploaded(settings, objects, pool),),
        checks={"objects": objects.ping, "readers": pool.check},
        lifespan=lifespan,
    )


def _engine(settings: OcrSettings, children: int) -> EngineSpec:
    """How each of so many children makes its engine."""
    limits = {"max_pages": settings.max_pages, "max_pixels": settings.max_megapixels * 1_000_000}
    processors = {"threads": settings.threads, "children": children}
    match settings.engine:
        case "native":
            return EngineSpec("invoiceflow_ocr.engines.native:create", {**limits, **processors})
        case "standard":
            return EngineSpec(
                "invoiceflow_ocr.engines.standard:create",
                {**limits, **processors, "artifacts": str(settings.artifacts)},
            )
        case "remote":
            return EngineSpec(
                "invoiceflow_ocr.engines.remote:create",
                {
                    **limits,
                    "url": str(settings.remote_url),
                    "api_key": settings.remote_api_key.get_secret_value() if settings.remote_api_key else None,
                    "seconds": settings.remote_seconds,
                    "deployment": settings.remote_deployment,
                },
            )
