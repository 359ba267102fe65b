"""The use case of this service: a document was uploaded, so read it."""

import gzip
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from invoiceflow_chassis.objects.sealing import keep, recall
from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_chassis.service import Delivery
from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.events import DocumentUploadedV1, Event, OcrCompletedV1
from invoiceflow_contracts.extraction import Cost
from invoiceflow_contracts.layout import EmbeddedFile, Engine, Layout
from invoiceflow_ocr.progress import ProgressAnnouncer
from invoiceflow_ocr.workers import Job, WorkerPool

__all__ = ["StoredReading", "read_document"]

BARE_XML = frozenset({"application/xml", "text/xml", "application/pkcs7-mime"})
"""Documents without pages, signed ones (``.p7m``) among them: they are handed on as they are, for extract to see whether they are e-invoices."""


class StoredReading(BaseModel):
    """What is kept beside a layout, so that the same document makes the same event again without being read again."""

    model_config = ConfigDict(frozen=True)

    layout: ContentRef
    engine: Engine
    pages: int
    languages: tuple[str, ...]
    embedded: tuple[EmbeddedFile, ...]
    cost: Cost
    completed_at: AwareDatetime


async def read_document(
    event: DocumentUploadedV1,
    delivery: Delivery,
    *,
    objects: ObjectStore,
    pool: WorkerPool,
    bucket: str,
    now: Callable[[], datetime],
) -> Sequence[Event]:
    """Read the document, unless this engine and version have read the same bytes for the same tenant before.

    Raises:
        PermanentError: the document cannot be read; the code says why.
        TransientError: the object store or the readers are not there.
    """
    engine = pool.engine
    name = f"ocr/{event.content.sha256}/{engine.name}-{engine.version}"
    if event.content.media_type in BARE_XML:
        return [await _handed_on(event, engine, objects, bucket, name)]
    record = await recall(objects, event.tenant, bucket, f"{name}.json")
    if record is not None:
        return [_completed(event, StoredReading.model_validate_json(record))]
    data = await objects.get(event.tenant, event.content)
    job = Job(
        media_type=event.content.media_type,
        embedded_bucket=bucket,
        embedded_prefix=f"{event.tenant}/embedded/",
    )
    async with ProgressAnnouncer(event, delivery, now) as progress:
        outcome = await pool.read(job, data, progress)
    summary = outcome.summary
    for file, content in zip(summary.embedded, outcome.embedded, strict=False):
        await objects.put(
            event.tenant, bucket, f"embedded/{file.content.sha256}", content, media_type=file.content.media_type
        )
    layout = await _keep_layout(event, objects, bucket, name, outcome.layout)
    reading = StoredReading(
        layout=layout,
        engine=summary.engine,
        pages=summary.pages,
        languages=summary.languages,
        embedded=summary.embedded,
        cost=Cost(stage="ocr", wall_seconds=round(summary.wall_seconds, 4), cpu_seconds=round(summary.cpu_seconds, 4)),
        completed_at=now(),
    )
    # Last, as it vouches for the others.
    await keep(objects, event.tenant, bucket, f"{name}.json", reading.model_dump_json().encode())
    return [_completed(event, reading)]


async def _keep_layout(
    event: DocumentUploadedV1, objects: ObjectStore, bucket: str, name: str, layout: bytes
) -> ContentRef:
    # Under its own hash: two workers may read the same document, and what one has announced must outlive the other's reading.
    digest = hashlib.sha256(layout).hexdigest()
    return await objects.put(event.tenant, bucket, f"{name}/{digest}.json.gz", layout, media_type="application/gzip")


async def _handed_on(
    event: DocumentUploadedV1, engine: Engine, objects: ObjectStore, bucket: str, name: str
) -> OcrCompletedV1:
    """Return the event of a document in which there is nothing to read.

    It follows from what was uploaded alone, time and layout too, so that nothing has to be looked up or remembered to
    make the same event again: one request to the object store where a reading takes four.
    """
    embedded = (EmbeddedFile(name=event.filename, content=event.content),)
    layout = gzip.compress(Layout(engine=engine, embedded=embedded).model_dump_json().encode(), mtime=0)
    reading = StoredReading(
        layout=await _keep_layout(event, objects, bucket, name, layout),
        engine=engine,
        pages=0,
        languages=(),
        embedded=embedded,
        cost=Cost(stage="ocr", wall_seconds=0, cpu_seconds=0),
        completed_at=event.received_at,
    )
    return _completed(event, reading)


def _completed(event: DocumentUploadedV1, reading: StoredReading) -> OcrCompletedV1:
    return OcrCompletedV1(
        tenant=event.tenant,
        document_id=event.document_id,
        content=event.content,
        filename=event.filename,
        layout=reading.layout,
        engine=reading.engine,
        pages=reading.pages,
        languages=reading.languages,
        embedded=reading.embedded,
        cost=reading.cost,
        completed_at=reading.completed_at,
    )
