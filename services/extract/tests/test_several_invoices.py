"""Documents that hold more than one invoice."""

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_contracts.events import InvoiceExtractedV1, OcrCompletedV1
from invoiceflow_contracts.extraction import Cost
from invoiceflow_contracts.identity import document_id, part_id
from invoiceflow_contracts.layout import Box, Engine, Layout, Line, Page, Word
from invoiceflow_extract.extraction import Document, Extraction, extract, parts
from invoiceflow_extract.handlers import extract_invoice
from invoiceflow_extract.local import read_layout
from invoiceflow_extract.reading import Reading
from invoiceflow_extract.settings import ExtractSettings

ROWS = ("Invoice no: {number}", "Oak table", "Total: {total}")


class OfThePage:
    """The local engine with its own scores."""

    async def extract(self, layout: Layout, so_far: Reading) -> Reading:  # noqa: ARG002
        return read_layout(layout)


def page(position: int, **values: str) -> Page:
    lines = []
    for index, row in enumerate(ROWS):
        words = row.format(**values).split()
        top = 0.1 + 0.1 * index
        lines.append(
            Line(
                words=tuple(
                    Word(text=word, box=Box(0.1 + 0.1 * place, top, 0.18 + 0.1 * place, top + 0.012))
                    for place, word in enumerate(words)
                )
            )
        )
    return Page(number=position, width=595, height=842, source="text", lines=tuple(lines))


async def read(*pages: Page) -> list[Extraction]:
    document = Document(layout=Layout(engine=Engine(name="t", version="1"), pages=pages))
    return [await extract(part, OfThePage()) for part in parts(document, max_einvoice_size=10**6)]


async def test_each_invoice_is_read_from_its_own_pages() -> None:
    pages = (page(1, number="A-100", total="300.00"), page(2, number="A-101", total="450.00"))
    first, second = await read(*pages)
    assert [one.reading.invoice.number for one in (first, second)] == ["A-100", "A-101"]
    assert [str(one.reading.invoice.totals.gross) for one in (first, second)] == ["300.00", "450.00"]
    assert {one.page for one in second.reading.evidence.values()} == {2}


async def test_that_there_were_several_is_said_of_each() -> None:
    for one in await read(page(1, number="A-100", total="300.00"), page(2, number="A-101", total="450.00")):
        (finding,) = [finding for finding in one.findings if finding.rule == "IF-SEVERAL-INVOICES"]
        assert finding.values == {"page 1": "A-100", "page 2": "A-101"}


def test_no_page_is_left_out_and_none_is_in_two_invoices() -> None:
    pages = tuple(page(at, number=f"A-{100 + at // 2}", total=f"{at + 1}00.00") for at in range(1, 6))
    document = Document(layout=Layout(engine=Engine(name="t", version="1"), pages=pages))
    found = parts(document, max_einvoice_size=10**6)
    assert [each.pages for each in found] == [(1, 1), (2, 3), (4, 5)]
    assert [one.number for each in found for one in each.layout.pages] == [1, 2, 3, 4, 5]


async def test_one_invoice_is_no_part() -> None:
    (part,) = parts(
        Document(layout=Layout(engine=Engine(name="t", version="1"), pages=(page(1, number="A-100", total="300.00"),))),
        max_einvoice_size=10**6,
    )
    assert part.pages is None


NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


class World:
    """A document of three invoices in a store, and a clock that never tells the same time twice."""

    def __init__(self) -> None:
        self.objects = MemoryObjectStore()
        self._seconds = count()

    async def document(self) -> OcrCompletedV1:
        pages = tuple(page(at, number=f"A-10{at}", total=f"{at}00.00") for at in (1, 2, 3))
        layout = Layout(engine=Engine(name="t", version="1"), pages=pages)
        packed = gzip.compress(layout.model_dump_json().encode(), mtime=0)
        content = await self.objects.put("default", "originals", "a" * 64, b"scan", media_type="image/png")
        return OcrCompletedV1(
            tenant="default",
            document_id=document_id("default", content.sha256),
            content=content,
            filename="three.png",
            layout=await self.objects.put("default", "layouts", "l.gz", packed, media_type="application/gzip"),
            engine=layout.engine,
            pages=len(pages),
            cost=Cost(stage="ocr", wall_seconds=1, cpu_seconds=1),
            completed_at=NOON,
        )

    async def extract(self, event: OcrCompletedV1) -> Sequence[InvoiceExtractedV1]:
        return await extract_invoice(
            event,
            objects=self.objects,
            extractor=OfThePage(),
            settings=ExtractSettings(),
            now=lambda: NOON + timedelta(seconds=next(self._seconds)),
        )


async def test_each_has_an_id_of_its_own_and_says_where_it_comes_from() -> None:
    world = World()
    event = await world.document()
    results = await world.extract(event)
    assert [one.invoice.number for one in results] == ["A-101", "A-102", "A-103"]
    assert [one.document_id for one in results] == [part_id(event.document_id, number) for number in (1, 2, 3)]
    assert results[0].document_id == event.document_id
    assert len({one.document_id for one in results}) == len(results)
    assert [
        (part.number, part.count, part.document_id, part.filename, part.first_page, part.last_page)
        for one in results
        if (part := one.part) is not None
    ] == [(number, 3, event.document_id, "three.png", number, number) for number in (1, 2, 3)]


async def test_reading_the_page_is_paid_for_once() -> None:
    world = World()
    results = await world.extract(await world.document())
    assert [[cost.stage for cost in one.costs] for one in results] == [["ocr", "extract"], ["extract"], ["extract"]]


async def test_a_redelivery_gives_the_same_events() -> None:
    world = World()
    event = await world.document()
    results = await world.extract(event)
    assert await world.extract(event) == results


async def test_what_a_process_had_stored_when_it_was_killed_stands() -> None:
    world = World()
    event = await world.document()
    results = await world.extract(event)
    for key in [key for key in world.objects.objects if ".json.gz" in key[1] and "-3.json" in key[1]]:
        del world.objects.objects[key]  # it is stored last
    again = await world.extract(event)
    assert again[1:] == results[1:], "with the times they had"
    assert again[0].extracted_at > results[0].extracted_at
    assert again[0].document_id == results[0].document_id
