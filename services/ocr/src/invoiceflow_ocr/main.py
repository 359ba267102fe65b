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
        EngineSpec(
            "invoiceflow_ocr.engines.native:create",
            {
                "max_pages": settings.max_pages,
                "max_pixels": settings.max_megapixels * 1_000_000,
                "threads": settings.threads,
                "children": children,
            },
        ),
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
