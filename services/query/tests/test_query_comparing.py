"""An invoice held against the others of its seller, in every store."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_contracts.events import InvoiceExtractedV1
from invoiceflow_contracts.invoice import Invoice, InvoiceType, Payment, PaymentAccount
from invoiceflow_query.changes import Changes
from invoiceflow_query.comparing import compare
from invoiceflow_query.cross_checks import account_findings, accounts_of, number_findings, sellers_of
from invoiceflow_query.handlers import project
from invoiceflow_query.ports import ReadModel, Rebuildable, StoredDocument, StoredInvoice
from invoiceflow_query.projection import change_of
from invoiceflow_query.queries import InvoiceQuery
from invoiceflow_query.rebuild import rebuild
from invoiceflow_query.records import InvoiceSummary, summarise
from invoiceflow_query.testing import MONTH, NOON, document, extracted, invoice, uploaded

A, B, C = document("a"), document("b"), document("c")
OLD, NEW = "DE89370400440532013000", "GB29NWBK60161331926819"
DAY = 86400.0


async def tell(model: ReadModel, *events: InvoiceExtractedV1, young: timedelta = MONTH) -> set[UUID]:
    """Project extractions; return whom those who look at documents are told of."""
    told: set[UUID] = set()

    class Told(Changes):
        def notify(self, _: str, document_id: UUID) -> None:
            told.add(document_id)

    for event in events:
        await project(event, f"e-{event.document_id}", model, Told(), young=young)
    return told


async def found(model: ReadModel, document_id: UUID, tenant: str = "default") -> list[str]:
    """Return the rules of the invoice's findings, the same in the invoice and in the list."""
    stored = await model.invoice(tenant, document_id)
    document = await model.document(tenant, document_id)
    assert stored
    assert document
    rules = [finding.rule for finding in stored.record.findings]
    listed = [each for each in await model.invoices(tenant, InvoiceQuery()) if each.id == document_id]
    assert [[finding.rule for finding in each.findings] for each in listed] == [rules]
    assert listed[0].needs_review == stored.record.needs_review == document.view.needs_review
    for rule in set(rules):
        assert document_id in [each.id for each in await model.invoices(tenant, InvoiceQuery(finding=rule))]
    return rules


async def test_the_same_invoice_in_another_file_is_found_and_names_the_first(read_model: ReadModel) -> None:
    await read_model.apply("default", change_of(uploaded(A, filename="first.pdf"), "u"))
    await tell(read_model, extracted(A, 3), extracted(B, 9))
    assert await found(read_model, A) == []
    assert await found(read_model, B) == ["IF-INVOICE-TWICE"]
    stored = await read_model.invoice("default", B)
    assert stored
    assert stored.record.needs_review
    (finding,) = stored.record.findings
    assert "(first.pdf) of the same seller has the same number, date and amount" in finding.message
    assert finding.values == {
        "earlier": str(A),
        "number": "2024-0117",
        "issue_date": "2024-01-17",
        "amount": "119.00",
    }
    stats = await read_model.stats("default")
    assert (stats.invoices.total, stats.invoices.needs_review) == (2, 1)


async def test_an_account_that_a_known_seller_has_not_named_before_is_to_be_looked_at(read_model: ReadModel) -> None:
    first, changed, again = (
        extracted(A, 0, of=invoice(number="1", iban=OLD)),
        extracted(B, DAY, of=invoice(number="2", iban=NEW)),
        extracted(C, 2 * DAY, of=invoice(number="3", iban=OLD)),
    )
    await tell(read_model, first, changed, again)
    assert [await found(read_model, each) for each in (A, B, C)] == [[], ["IF-ACCOUNT-NEW"], []]
    stored = await read_model.invoice("default", B)
    assert stored
    assert stored.record.needs_review
    (finding,) = stored.record.findings
    assert finding.pointers == ("/payment/iban",)
    assert finding.values == {"account": NEW, "known": OLD, "since": "2026-03-02"}


async def test_a_new_account_is_to_be_looked_at_for_a_month_however_often_it_is_named(read_model: ReadModel) -> None:
    names = [document(f"{number}") for number in range(4)]
    await tell(
        read_model,
        extracted(names[0], 0, of=invoice(number="0", iban=OLD)),
        extracted(names[1], DAY, of=invoice(number="1", iban=NEW)),
        extracted(names[2], 30.9 * DAY, of=invoice(number="2", iban=NEW)),
        extracted(names[3], 31.1 * DAY, of=invoice(number="3", iban=NEW)),
    )
    assert [await found(read_model, each) for each in names] == [[], ["IF-ACCOUNT-NEW"], ["IF-ACCOUNT-NEW"], []]


