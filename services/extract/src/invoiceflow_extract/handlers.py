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
from invoiceflow_contracts.extraction import Cost, Part
from invoiceflow_contracts.identity import part_id
from invoiceflow_contracts.layout import Engine, Layout
from invoiceflow_extract.calibration import shipped
from invoiceflow_extract.einvoice import Candidate
from invoiceflow_extract.extraction import Document, extract, parts
from invoiceflow_extract.ports import Assistant, Extractor, Original
from invoiceflow_extract.review import confidence, needs_review
from invoiceflow_extract.rules import RULES
from invoiceflow_extract.settings import ExtractSettings

__all__ = ["ENGINE", "extract_invoice"]

ENGINE = Engine(name="invoiceflow-extract", version="3")
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
    """Return ``invoice.extracted`` for a document that has been read; one for each invoice that it holds.

    The results are stored before they are published, under the hashes of what they were made from: a redelivery finds them
    there and publishes the same events again, with the same times and costs. Where there are no pages they are sooner made
    again than looked for, and found when they are to be stored.

    Raises:
        PermanentError: the document has no invoice that could be read; see ``extraction.parts``.
        TransientError: the object store or an extractor cannot be reached.
    """
    results = _Results(event, objects, settings, assistant)
    if event.pages and (known := await results.known()):
        return known
    clock = _Clock()
    document = await _fetch(event, objects, settings)
    invoices = await asyncio.to_thread(parts, document, max_einvoice_size=settings.max_einvoice_size)
    original = Original(event.content.media_type, partial(objects.get, event.tenant, event.content))
    made: list[InvoiceExtractedV1] = []
    for number, invoice in enumerate(invoices, 1):
        assistance = assistant.beside(extractor, event.tenant, original) if assistant is not None else None
        extraction = await extract(invoice, assistance or extractor)
        findings = (*extraction.findings, *(assistance.findings if assistance is not None else ()))
        sureness = confidence(extraction.reading)
        costs = (clock.cost(), *([assistance.cost] if assistance is not None and assistance.cost else []))
        made.append(
            InvoiceExtractedV1(
                tenant=event.tenant,
                document_id=part_id(event.document_id, number),
                content=event.content,
                part=_part(event, number, len(invoices), invoice.pages),
                invoice=extraction.reading.invoice,
                evidence=extraction.reading.evidence,
                findings=findings,
                confidence=sureness,
                needs_review=needs_review(sureness, findings, shipped().threshold(settings.review_target_precision)),
                engine=ENGINE,
                # The document was read once, for all that it holds.
                costs=(event.cost, *costs) if number == 1 else costs,
                tried=tuple(assistance.tried) if assistance is not None else (),
                extracted_at=now(),
            )
        )
    return await results.keep(made)


class _Clock:
    """Tells what each invoice has cost since the one before it."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def cost(self) -> Cost:
        """Return the time since the last call."""
        wall, cpu = self._wall, self._cpu
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return Cost(
            stage="extract",
            wall_seconds=round(self._wall - wall, 6),
            # Of the whole process: with several documents at once, an upper bound for this one.
            cpu_seconds=round(self._cpu - cpu, 6),
        )


def _part(event: OcrCompletedV1, number: int, count: int, pages: tuple[int, int] | None) -> Part | None:
    if count == 1:
        return None
    first, last = pages or (None, None)
    return Part(
        number=number,
        count=count,
        document_id=event.document_id,
        filename=event.filename,
        first_page=first,
        last_page=last,
        layout=event.layout,
    )


class _Results:
    """The stored results of one document: an object for each invoice, of which the first is stored last and vouches for the others."""

    def __init__(
        self, event: OcrCompletedV1, objects: ObjectStore, settings: ExtractSettings, assistant: Assistant | None
    ) -> None:
        self._tenant = event.tenant
        self._objects = objects
        self._settings = settings
        self._name = f"{event.content.sha256}/{event.layout.sha256}/{_made_by(assistant)}"

    def _name_of(self, number: int) -> str:
        return f"{self._name}.json.gz" if number == 1 else f"{self._name}.{number}.json.gz"

    async def known(self) -> list[InvoiceExtractedV1]:
        """Return what is stored; nothing where it is not all there."""
        results: list[InvoiceExtractedV1] = []
        count = 1
        while len(results) < count:
            stored = await recall(self._objects, self._tenant, self._settings.bucket, self._name_of(len(results) + 1))
            if stored is None:
                return []
            results.append(InvoiceExtractedV1.model_validate_json(gzip.decompress(stored)))
            count = results[0].part.count if results[0].part is not None else 1
        return results

    async def keep(self, made: Sequence[InvoiceExtractedV1]) -> list[InvoiceExtractedV1]:
        """Store each, unless another was stored before it, and return what is stored."""
        kept = [await self._keep(number, made[number - 1]) for number in range(len(made), 0, -1)]
        return kept[::-1]

    async def _keep(self, number: int, result: InvoiceExtractedV1) -> InvoiceExtractedV1:
        result, data = _fitting(result, self._settings.max_event_size)
        data = gzip.compress(data, compresslevel=5, mtime=0)
        kept = await keep_first(self._objects, self._tenant, self._settings.bucket, self._name_of(number), data)
        return result if kept is data else InvoiceExtractedV1.model_validate_json(gzip.decompress(kept))


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
