"""From ``ocr.completed`` to ``invoice.extracted``, with stores in memory and a page reader written for the test."""

import asyncio
import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest

from invoiceflow_chassis.errors import PermanentError, TransientError
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_contracts.events import InvoiceExtractedV1, OcrCompletedV1
from invoiceflow_contracts.extraction import Cost, Evidence, Method
from invoiceflow_contracts.identity import document_id
from invoiceflow_contracts.invoice import Invoice, InvoiceLine, Party, Totals
from invoiceflow_contracts.layout import Box, EmbeddedFile, Engine, Layout, Line, Page, Word
from invoiceflow_extract.adapters import LocalExtractor
from invoiceflow_extract.calibration import shipped
from invoiceflow_extract.handlers import extract_invoice
from invoiceflow_extract.local import read_layout
from invoiceflow_extract.main import create_service
from invoiceflow_extract.reading import Reading
from invoiceflow_extract.settings import ExtractSettings

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)


@dataclass
class ReadsPage:
    """An extractor that says what it was told to say, and counts."""

    reading: Reading = field(default_factory=Reading)
    fail_with: Exception | None = None
    calls: int = 0

    async def extract(self, layout: Layout, so_far: Reading) -> Reading:  # noqa: ARG002
        self.calls += 1
        if self.fail_with is not None:
            raise self.fail_with
        return self.reading


def on_page(invoice: Invoice, *pointers: str) -> Reading:
    return Reading(invoice, dict.fromkeys(pointers, Evidence(method=Method.LOCAL, text="?", confidence=0.99, page=1)))


PRINTED = on_page(
    Invoice(
        number="P-1",
        issue_date=NOON.date(),
        currency="EUR",
        seller=Party(name="Nordwind"),
        buyer=Party(name="Bergblick"),
        totals=Totals(net=Decimal(100), tax=Decimal(19), gross=Decimal(119)),
        lines=(InvoiceLine(description="Work", net=Decimal(100)),),
    ),
    *("/number", "/issue_date", "/currency", "/seller/name", "/buyer/name", "/totals/net", "/totals/tax"),
    *("/totals/gross", "/lines/0/description", "/lines/0/net"),
)


@dataclass
class World:
    """An object store, a page reader, and documents in them."""

    objects: MemoryObjectStore = field(default_factory=MemoryObjectStore)
    extractor: ReadsPage = field(default_factory=ReadsPage)
    settings: ExtractSettings = field(default_factory=ExtractSettings)
    time: datetime = NOON

    async def document(
        self,
        *files: tuple[str, bytes],
        bare: bytes | None = None,
        text: Sequence[str] = (),
        tenant: str = "default",
    ) -> OcrCompletedV1:
        """Store a document as ocr leaves it, and return its event."""
        kind = "application/xml" if bare is not None else "image/png"
        data = bare if bare is not None else repr((files, text)).encode()
        content = await self.objects.put(tenant, "originals", sha256(data).hexdigest(), data, media_type=kind)
        embedded = [EmbeddedFile(name="invoice.xml", content=content)] if bare is not None else []
        for name, file in files:
            ref = await self.objects.put(tenant, "layouts", f"e/{name}", file, media_type="application/xml")
            embedded.append(EmbeddedFile(name=name, content=ref))
        lines = tuple(
            Line(words=tuple(Word(text=word, box=Box(0.1, 0.1, 0.2, 0.2)) for word in line.split())) for line in text
        )
        pages = () if bare is not None else (Page(number=1, width=595, height=842, source="text", lines=lines),)
        layout = Layout(engine=Engine(name="t", version="1"), pages=pages, embedded=tuple(embedded))
        packed = gzip.compress(layout.model_dump_json().encode(), mtime=0)
        return OcrCompletedV1(
            tenant=tenant,
            document_id=document_id(tenant, content.sha256),
            content=content,
            layout=await self.objects.put(
                tenant, "layouts", f"{content.sha256}.gz", packed, media_type="application/gzip"
            ),
            engine=layout.engine,
            pages=len(pages),
            embedded=tuple(embedded),
            cost=Cost(stage="ocr", wall_seconds=1, cpu_seconds=1),
            completed_at=NOON,
        )

    async def extract(self, event: OcrCompletedV1) -> InvoiceExtractedV1:
        self.time += timedelta(seconds=1)
        (result,) = await extract_invoice(
            event,
            objects=self.objects,
            extractor=self.extractor,
            settings=self.settings,
            now=lambda: self.time,
        )
        return result

    async def refusal(self, event: OcrCompletedV1) -> str:
        with pytest.raises(PermanentError) as caught:
            await self.extract(event)
        assert caught.value.message.endswith(".")
        return caught.value.code