async def test_both_may_be_wrong_with_an_invoice(read_model: ReadModel) -> None:
    await tell(read_model, extracted(A, 0, of=invoice(iban=OLD)), extracted(B, 1, of=invoice(iban=NEW)))
    assert await found(read_model, B) == ["IF-INVOICE-TWICE", "IF-ACCOUNT-NEW"]


async def test_tenants_know_nothing_of_each_others_invoices(read_model: ReadModel) -> None:
    await tell(
        read_model,
        extracted(A, 0, of=invoice(iban=OLD)),
        extracted(A, 1, tenant="other", of=invoice(iban=NEW)),
    )
    assert await found(read_model, A, "other") == []


async def test_looking_at_accounts_can_be_turned_off(read_model: ReadModel) -> None:
    events = extracted(A, 0, of=invoice(number="1", iban=OLD)), extracted(B, 1, of=invoice(number="2", iban=NEW))
    await tell(read_model, *events, young=timedelta(0))
    assert await found(read_model, B) == []


async def test_an_event_delivered_again_changes_nothing(read_model: ReadModel) -> None:
    events = extracted(A, 0, of=invoice(iban=OLD)), extracted(B, 1, of=invoice(iban=NEW))
    assert await tell(read_model, *events) == {A, B}
    before = [await read_model.document("default", each) for each in (A, B)]
    assert await tell(read_model, *events) == set()
    assert [await read_model.document("default", each) for each in (A, B)] == before


async def test_what_was_extracted_first_is_the_first_whichever_comes_to_be_known_first(read_model: ReadModel) -> None:
    assert await tell(read_model, extracted(B, 1)) == {B}
    # Those who look at the other one are told as well.
    assert await tell(read_model, extracted(A, 0)) == {A, B}
    assert [await found(read_model, each) for each in (A, B)] == [[], ["IF-INVOICE-TWICE"]]


async def test_of_many_at_the_same_time_all_but_the_first_are_found(read_model: ReadModel) -> None:
    names = [document(f"{number}") for number in range(12)]
    await asyncio.gather(*(tell(read_model, extracted(each, number)) for number, each in enumerate(names)))
    assert [await found(read_model, each) for each in names] == [[], *[["IF-INVOICE-TWICE"]] * 11]


async def test_a_newer_extraction_is_compared_anew(read_model: ReadModel) -> None:
    await tell(read_model, extracted(A, 0), extracted(B, 1))
    await project(extracted(B, 5, of=invoice(number="2")), "newer", read_model, Changes(), young=MONTH)
    assert await found(read_model, B) == []
    await project(extracted(B, 9, findings=(("BR-CO-15", "error"),)), "newest", read_model, Changes(), young=MONTH)
    assert await found(read_model, B) == ["BR-CO-15", "IF-INVOICE-TWICE"]


async def test_nothing_is_added_to_an_extraction_while_a_newer_one_is_being_written() -> None:
    older, newer = change_of(extracted(B, 1), "older"), change_of(extracted(B, 2), "newer")
    assert newer.invoice
    record = newer.invoice

    class BetweenTwoWrites:
        """The newer invoice is there, and its document not yet, as with MongoDB."""

        async def invoices(self, *_: object, **__: object) -> list[InvoiceSummary]:
            return [summary(A, 0, invoice())]

        async def accounts(self, *_: object) -> dict[str, datetime]:
            return {}

        async def document(self, *_: object) -> StoredDocument:
            return StoredDocument(B, 1, older.state)

        async def invoices_by_id(self, *_: object) -> list[StoredInvoice]:
            return [StoredInvoice(record, None)]

    assert await compare(BetweenTwoWrites(), "default", record, MONTH) == frozenset()  # type: ignore[arg-type]


async def test_a_rebuild_finds_the_same(connect: Callable[[], Rebuildable]) -> None:
    # Stored results come in no order at all.
    events = [
        extracted(B, DAY, of=invoice(number="2", iban=NEW)),
        extracted(C, 2 * DAY, of=invoice(number="1", iban=OLD)),
        extracted(A, 0, of=invoice(number="1", iban=OLD)),
    ]

    class Stored:
        async def changes(self, _: object) -> object:
            for event in events:
                yield [("default", change_of(event, f"e-{event.document_id}"))]

    for _ in range(2):
        model = connect()
        await rebuild(model, stored=Stored(), events=None, tenants=(), young=MONTH, say=print)  # type: ignore[arg-type]
        await model.close()
        model = connect()
        await model.open()
        assert await found(model, A) == []
        assert await found(model, B) == ["IF-ACCOUNT-NEW"]
        assert await found(model, C) == ["IF-INVOICE-TWICE"]
        assert await tell(model, *events) == set()
        await model.close()


