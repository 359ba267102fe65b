"""Pages a second of the OCR service beside the engines as they come, on the same files in turns of the same run.

The service is its real handler: store, pool of child processes, engine, and the results written and made durable. Each
turn is another tenant's, since the same bytes are read once a tenant.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from invoiceflow_chassis.objects.directory import DirectoryObjectStore
from invoiceflow_chassis.service import Service, Subscription
from invoiceflow_chassis.testing import FakeDelivery
from invoiceflow_contracts.events import DocumentUploadedV1
from invoiceflow_contracts.identity import document_id
from invoiceflow_evaluation.bench.baselines import Baseline
from invoiceflow_evaluation.bench.documents import Material
from invoiceflow_ocr.main import create_service
from invoiceflow_ocr.settings import OcrSettings

__all__ = ["Comparison", "OcrService", "compare"]

_ORIGINALS = "invoiceflow-originals"


@dataclass(frozen=True)
class Comparison:
    """Pages a second in each turn."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many times as many pages a second as theirs, in the median turn of each."""
        return median(self.ours) / median(self.theirs)


class OcrService:
    """The OCR service on a directory, without a broker."""

    def __init__(self, service: Service, objects: DirectoryObjectStore) -> None:
        (self._subscription,) = service.subscriptions
        self._objects = objects

    @classmethod
    @asynccontextmanager
    async def running(cls, folder: Path, settings: OcrSettings) -> "AsyncIterator[OcrService]":
        """Start the service's child processes; end them afterwards."""
        objects = DirectoryObjectStore(folder)
        service = create_service(settings, objects)
        if service.lifespan is None:
            raise RuntimeError("the OCR service has no lifespan to start its readers in")
        async with service.lifespan():
            yield cls(service, objects)

    async def seconds(self, tenant: str, documents: Sequence[Material]) -> float:
        """Return how long the service takes for the documents, as many at a time as it takes from Kafka."""
        events = [await self._uploaded(tenant, material) for material in documents]
        started = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for part in range(self._subscription.concurrency):
                tasks.create_task(_handle(self._subscription, events[part :: self._subscription.concurrency]))
        return time.perf_counter() - started

    async def _uploaded(self, tenant: str, material: Material) -> DocumentUploadedV1:
        async def chunks() -> AsyncIterator[bytes]:
            yield material.data

        received = await self._objects.receive(
            tenant, _ORIGINALS, chunks(), media_type="application/pdf", max_size=len(material.data)
        )
        content = received.ref
        return DocumentUploadedV1(
            tenant=tenant,
            document_id=document_id(tenant, content.sha256),
            filename=material.name,
            content=content,
            channel="http",
            received_at=datetime.now(UTC),
        )


async def _handle(subscription: Subscription[DocumentUploadedV1], events: Sequence[DocumentUploadedV1]) -> None:
    for event in events:
        await subscription.handler(event, FakeDelivery(event_id=str(event.document_id)))


async def compare(
    service: OcrService,
    baseline: Baseline,
    documents: Sequence[Material],
    *,
    turns: int,
    name: str,
    on_end: Callable[[], None],
) -> Comparison:
    """Let both read all documents ``turns`` times, by turns, after one that is not counted.

    Args:
        service: ours.
        baseline: theirs.
        documents: of one page each.
        turns: how often each is measured.
        name: of the comparison; part of the tenants' names.
        on_end: called after each turn.
    """
    ours: list[float] = []
    theirs: list[float] = []
    for turn in range(turns + 1):
        batch = documents if turn else documents[:1]
        seconds = await service.seconds(f"{name}-{turn}", batch)
        baseline_seconds = await baseline.seconds([material.data for material in batch])
        if turn:
            ours.append(len(batch) / seconds)
            theirs.append(len(batch) / baseline_seconds)
        on_end()
    return Comparison(tuple(ours), tuple(theirs))