@pytest.fixture
def world() -> World:
    return World()


def rules(event: InvoiceExtractedV1) -> set[str]:
    return {finding.rule for finding in event.findings}


async def test_a_bare_einvoice_needs_no_page(world: World, ubl: str) -> None:
    event = await world.document(bare=ubl.encode())
    result = await world.extract(event)
    assert result.invoice.number == "2024-0117"
    assert (result.confidence, result.needs_review, result.findings) == (1.0, False, ())
    assert (result.document_id, result.content) == (event.document_id, event.content)
    assert [cost.stage for cost in result.costs] == ["ocr", "extract"]
    assert world.extractor.calls == 0


async def test_a_redelivery_gives_the_same_event_to_the_last_byte(world: World, ubl: str) -> None:
    event = await world.document(bare=ubl.encode())
    first = await world.extract(event)
    world.extractor.reading = PRINTED
    assert (await world.extract(event)).model_dump_json() == first.model_dump_json()


@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: data[:-9] + b"123456789", lambda _: b""]
)
async def test_a_damaged_result_is_made_again(world: World, ubl: str, damage: Callable[[bytes], bytes]) -> None:
    event = await world.document(bare=ubl.encode())
    first = await world.extract(event)
    bucket = world.settings.bucket
    (name,) = [name async for name in world.objects.names("default", bucket)]
    stored = await world.objects.find("default", bucket, name)
    assert stored is not None
    await world.objects.put("default", bucket, name, damage(stored), media_type="application/octet-stream")
    assert (await world.extract(event)).invoice == first.invoice


async def test_the_result_of_another_document_is_not_taken_for_its_own(world: World, ubl: str) -> None:
    one, other = await world.document(bare=ubl.encode()), await world.document(text=["Invoice P-1"])
    first = await world.extract(one)
    (name,) = [name async for name in world.objects.names("default", world.settings.bucket)]
    stored = await world.objects.find("default", world.settings.bucket, name)
    assert stored is not None
    await world.extract(other)
    for each in [name async for name in world.objects.names("default", world.settings.bucket)]:
        await world.objects.put("default", world.settings.bucket, each, stored, media_type="application/octet-stream")
    assert (await world.extract(other)).document_id == other.document_id
    assert (await world.extract(one)).document_id == first.document_id


async def test_two_workers_on_the_same_document_make_the_same_event(world: World, ubl: str) -> None:
    event = await world.document(bare=ubl.encode())
    first, second = await asyncio.gather(world.extract(event), world.extract(event))
    assert first.model_dump_json() == second.model_dump_json()


async def test_each_tenant_has_its_own_result(world: World, ubl: str) -> None:
    ours = await world.extract(await world.document(bare=ubl.encode()))
    theirs = await world.extract(await world.document(bare=ubl.encode(), tenant="other"))
    assert (ours.tenant, theirs.tenant) == ("default", "other")
    assert ours.document_id != theirs.document_id


async def test_the_same_file_read_by_a_new_engine_is_extracted_anew(world: World) -> None:
    event = await world.document(text=["Invoice P-1"])
    await world.extract(event)
    layout = Layout.model_validate_json(gzip.decompress(await world.objects.get("default", event.layout)))
    again = layout.model_copy(update={"engine": Engine(name="t", version="2")}).model_dump_json().encode()
    stored = await world.objects.put("default", "layouts", "2.gz", gzip.compress(again), media_type="application/gzip")
    newer = event.model_copy(update={"layout": stored})
    await world.extract(newer)
    assert world.extractor.calls == 2