# -- what is the same, and what is not ---------------------------------------------------------------------------------


def summary(document_id: UUID, seconds: float, of: Invoice) -> InvoiceSummary:
    record = change_of(extracted(document_id, seconds, of=of), "e").invoice
    assert record
    return summarise(record)


def twice(one: Invoice, other: Invoice) -> bool:
    return bool(list(number_findings(summary(B, 1, other), [summary(A, 0, one), summary(B, 1, other)])))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (invoice(number="RE 2024-7"), invoice(number="re2024-7")),
        (invoice(vat_id="DE129273398"), invoice(vat_id="DE 129.273.398", seller="ACME Gesellschaft mbH")),
        (invoice(vat_id=None), invoice(seller="ACME, GmbH")),
        (invoice(), invoice(gross="120.00", issue_date=date(2024, 2, 1))),
        (invoice(), invoice(issue_date=None, gross=None)),
        # The date was misread, and the amount was not.
        (invoice(), invoice(issue_date=date(2023, 1, 17))),
    ],
)
def test_the_same_number_of_the_same_seller(one: Invoice, other: Invoice) -> None:
    assert twice(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (invoice(number="1"), invoice(number="2")),
        (invoice(number=None), invoice(number=None)),
        (invoice(vat_id="DE129273398"), invoice(vat_id="DE811569869")),
        (invoice(vat_id=None), invoice(seller="Widget Works Ltd", vat_id=None)),
        (invoice(vat_id=None, seller=None), invoice(vat_id=None, seller=None)),
        # A credit note and the invoices of another year have numbers of their own.
        (invoice(), invoice(kind=InvoiceType.CREDIT_NOTE)),
        (invoice(number="1"), invoice(number="1", issue_date=date(2025, 1, 17), gross="7.00")),
        (invoice(number="1"), invoice(number="1", issue_date=date(2025, 1, 17), currency="USD")),
    ],
)
def test_not_the_same_number_of_the_same_seller(one: Invoice, other: Invoice) -> None:
    assert not twice(one, other)


def test_of_several_earlier_ones_the_likest_is_named() -> None:
    others = [
        summary(A, 0, invoice(gross="1.00", issue_date=date(2024, 3, 1))),
        summary(C, 1, invoice(gross="119.00", issue_date=date(2024, 3, 1))),
        summary(document("d"), 2, invoice(gross="119.00", issue_date=date(2024, 3, 1))),
    ]
    ((_, (finding,)),) = number_findings(summary(B, 9, invoice()), others)
    assert finding.values["earlier"] == str(C)
    assert "has the same number and amount." in finding.message


def test_accounts_are_told_apart_without_their_spaces_and_a_credit_note_names_none() -> None:
    spaced = invoice(iban="de89 3704 0044 0532 0130 00")
    both = spaced.model_copy(
        update={"payment": Payment(iban=OLD, other_accounts=(PaymentAccount(iban=OLD), PaymentAccount(iban=NEW)))}
    )
    assert accounts_of(spaced) == {OLD: "/payment/iban"}
    assert accounts_of(both) == {OLD: "/payment/iban", NEW: "/payment/other_accounts/1/iban"}
    assert accounts_of(invoice(iban=OLD, kind=InvoiceType.CREDIT_NOTE)) == {}
    assert accounts_of(invoice()) == {}


def test_a_seller_is_known_by_its_vat_identifier_before_its_name() -> None:
    assert sellers_of(invoice(vat_id="DE 129273398")) == ("vat:DE129273398", "name:acme gmbh")
    assert sellers_of(invoice(vat_id=None)) == ("name:acme gmbh",)
    assert sellers_of(invoice(vat_id=None, seller=None)) == ()


def test_two_accounts_that_a_seller_has_named_from_the_first_are_both_known() -> None:
    since = {OLD: NOON, NEW: NOON}
    assert account_findings(invoice(iban=NEW), NOON, since, MONTH) == ()


@given(st.permutations(range(5)), st.data())
def test_all_but_the_first_are_found_in_whatever_order_they_come(order: list[int], data: st.DataObject) -> None:
    times = data.draw(st.lists(st.integers(0, 3), min_size=5, max_size=5))
    every = [summary(document(f"{number}"), times[number], invoice()) for number in range(5)]
    told: set[UUID] = set()
    for place, number in enumerate(order):
        known = [every[each] for each in order[: place + 1]]
        told |= {each for each, _ in number_findings(every[number], known)}
    first = min(every, key=lambda each: (each.extracted_at, each.id))
    assert told == {each.id for each in every} - {first.id}
