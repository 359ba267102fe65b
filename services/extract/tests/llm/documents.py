"""Documents for the tests of the language model's step, and a service around them."""

import gzip
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from grids import layout_of

from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_contracts.events import InvoiceExtractedV1, OcrCompletedV1
from invoiceflow_contracts.extraction import Cost
from invoiceflow_contracts.identity import document_id
from invoiceflow_contracts.layout import EmbeddedFile, Engine, Layout, Page
from invoiceflow_extract.adapters import LocalExtractor
from invoiceflow_extract.handlers import extract_invoice
from invoiceflow_extract.llm import LlmSettings
from invoiceflow_extract.llm.step import LanguageModelStep
from invoiceflow_extract.llm.wiring import language_model
from invoiceflow_extract.settings import ExtractSettings

__all__ = ["PLAIN", "UNCLEAR", "World", "world_with"]

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)

PLAIN = """
Nordwind Handel GmbH
Hafenweg 4
24103 Kiel

Invoice to:
Bergblick KG
Gipfelweg 7
8010 Graz

Invoice number: NW-2024-117
Invoice date: 2024-03-01
Due date: 2024-03-31

Description              Quantity     Unit price     Amount
Harbour crane rent              2         100.00     200.00
Mooring line                    5          10.00      50.00

Net total                                            250.00
VAT 19 %                                              47.50
Total EUR                                            297.50
"""
"""An invoice that the local engine reads by itself."""

UNCLEAR = """
Nordwind Handel GmbH
Hafenweg 4
24103 Kiel

Bergblick KG
Gipfelweg 7
8010 Graz

Our mark                 NW-2024-117
Kiel, the first of spring
made out 01.03.2024

Harbour crane rent                                   200.00
Mooring line                                          50.00

all together without                                 250.00
levy                                                  47.50
to be settled                                        297.50 EUR
"""
"""An invoice whose labels nobody knows: its number has none at all."""


@dataclass
class World:
    """The extract service's use case with a language model, on stores in memory."""

    step: LanguageModelStep | None
    objects: MemoryObjectStore
    settings: ExtractSettings = field(default_factory=ExtractSettings)

    async def extract(self, text: str | Layout, *, tenant: str = "default", name: str = "") -> InvoiceExtractedV1:
        """Return what becomes of pages that ocr has read; another ``name`` is another document."""
        layout = layout_of(text) if isinstance(text, str) else text
        return await self.extract_file(name.encode(), "image/png", layout.pages, tenant=tenant)

    async def extract_file(
        self,
        data: bytes,
        kind: str,
        pages: tuple[Page, ...] = (),
        attached: Sequence[tuple[str, bytes]] = (),
        *,
        tenant: str = "default",
        original: bytes | None = None,
    ) -> InvoiceExtractedV1:
        """Return what becomes of a document: of XML by itself, or of pages and the files that were found inside."""
        files = []
        for each, file in attached if pages else [("invoice.xml", data)]:
            ref = await self.objects.put(tenant, "files", sha256(file).hexdigest(), file, media_type="application/xml")
            files.append(EmbeddedFile(name=each, content=ref))
        layout = Layout(engine=Engine(name="t", version="1"), pages=pages, embedded=tuple(files))
        packed = gzip.compress(layout.model_dump_json().encode(), mtime=0)
        # With the same bytes as its original, or as many documents as there are layouts.
        whole = original if original is not None else data if not pages else data + packed
        content = await self.objects.put(tenant, "files", sha256(whole).hexdigest(), whole, media_type=kind)
        event = OcrCompletedV1(
            tenant=tenant,
            document_id=document_id(tenant, content.sha256),
            content=content,
            layout=await self.objects.put(
                tenant, "layouts", f"{content.sha256}.gz", packed, media_type="application/gzip"
            ),
            engine=layout.engine,
            pages=len(pages),
            embedded=tuple(files),
            cost=Cost(stage="ocr", wall_seconds=1, cpu_seconds=1),
            completed_at=NOON,
        )
        (result,) = await extract_invoice(
            event, objects=self.objects, extractor=LocalExtractor(None), settings=self.settings, assistant=self.step
        )
        return result


@asynccontextmanager
async def world_with(
    llm: LlmSettings | None, *, objects: MemoryObjectStore | None = None, time_limit: float = 60.0
) -> AsyncIterator[World]:
    """Give the service with this model, or with none."""
    store = objects or MemoryObjectStore()
    if llm is None or llm.model is None:
        yield World(None, store)
        return
    step = language_model(llm, llm.model, store, time_limit=time_limit)
    try:
        yield World(step, store)
    finally:
        await step.close()