async def test_a_page_without_einvoice_is_read_by_the_extractor(world: World) -> None:
    world.extractor.reading = PRINTED
    result = await world.extract(await world.document(text=["Invoice P-1", "Total 119.00"]))
    assert result.invoice == PRINTED.invoice
    assert result.evidence == PRINTED.evidence
    assert (result.confidence, result.needs_review, result.findings) == (0.99, False, ())


async def test_a_page_that_is_no_invoice_is_extracted_for_review(world: World) -> None:
    result = await world.extract(await world.document(text=["Dear Sir or Madam,"]))
    assert result.needs_review
    assert {"BR-2", "BR-14"} <= rules(result)


async def test_an_embedded_einvoice_that_the_page_shows_is_enough(world: World, ubl: str) -> None:
    shown = [
        "Nordwind Handel GmbH",
        "Bergblick KG",
        "2024-0117",
        "1.3.2024",
        "due 31.03.2024",
        "20,00",
        "115,00 18,05 133,05 EUR",
        "100,00",
        "DE89 3704 0044 0532 0130 00",
        "DE136695976",
    ]
    result = await world.extract(await world.document(("factur-x.xml", ubl.encode()), text=shown))
    assert world.extractor.calls == 0
    assert result.findings == ()


async def test_a_different_total_on_the_page_needs_review(world: World, ubl: str) -> None:
    world.extractor.reading = PRINTED
    result = await world.extract(await world.document(("factur-x.xml", ubl.encode()), text=["P-1", "Total 119.00"]))
    assert result.invoice.totals.gross == Decimal("133.05"), "the e-invoice still holds"
    assert {"IF-PAGE-NUMBER", "IF-PAGE-TOTAL"} <= rules(result)
    assert result.needs_review


async def test_a_damaged_einvoice_falls_back_to_the_page_and_says_why(world: World, ubl: str) -> None:
    world.extractor.reading = PRINTED
    result = await world.extract(await world.document(("factur-x.xml", ubl.encode()[:900]), text=["P-1"]))
    assert result.invoice.number == "P-1"
    assert rules(result) == {"IF-EINV-DAMAGED"}
    assert result.needs_review


async def test_what_the_profile_leaves_out_comes_from_the_page(world: World, cii: str) -> None:
    start, end = cii.index("<ram:IncludedSupplyChainTradeLineItem>"), cii.index("<ram:ApplicableHeaderTradeAgreement>")
    minimum = (cii[:start] + cii[end:]).replace("urn:cen.eu:en16931:2017", "urn:factur-x.eu:1p0:minimum")
    world.extractor.reading = PRINTED
    result = await world.extract(await world.document(("factur-x.xml", minimum.encode()), text=["R-7", "Work 100.00"]))
    assert result.invoice.number == "R-7"
    assert [line.description for line in result.invoice.lines] == ["Work"]
    assert result.evidence["/number"].method is Method.E_INVOICE
    assert result.evidence["/lines/0/net"].method is Method.LOCAL
    assert "BR-CO-10" in rules(result), "the lines of the page do not add up to the e-invoice's 80"


async def test_a_missing_currency_is_an_error_even_where_the_page_has_it(world: World, ubl: str) -> None:
    world.extractor.reading = PRINTED
    text = ubl.replace("<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>", "")
    result = await world.extract(await world.document(("factur-x.xml", text.encode()), text=["P-1 EUR"]))
    assert result.invoice.currency == "EUR"
    assert result.evidence["/currency"].method is Method.LOCAL
    assert "BR-5" in rules(result)
    assert result.needs_review


async def test_a_missing_currency_of_a_bare_einvoice(world: World, ubl: str) -> None:
    text = ubl.replace("<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>", "")
    result = await world.extract(await world.document(bare=text.encode()))
    assert (result.invoice.currency, result.needs_review) == (None, True)
    assert "BR-5" in rules(result)


