"""What an e-invoice costs the extract service: processor time from ``ocr.completed`` to ``invoice.extracted``."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from statistics import median
from uuid import UUID

from invoiceflow_chassis.collector import settle_collector
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_contracts.events import OcrCompletedV1
from invoiceflow_contracts.extraction import Cost
from invoiceflow_contracts.invoice import Invoice, InvoiceLine
from invoiceflow_contracts.layout import EmbeddedFile, Engine
from invoiceflow_extract.adapters import LocalExtractor
from invoiceflow_extract.calibration import shipped
from invoiceflow_extract.handlers import extract_invoice
from invoiceflow_extract.settings import ExtractSettings
from invoiceflow_samples.einvoice.cii import write_cii
from invoiceflow_samples.einvoice.ubl import write_ubl
from invoiceflow_samples.fiction import imagine
from invoiceflow_samples.scenario import Scenario

__all__ = ["EInvoiceCost", "e_invoice_costs"]

_TENANT, _BUCKET = "bench", "invoiceflow-bench"
_WRITERS: dict[str, Callable[[Invoice], bytes]] = {"UBL": write_ubl, "CII": write_cii}


@dataclass(frozen=True)
class EInvoiceCost:
    """The cost of one syntax at one size."""

    syntax: str
    lines: int
    size: int
    """Bytes of the file."""
    cpu_seconds: float
    """The median of all turns: reading, schema, checks, evidence, and storing the result."""


async def e_invoice_costs(sizes: Sequence[int], turns: int) -> list[EInvoiceCost]:
    """Return what e-invoices of so many lines cost, each read ``turns`` times after two to warm up."""
    settle_collector()  # as a service does at its start
    costs: list[EInvoiceCost] = []
    for lines in sizes:
        for syntax, write in _WRITERS.items():
            data = write(_of_lines(lines))
            taken = [await _one(data) for _ in range(turns + 2)][2:]
            costs.append(EInvoiceCost(syntax, lines, len(data), median(taken)))
    return costs


def _of_lines(count: int) -> Invoice:
    invoice = imagine(Scenario("de", "DE"), Random(3)).invoice  # noqa: S311 - the same in every run
    repeated: list[InvoiceLine] = [
        invoice.lines[index % len(invoice.lines)].model_copy(update={"id": str(index + 1)}) for index in range(count)
    ]
    return invoice.model_copy(update={"lines": tuple(repeated)})


async def _one(data: bytes) -> float:
    # A store of its own each time: a result that is kept would be found and not made.
    objects = MemoryObjectStore()
    content = await objects.put(_TENANT, _BUCKET, "document.xml", data, media_type="application/xml")
    event = OcrCompletedV1(
        tenant=_TENANT,
        document_id=UUID(int=1),
        content=content,
        layout=content,
        engine=Engine(name="bench", version="1"),
        pages=0,
        languages=(),
        embedded=(EmbeddedFile(name="document.xml", content=content),),
        cost=Cost(stage="ocr", wall_seconds=0, cpu_seconds=0),
        completed_at=datetime.now(UTC),
    )
    settings, extractor = ExtractSettings(), LocalExtractor(shipped())
    started = time.process_time()
    await extract_invoice(event, objects=objects, extractor=extractor, settings=settings)
    return time.process_time() - started
