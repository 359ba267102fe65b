"""Wiring: the one place where adapters are chosen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.service import Service
from invoiceflow_extract.adapters import LocalExtractor
from invoiceflow_extract.calibration import shipped
from invoiceflow_extract.handlers import ENGINE
from invoiceflow_extract.llm import LlmSettings
from invoiceflow_extract.settings import ExtractSettings
from invoiceflow_extract.subscribers import on_ocr_completed

__all__ = ["create_service"]


def create_service(settings: ExtractSettings, objects: ObjectStore, llm: LlmSettings | None = None) -> Service:
    """Return the extract service on this object store; without ``llm`` no language model is asked."""
    assistant = None
    if llm is not None and llm.model is not None:
        # The SDK takes a second to load, and most do without.
        from invoiceflow_extract.llm.wiring import language_model  # noqa: PLC0415

        assistant = language_model(llm, llm.model, objects, time_limit=settings.time_limit)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield
        if assistant is not None:
            await assistant.close()

    version = ENGINE.version
    if assistant is not None:
        version += f"+{sha256(assistant.version.encode()).hexdigest()[:12]}"
    return Service(
        name="extract",
        version=version,
        subscriptions=(on_ocr_completed(settings, objects, LocalExtractor(shipped()), assistant),),
        checks={"objects": objects.ping},
        lifespan=lifespan,
    )