async def test_two_einvoices_that_differ(world: World, ubl: str, cii: str) -> None:
    event = await world.document(("a.xml", ubl.encode()), ("factur-x.xml", cii.encode()), text=["R-7"])
    result = await world.extract(event)
    assert result.invoice.number == "R-7", "the prescribed name comes first"
    assert "IF-EINV-SEVERAL" in rules(result)


async def test_other_attachments_are_left_alone(world: World) -> None:
    world.extractor.reading = PRINTED
    result = await world.extract(await world.document(("style.xml", b"<style/>"), text=["P-1"]))
    assert result.findings == ()


@pytest.mark.parametrize("text", [(), ("Order 5",)])
async def test_an_order_is_refused(world: World, text: tuple[str, ...]) -> None:
    order = b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>'
    assert await world.refusal(await world.document(("order-x.xml", order), text=text)) == "order_not_invoice"


async def test_what_cannot_be_read_at_all_is_refused(world: World, ubl: str) -> None:
    assert await world.refusal(await world.document(bare=ubl.encode()[:900])) == "einvoice_damaged"
    assert await world.refusal(await world.document(bare=b"<note/>")) == "not_an_einvoice"
    assert await world.refusal(await world.document()) == "no_text_found"
    assert await world.refusal(await world.document(("factur-x.xml", ubl.encode()[:900]))) == "einvoice_damaged"


async def test_thousands_of_lines_are_handed_on_without_their_evidence(world: World, ubl: str) -> None:
    start = ubl.index("<cac:InvoiceLine>")
    line = ubl[start : ubl.index("</cac:InvoiceLine>") + len("</cac:InvoiceLine>")]
    world.settings = ExtractSettings(max_event_size=300_000)
    result = await world.extract(await world.document(bare=(ubl[:start] + line * 300 + "</Invoice>").encode()))
    assert len(result.invoice.lines) == 300
    assert "IF-EVIDENCE" in rules(result)
    assert "/number" in result.evidence
    assert "/lines/0/net" not in result.evidence
    too_many = await world.document(bare=(ubl[:start] + line * 1500 + "</Invoice>").encode())
    assert await world.refusal(too_many) == "invoice_too_large"


async def test_trouble_leaves_nothing_behind_and_is_tried_again(world: World) -> None:
    event = await world.document(text=["P-1"])
    world.extractor.fail_with = TransientError("llm_away", "Try again.")
    before = dict(world.objects.objects)
    with pytest.raises(TransientError):
        await world.extract(event)
    assert world.objects.objects == before
    world.extractor.fail_with = None
    world.extractor.reading = PRINTED
    assert (await world.extract(event)).invoice.number == "P-1"


async def test_another_tenants_object_is_not_found(world: World, ubl: str) -> None:
    event = await world.document(bare=ubl.encode())
    foreign = event.model_copy(update={"tenant": "other"})
    assert await world.refusal(foreign) == "object_not_found"


async def test_the_local_engine_stands_behind_the_port(world: World) -> None:
    event = await world.document(text=["Invoice number: 4711", "Total 119.00 EUR"])
    layout = Layout.model_validate_json(gzip.decompress(await world.objects.get("default", event.layout)))
    assert await LocalExtractor(None).extract(layout, Reading()) == read_layout(layout)
    assert await LocalExtractor(shipped()).extract(layout, Reading()) == shipped().apply(read_layout(layout), layout)


def test_the_service_takes_what_ocr_made() -> None:
    service = create_service(ExtractSettings(concurrency=3, time_limit=9), MemoryObjectStore())
    (subscription,) = service.subscriptions
    assert (subscription.event, subscription.concurrency, subscription.time_limit) == (OcrCompletedV1, 3, 9)
    assert subscription.fails_document
    assert set(service.checks) == {"objects"}


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOICEFLOW_EXTRACT_REVIEW_TARGET_PRECISION", "0.95")
    assert ExtractSettings().review_target_precision == 0.95
