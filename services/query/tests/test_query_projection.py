"""The merge of events into a document's state."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoiceflow_contracts.events import DocumentEvent
from invoiceflow_query.ports import ReadModel, StoredInvoice
from invoiceflow_query.projection import Change, DocumentState, Resubmitted, change_of, merge, stage_of, status_of
from invoiceflow_query.queries import InvoiceQuery
from invoiceflow_query.testing import NOON, document, extracted, failed, invoice, progress, read, uploaded
from invoiceflow_query.views import Stats, document_view

D = document("d")

SECONDS = st.integers(0, 3)
"""Few, so that events often have the same time."""

EVENTS = st.one_of(
    st.builds(uploaded, st.just(D), SECONDS, filename=st.sampled_from(["a.pdf", "b.pdf"])),
    st.builds(
        progress, st.just(D), SECONDS, stage=st.sampled_from(["ingest", "ocr", "extract"]), done=st.integers(0, 3)
    ),
    st.builds(read, st.just(D), SECONDS, pages=st.integers(1, 3)),
    st.builds(
        extracted,
        st.just(D),
        SECONDS,
        of=st.builds(invoice, number=st.sampled_from(["1", "2"]), description=st.sampled_from(["bolts", "nuts"])),
        needs_review=st.booleans(),
        findings=st.sampled_from([(), (("IF-1", "error"),), (("IF-2", "info"), ("IF-1", "info"))]),
    ),
    st.builds(failed, st.just(D), SECONDS, code=st.sampled_from(["pdf_encrypted", "not_an_invoice"])),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Change], list[Change]]:
    """The same events twice: once each, and in another order with some of them repeated."""
    changes = [change_of(event, f"event-{n}") for n, event in enumerate(draw(st.lists(EVENTS, min_size=1, max_size=7)))]
    for seconds in draw(st.lists(SECONDS, max_size=2)):
        note = Resubmitted(at=NOON + timedelta(seconds=seconds), event_id=f"note-{seconds}")
        changes.append(Change(document_id=D, state=DocumentState(resubmitted=note)))
    repeated = draw(st.lists(st.sampled_from(changes), max_size=5))
    return changes, draw(st.permutations(changes + repeated))


def state_after(changes: list[Change]) -> DocumentState:
    state = DocumentState()
    for change in changes:
        state = merge(state, change.state)
    return state


@given(histories())
def test_order_and_repetition_do_not_matter(history: tuple[list[Change], list[Change]]) -> None:
    once, again = history
    assert state_after(once) == state_after(again)
    assert document_view(D, state_after(once)) == document_view(D, state_after(again))


@given(histories(), st.integers(0, 12))
def test_states_may_be_merged_in_any_grouping(history: tuple[list[Change], list[Change]], cut: int) -> None:
    changes = history[1]
    assert merge(state_after(changes[:cut]), state_after(changes[cut:])) == state_after(changes)


async def _seen(model: ReadModel, tenant: str) -> tuple[Any, StoredInvoice | None, list[list[str]], Stats]:
    stored = await model.document(tenant, D)
    assert stored
    questions = [
        {},
        {"q": "bolts"},
        {"q": "nuts"},
        {"number": "1"},
        {"number": "2"},
        {"finding": "IF-1"},
        {"severity": "info"},
        {"finding": "IF-1", "severity": "error"},
        {"needs_review": True},
    ]
    answers = [
        [each.model_dump_json() for each in await model.invoices(tenant, InvoiceQuery(**question))]  # type: ignore[arg-type]
        for question in questions
    ]
    return stored.view, await model.invoice(tenant, D), answers, await model.stats(tenant)


_tenants = iter(range(1_000_000))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories())
async def test_order_and_repetition_do_not_matter_to_a_reader(
    read_model: ReadModel, history: tuple[list[Change], list[Change]]
) -> None:
    one, other = f"t{next(_tenants)}", f"t{next(_tenants)}"
    for tenant, changes in zip((one, other), history, strict=True):
        for change in changes:
            await read_model.apply(tenant, change)
    assert await _seen(read_model, one) == await _seen(read_model, other)
    assert sum((await read_model.stats(one)).documents.model_dump().values()) == 1


@pytest.mark.parametrize(
    ("events", "status", "stage"),
    [
        ([uploaded(D)], "received", "ingest"),
        ([progress(D, stage="ingest")], "received", "ingest"),
        ([progress(D)], "processing", "ocr"),
        ([read(D)], "processing", "extract"),
        ([failed(D, 3), uploaded(D, 9), progress(D, 9)], "failed", "ocr"),
        ([failed(D, 3, stage="extract"), progress(D, 9)], "failed", "extract"),
        ([failed(D, 9), extracted(D, 3)], "extracted", "extract"),
        ([failed(D, 3), extracted(D, 9)], "extracted", "extract"),
    ],
)
def test_the_highest_status_stands(events: list[DocumentEvent], status: str, stage: str) -> None:
    state = state_after([change_of(event, str(n)) for n, event in enumerate(events)])
    assert (status_of(state), stage_of(state)) == (status, stage)


def test_a_document_that_succeeded_in_the_end_shows_no_error() -> None:
    view = document_view(D, state_after([change_of(failed(D, 9), "f"), change_of(extracted(D, 3), "e")]))
    assert (view.error, view.failed_at, view.attempts) == (None, None, None)


def test_a_document_is_what_was_first_received() -> None:
    changes = [
        change_of(uploaded(D, 5, filename="later.pdf"), "1"),
        change_of(uploaded(D, 2, filename="first.pdf"), "2"),
    ]
    assert document_view(D, state_after(changes)).filename == "first.pdf"


def test_a_retried_stage_starts_again_at_its_first_page() -> None:
    changes = [change_of(progress(D, 5, done=1), "1"), change_of(progress(D, 2, done=3), "2")]
    assert document_view(D, state_after(changes)).pages_done == 1


def test_what_is_extracted_without_an_upload_event_still_has_its_file() -> None:
    view = document_view(D, state_after([change_of(extracted(D), "e")]))
    assert (view.filename, view.media_type, view.size) == (None, "application/pdf", 4)


def test_of_one_extraction_the_one_to_which_more_was_added_stands() -> None:
    states = [change_of(extracted(D), "e").state]
    for revision in (1, 2):
        fact = states[0].extracted
        assert fact
        states.append(DocumentState(extracted=fact.model_copy(update={"revision": revision})))
    for one, other, third in permutations(states):
        assert merge(merge(one, other), third) == states[2]
    newer = change_of(extracted(D, 4), "a").state
    assert merge(states[2], newer) == merge(newer, states[2]) == newer
