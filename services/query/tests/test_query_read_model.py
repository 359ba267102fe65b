"""What every read model does, whatever the store."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest

from invoiceflow_contracts.events import DocumentEvent
from invoiceflow_contracts.extraction import Part
from invoiceflow_contracts.identity import part_id
from invoiceflow_query.ports import ReadModel
from invoiceflow_query.projection import change_of
from invoiceflow_query.queries import (
    DocumentQuery,
    InvoiceQuery,
    Position,
    Sort,
    document_position,
    invoice_position,
)
from invoiceflow_query.records import InvoiceSummary
from invoiceflow_query.testing import NOON, document, extracted, failed, invoice, progress, read, uploaded

D = document("d")


async def tell(model: ReadModel, *events: DocumentEvent) -> None:
    for number, event in enumerate(events):
        await model.apply(event.tenant, change_of(event, f"{type(event).__name__}-{number}"))


async def found(model: ReadModel, **query: object) -> list[str | None]:
    page = await model.invoices("default", InvoiceQuery(sort=Sort(field="number"), **query))  # type: ignore[arg-type]
    return [each.number for each in page]


async def test_answers_a_ping(read_model: ReadModel) -> None:
    await read_model.ping()


async def test_knows_nothing_of_a_document_it_was_never_told_of(read_model: ReadModel) -> None:
    assert await read_model.document("default", D) is None
    assert await read_model.invoice("default", D) is None
    assert await read_model.documents("default", DocumentQuery()) == []
    assert await read_model.invoices("default", InvoiceQuery()) == []


async def test_follows_a_document_to_its_invoice(read_model: ReadModel) -> None:
    seen = []
    for event in (uploaded(D), progress(D), read(D), extracted(D)):
        await tell(read_model, event)
        stored = await read_model.document("default", D)
        assert stored
        seen.append((stored.version, stored.view.status, stored.view.stage, stored.view.pages_done))
    assert seen == [
        (1, "received", "ingest", None),
        (2, "processing", "ocr", 1),
        (3, "processing", "extract", 3),
        (4, "extracted", "extract", 3),
    ]


async def test_keeps_the_invoice_exactly_as_announced(read_model: ReadModel) -> None:
    event = extracted(D, findings=(("BR-CO-15", "error"),), of=invoice(gross="1234567890123456789012345.50"))
    await tell(read_model, event, uploaded(D, filename="Rechnung Nº 7.pdf"))
    stored = await read_model.invoice("default", D)
    assert stored
    assert stored.filename == "Rechnung Nº 7.pdf"
    assert stored.record.model_dump_json(exclude={"document_id", "event_id", "revision"}) == event.model_dump_json(
        exclude={"tenant", "document_id", "content"}
    )


async def test_a_repeated_event_changes_nothing(read_model: ReadModel) -> None:
    change = change_of(extracted(D), "e")
    assert await read_model.apply("default", change)
    before = await read_model.document("default", D)
    assert not await read_model.apply("default", change)
    assert await read_model.document("default", D) == before
    assert len(await read_model.invoices("default", InvoiceQuery())) == 1


async def test_the_newest_invoice_stands_whatever_the_order(read_model: ReadModel) -> None:
    newer = extracted(D, 9, of=invoice(number="NEW", description="Copper pipe"), findings=(("IF-2", "warning"),))
    older = extracted(D, 3, of=invoice(number="OLD", description="Steel bolts"), findings=(("IF-1", "error"),))
    middle = extracted(D, 5, of=invoice(number="MIDDLE"))
    await tell(read_model, middle, newer, older)
    assert await found(read_model) == ["NEW"]
    assert await found(read_model, q="copper") == ["NEW"]
    assert await found(read_model, q="steel") == []
    assert await found(read_model, finding="IF-2") == ["NEW"]
    assert await found(read_model, finding="IF-1") == []


async def test_no_change_is_lost_when_many_come_at_once(read_model: ReadModel) -> None:
    events = [uploaded(D), read(D), extracted(D), failed(D), *(progress(D, n, done=n, total=20) for n in range(20))]
    results = await asyncio.gather(
        *(read_model.apply("default", change_of(event, f"e{n}")) for n, event in enumerate(events))
    )
    stored = await read_model.document("default", D)
    assert stored
    assert stored.version == sum(results)
    state = stored.state
    assert None not in (state.uploaded, state.read, state.extracted, state.failed)
    assert stored.state.progress["ocr"].pages_done == 19


async def test_tenants_never_see_each_other(read_model: ReadModel) -> None:
    await tell(read_model, uploaded(D, tenant="one"), extracted(D, tenant="one", findings=(("IF-1", "error"),)))
    await tell(read_model, uploaded(D, tenant="one-two", filename="other.pdf"))
    for tenant in ("two", "on", "one-two", "default"):
        assert await read_model.invoice(tenant, D) is None
        for query in (InvoiceQuery(), InvoiceQuery(q="acme"), InvoiceQuery(finding="IF-1"), InvoiceQuery(q="one")):
            assert await read_model.invoices(tenant, query) == []
        assert await read_model.invoices_by_id(tenant, [D]) == []
        assert (await read_model.stats(tenant)).invoices.total == 0
    mine, theirs = await read_model.document("one", D), await read_model.document("one-two", D)
    assert mine
    assert theirs
    assert (mine.view.status, theirs.view.status) == ("extracted", "received")
    assert theirs.view.filename == "other.pdf"
    assert await read_model.document("two", D) is None
    assert len(await read_model.unfinished("one-two")) == 1
    assert await read_model.unfinished("one") == []


async def test_names_every_tenant_once(read_model: ReadModel) -> None:
    assert await read_model.tenants() == []
    await tell(read_model, uploaded(D, tenant="two"), uploaded(D, tenant="one"), extracted(document("e"), tenant="two"))
    assert await read_model.tenants() == ["one", "two"]


async def test_lists_what_is_unfinished_page_by_page(read_model: ReadModel) -> None:
    names = [document(f"u{n}") for n in range(5)]
    await tell(read_model, *(uploaded(name) for name in names), read(names[0]), failed(names[1]), extracted(names[2]))
    first = await read_model.unfinished("default", limit=2)
    rest = await read_model.unfinished("default", after=first[-1].id, limit=2)
    assert [each.id for each in first + rest] == sorted((names[0], names[3], names[4]), key=str)


async def test_filters_documents(read_model: ReadModel) -> None:
    a, b, c = document("a"), document("b"), document("c")
    await tell(read_model, uploaded(a, 0, filename="Größe-1.pdf"), uploaded(b, 60, filename="grosse-2.pdf"), failed(b))
    await tell(read_model, progress(c))

    async def ids(**query: object) -> set[object]:
        return {each.id for each in await read_model.documents("default", DocumentQuery(**query))}  # type: ignore[arg-type]

    assert await ids() == {a, b, c}
    assert await ids(status="failed") == {b}
    assert await ids(stage="ocr") == {b, c}
    assert await ids(status="processing", stage="ocr") == {c}
    assert await ids(filename="GRÖSSE") == {a, b}
    assert await ids(filename="osse") == set()
    assert await ids(filename="größe-1") == {a}
    assert await ids(filename="%") == set()
    assert await ids(received_from=NOON) == {a, b}
    assert await ids(received_to=NOON) == {a}
    assert await ids(received_from=NOON + timedelta(seconds=1), received_to=NOON + timedelta(hours=1)) == {b}


INVOICES = {
    "a": extracted(
        document("a"),
        of=invoice(
            number="A 1",
            seller="Łódzka Fabryka Śrub",
            gross="-5.50",
            issue_date=date(2024, 1, 1),
            due_date=date(2024, 2, 1),
            currency="PLN",
            vat_id="PL 525-000-01-28",
            description="śruby stalowe",
        ),
        findings=(("BR-CO-15", "error"), ("IF-7", "info")),
        needs_review=True,
    ),
    "b": extracted(
        document("b"),
        4,
        of=invoice(number="b2", seller="Acme GmbH & Co. KG", gross="5.5", issue_date=date(2024, 1, 2)),
        findings=(("IF-7", "error"),),
    ),
    "c": extracted(
        document("c"), 5, of=invoice(number="C3", seller="The ACME Corp", buyer="Łódź S.A.", gross="1000", vat_id=None)
    ),
    "d": extracted(
        document("d"), 6, of=invoice(number=None, seller=None, gross=None, issue_date=None, currency=None, vat_id=None)
    ),
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"a", "b", "c", "d"}),
        ({"seller": "acme"}, {"b", "c"}),
        ({"seller": "gmbh ACM"}, {"b"}),
        ({"seller": "cme"}, set()),
        ({"seller": "lodzka srub"}, {"a"}),
        ({"seller": "&"}, set()),
        ({"buyer": "lodz"}, {"c"}),
        ({"seller": "acme", "buyer": "lodz"}, {"c"}),
        ({"seller_vat_id": "pl5250000128"}, {"a"}),
        ({"number": "a1"}, {"a"}),
        ({"number": "A"}, set()),
        ({"currency": "PLN"}, {"a"}),
        ({"type": "credit_note"}, set()),
        ({"issue_date_from": date(2024, 1, 2)}, {"b", "c"}),
        ({"issue_date_to": date(2024, 1, 2)}, {"a", "b"}),
        ({"issue_date_from": date(2024, 1, 2), "issue_date_to": date(2024, 1, 2)}, {"b"}),
        ({"due_date_to": date(2025, 1, 1)}, {"a"}),
        ({"due_date_from": date(2024, 2, 2)}, set()),
        ({"gross_min": Decimal("5.50")}, {"b", "c"}),
        ({"gross_max": Decimal("5.50")}, {"a", "b"}),
        ({"gross_min": Decimal(-6), "gross_max": Decimal(0)}, {"a"}),
        ({"needs_review": True}, {"a"}),
        ({"needs_review": False}, {"b", "c", "d"}),
        ({"finding": "IF-7"}, {"a", "b"}),
        ({"severity": "error"}, {"a", "b"}),
        ({"finding": "IF-7", "severity": "error"}, {"b"}),
        ({"finding": "IF"}, set()),
        ({"q": "SRUBY"}, {"a"}),
        ({"q": "steel acme"}, {"b", "c"}),
        ({"q": "steel", "seller": "the", "finding": None}, {"c"}),
        ({"q": "steel", "finding": "IF-7", "currency": "EUR"}, {"b"}),
        ({"q": '" OR 1=1 *'}, set()),
        ({"q": "1000"}, {"c"}),
        ({"q": "-"}, set()),
    ],
)
async def test_filters_invoices(read_model: ReadModel, query: dict[str, object], expected: set[str]) -> None:
    await tell(read_model, *INVOICES.values())
    page = await read_model.invoices("default", InvoiceQuery(**query))  # type: ignore[arg-type]
    assert {each.id for each in page} == {document(name) for name in expected}


@pytest.mark.parametrize(
    ("field", "ascending"),
    [
        ("issue_date", "dabc"),
        ("gross", "dabc"),
        ("number", "dabc"),
        ("seller", "dbac"),
        ("extracted_at", "abcd"),
    ],
)
@pytest.mark.parametrize("descending", [False, True])
async def test_sorts_invoices_and_pages_through_them(
    read_model: ReadModel, field: str, ascending: str, descending: bool
) -> None:
    await tell(read_model, *INVOICES.values())
    query = InvoiceQuery(sort=Sort(field=field, descending=descending))  # type: ignore[arg-type]
    expected = [document(name) for name in (reversed(ascending) if descending else ascending)]
    after: Position | None = None
    for each in expected:
        page = await read_model.invoices("default", query, after=after, limit=1)
        assert [summary.id for summary in page] == [each]
        after = invoice_position(page[0], query.sort.field)
    assert await read_model.invoices("default", query, after=after, limit=1) == []


@pytest.mark.parametrize("descending", [False, True])
async def test_equal_invoices_are_sorted_by_id(read_model: ReadModel, descending: bool) -> None:
    names = [document(f"same-{n}") for n in range(7)]
    await tell(read_model, *(extracted(name) for name in names))
    ordered = sorted(names, key=str, reverse=descending)
    for field in ("issue_date", "due_date", "gross", "number", "seller", "extracted_at"):
        query = InvoiceQuery(sort=Sort(field=field, descending=descending))  # type: ignore[arg-type]
        first = await read_model.invoices("default", query, limit=3)
        rest = await read_model.invoices("default", query, after=invoice_position(first[-1], query.sort.field))
        assert [each.id for each in first + rest] == ordered


@pytest.mark.parametrize("field", ["received_at", "updated_at", "filename"])
@pytest.mark.parametrize("descending", [False, True])
async def test_sorts_documents_and_pages_through_them(read_model: ReadModel, field: str, descending: bool) -> None:
    names = [document(f"page-{n}") for n in range(6)]
    await tell(read_model, *(uploaded(name, n // 2, filename=f"{n // 2}.pdf") for n, name in enumerate(names)))
    await tell(read_model, failed(document("early"), -1), failed(document("earlier"), -2))
    query = DocumentQuery(sort=Sort(field=field, descending=descending))  # type: ignore[arg-type]
    everything = [each.id for each in await read_model.documents("default", query)]
    assert len(everything) == 8
    groups = [
        {document("early"), document("earlier")},
        *({names[2 * n], names[2 * n + 1]} for n in range(3)),
    ]
    for group in reversed(groups) if descending else groups:
        assert set(everything[:2]) == group
        everything = everything[2:]
    paged, after = [], None
    while page := await read_model.documents("default", query, after=after, limit=3):
        paged += page
        after = document_position(page[-1].view, query.sort.field)
    assert paged == await read_model.documents("default", query)


async def test_finds_the_file_name_for_a_list(read_model: ReadModel) -> None:
    await tell(read_model, extracted(D))
    assert (await read_model.invoices("default", InvoiceQuery()))[0].filename is None
    await tell(read_model, uploaded(D, filename="Ünïcode.pdf"))
    assert (await read_model.invoices("default", InvoiceQuery()))[0].filename == "Ünïcode.pdf"


def part(number: int) -> Part:
    return Part(number=number, count=3, document_id=D, filename="Drei.pdf", first_page=number, last_page=number)


async def test_each_invoice_of_a_file_is_found_and_leads_to_the_others(read_model: ReadModel) -> None:
    ids = [part_id(D, number) for number in (1, 2, 3)]
    events = [extracted(_id, of=invoice(number=f"R-{number}"), part=part(number)) for number, _id in enumerate(ids, 1)]
    await tell(read_model, *events[::-1], uploaded(D, filename="Drei.pdf"))
    summaries = await read_model.invoices("default", InvoiceQuery(sort=Sort(field="number")))
    assert [(one.id, one.number, one.filename) for one in summaries] == [
        (_id, f"R-{number}", "Drei.pdf") for number, _id in enumerate(ids, 1)
    ]
    assert {stored.view.filename for stored in await read_model.invoices_by_id("default", ids)} == {"Drei.pdf"}
    third = await read_model.invoice("default", ids[2])
    assert third is not None
    assert third.view.part == part(3)
    documents = [await read_model.document("default", _id) for _id in ids]
    assert [one.view.invoices for one in documents if one] == [tuple(ids), (ids[1],), (ids[2],)]
    assert {one.view.filename for one in documents if one} == {"Drei.pdf"}
    assert {one.view.status for one in documents if one} == {"extracted"}
    found = await read_model.documents("default", DocumentQuery(filename="drei"))
    assert {one.id for one in found} == set(ids)


async def test_gives_a_list_as_the_text_of_its_summaries(read_model: ReadModel) -> None:
    await tell(read_model, *INVOICES.values(), uploaded(document("a"), filename="a\nb.pdf"))
    query = InvoiceQuery(sort=Sort(field="gross"))
    texts = await read_model.invoices_json("default", query, limit=3)
    assert [InvoiceSummary.model_validate_json(text) for text in texts] == await read_model.invoices(
        "default", query, limit=3
    )
    assert not any("\n" in text for text in texts)
    assert await read_model.invoices_json("default", InvoiceQuery(q="-")) == []


async def test_gets_invoices_in_the_order_asked_for(read_model: ReadModel) -> None:
    await tell(read_model, *INVOICES.values())
    asked = [document("c"), document("nowhere"), document("a")]
    stored = await read_model.invoices_by_id("default", asked)
    assert [each.record.document_id for each in stored] == [document("c"), document("a")]
    assert await read_model.invoices_by_id("default", []) == []


async def test_counts(read_model: ReadModel) -> None:
    await tell(read_model, *INVOICES.values(), uploaded(document("e")), failed(document("f")), read(document("g")))
    stats = await read_model.stats("default")
    assert stats.documents.model_dump() == {"received": 1, "processing": 1, "extracted": 4, "failed": 1}
    assert stats.invoices.model_dump() == {"total": 4, "needs_review": 1}
