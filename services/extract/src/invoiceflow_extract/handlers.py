"""The use case of the extract service: a read document becomes a checked invoice."""

import asyncio
import gzip
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_chassis.objects.sealing import keep_first, recall
from invoiceflow_chassis.ports import ObjectStore
from invoiceflow_contracts.events import InvoiceExtractedV1, OcrCompletedV1
from invoiceflow_contracts.extraction import Cost
from invoiceflow_contracts.layout import Engine, Layout
from invoiceflow_extract.calibration import shipped
from invoiceflow_extract.einvoice import Candidate
from invoiceflow_extract.extraction import Document, extract
from invoiceflow_extract.ports import Assistant, Extractor, Original
from invoiceflow_extract.review import confidence, needs_review
from invoiceflow_extract.rules import RULES
from invoiceflow_extract.settings import ExtractSettings

__all__ = ["ENGINE", "extract_invoice"]

ENGINE = Engine(name="invoiceflow-extract", version="2")
"""A new version makes every result anew: raise it whenever the same document would give another invoice."""


def _now() -> datetime:
    return datetime.now(UTC)


async def extract_invoice(
    event: OcrCompletedV1,
    *,
    objects: ObjectStore,
    extractor: Extractor,
    settings: ExtractSettings,
    assistant: Assistant | None = None,
    now: Callable[[], datetime] = _now,
) -> Sequence[InvoiceExtractedV1]:
    """Return ``invoice.extracted`` for a document that has been read.

    The result is stored before it is published, under the hashes of what it was made from: a redelivery finds it there
    and publishes the same event again, with the same times and costs. Where there are no pages it is sooner made again
    than looked for, and found when it is to be stored.

    Raises:
        PermanentError: the document has no invoice that could be read; see ``extraction.extract``.
        TransientError: the object store or an extractor cannot be reached.
    """
    name = f"{event.content.sha256}/{event.layout.sha256}/{_made_by(assistant)}.json.gz"
    stored = await recall(objects, event.tenant, settings.bucket, name) if event.pages else None
    if stored is not None:
        return [InvoiceExtractedV1.model_validate_json(gzip.decompress(stored))]
    wall, cpu = time.perf_counter(), time.process_time()
    document = await _fetch(event, objects, settings)
    original = Original(event.content.media_type, partial(objects.get, event.tenant, event.content))
    assistance = assistant.beside(extractor, event.tenant, original) if assistant is not None else None
    extraction = await extract(document, assistance or extractor, max_einvoice_size=settings.max_einvoice_size)
    findings = (*extraction.findings, *(assistance.findings if assistance is not None else ()))
    sureness = confidence(extraction.reading)
    cost = Cost(
        stage="extract",
        wall_seconds=round(time.perf_counter() - wall, 6),
        # Of the whole process: with several documents at once, an upper bound for this one.
        cpu_seconds=round(time.process_time() - cpu, 6),
    )
    result = InvoiceExtractedV1(
        tenant=event.tenant,
        document_id=event.document_id,
        content=event.content,
        invoice=extraction.reading.invoice,
        evidence=extraction.reading.evidence,
        findings=findings,
        confidence=sureness,
        needs_review=needs_review(sureness, findings, shipped().threshold(settings.review_target_precision)),
        engine=ENGINE,
        costs=(event.cost, cost, *([assistance.cost] if assistance is not None and assistance.cost else [])),
        tried=tuple(assistance.tried) if assistance is not None else (),
        extracted_at=now(),
    )
    result, data = _fitting(result, settings.max_event_size)
    data = gzip.compress(data, compresslevel=5, mtime=0)
    kept = await keep_first(objects, event.tenant, settings.bucket, name, data)
    return [result if kept is data else InvoiceExtractedV1.model_validate_json(gzip.decompress(kept))]


def _made_by(assistant: Assistant | None) -> str:
    made_by = f"{ENGINE.name}-{ENGINE.version}"
    return made_by if assistant is None else f"{made_by}-{sha256(assistant.version.encode()).hexdigest()[:12]}"


def _fitting(result: InvoiceExtractedV1, limit: int) -> tuple[InvoiceExtractedV1, bytes]:
    """Return the event in a size that a topic takes, and its JSON: thousands of lines go without their evidence.

    Raises:
        PermanentError: ``invoice_too_large``, where even that is not enough.
    """
    data = result.model_dump_json().encode()
    if len(data) <= limit:
        return result, data
    left_out = RULES["IF-EVIDENCE"].finding(
        f"The invoice has {len(result.invoice.lines)} lines; where each of their values stands was left out.",
        pointers=("/lines",),
        values={"lines": len(result.invoice.lines)},
    )
    evidence = {pointer: each for pointer, each in result.evidence.items() if not pointer.startswith("/lines/")}
    smaller = result.model_copy(update={"evidence": evidence, "findings": (*result.findings, left_out)})
    data = smaller.model_dump_json().encode()
    if len(data) > limit:
        raise PermanentError(
            "invoice_too_large",
            f"The invoice with its {len(result.invoice.lines)} lines is too large to be handed on. Ask the seller to split it.",
        )
    return smaller, data


async def _fetch(event: OcrCompletedV1, objects: ObjectStore, settings: ExtractSettings) -> Document:
    """Return the layout, the files found inside, and the PDF itself where its metadata are to be looked at."""
    if event.pages:
        layout = await asyncio.to_thread(_layout, await objects.get(event.tenant, event.layout))
    else:  # in which the event itself says all that there is
        layout = Layout(engine=event.engine, languages=event.languages, embedded=event.embedded)
    files = tuple([Candidate(file, await objects.get(event.tenant, file.content)) for file in event.embedded])
    is_pdf = event.content.media_type == "application/pdf" and event.content.size <= settings.max_inspected_pdf_size
    return Document(
        layout=layout,
        files=files,
        is_bare=any(file.content.sha256 == event.content.sha256 for file in event.embedded),
        pdf=await objects.get(event.tenant, event.content) if is_pdf else None,
    )


def _layout(data: bytes) -> Layout:
    return Layout.model_validate_json(gzip.decompress(data))
