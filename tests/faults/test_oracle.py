"""The oracle itself: it is content with a history in which everything holds, and names whatever rule one breaks."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from faultsuite.documents import Document
from faultsuite.oracle import Container, DeadLetter, DocumentHistory, History, Look, Offset, judge

INVOICE = {"number": "2024-0117", "currency": "EUR", "totals": {"gross": "119.00", "net": "100.00"}}
OTHER = {**INVOICE, "number": "2024-0118"}

READABLE = Document("a.xml", "application/xml", b"<Invoice/>", number="2024-0117", gross=Decimal("119.00"))
UNREADABLE = Document("b.pdf", "application/pdf", b"%PDF", failure="pdf_encrypted")

EXTRACTED = DocumentHistory(
    READABLE,
    acknowledged=3,
    new=1,
    extracted={"e1": INVOICE},
    rows=["extracted"],
    invoice_rows=1,
    look=Look(invoice=INVOICE, original=READABLE.sha256),
)
FAILED = DocumentHistory(
    UNREADABLE,
    failed={"f1": "pdf_encrypted"},
    rows=["failed"],
    look=Look(error="pdf_encrypted", original=UNREADABLE.sha256),
)
PLACE = ("document.uploaded", 2, 17)
GOOD = History(
    documents=[EXTRACTED, FAILED],
    offsets=[Offset("invoiceflow-ocr", "document.uploaded", 2, committed=18, end=18)],
    dead_letters=[DeadLetter(PLACE, "invoiceflow-ocr", "not_json")],
    poison={(PLACE, "invoiceflow-ocr"): "not_json"},
    containers=[Container("ocr-1", memory_peak=1 << 30, memory_limit=4 << 30)],
)


def rules(history: History) -> list[str]:
    return [one.rule for one in judge(history)]


def with_extracted(**changes: Any) -> History:
    return replace(GOOD, documents=[replace(EXTRACTED, **changes), FAILED])


def with_failed(**changes: Any) -> History:
    return replace(GOOD, documents=[EXTRACTED, replace(FAILED, **changes)])


def with_look(**changes: Any) -> History:
    return with_extracted(look=replace(EXTRACTED.look or Look(), **changes))


def with_container(**changes: Any) -> History:
    return replace(GOOD, containers=[replace(GOOD.containers[0], **changes)])


def test_a_history_in_which_everything_holds_is_accepted() -> None:
    assert judge(GOOD) == []


def test_a_dead_letter_that_was_written_again_counts_once() -> None:
    assert judge(replace(GOOD, dead_letters=[*GOOD.dead_letters, *GOOD.dead_letters])) == []


def test_a_restart_that_the_scenario_made_is_none_of_its_findings() -> None:
    assert judge(with_container(restarted=True, meant_to_restart=True)) == []


@pytest.mark.parametrize("end", [{"failed": {"f2": "content_mismatch"}}, {"extracted": {"e1": INVOICE}}])
def test_a_document_whose_bytes_were_altered_may_fail_or_be_read_from_the_right_ones(end: Mapping[str, Any]) -> None:
    failed = "failed" in end
    altered = replace(
        EXTRACTED,
        altered=True,
        extracted=end.get("extracted", {}),
        failed=end.get("failed", {}),
        rows=["failed" if failed else "extracted"],
        invoice_rows=0 if failed else 1,
        look=Look(error="content_mismatch" if failed else None, invoice=None if failed else INVOICE, original="0" * 64),
    )
    assert judge(replace(GOOD, documents=[altered, FAILED])) == []


BROKEN = {
    "a lost document": (
        with_extracted(extracted={}, rows=["processing"], invoice_rows=0),
        "an accepted document comes to an end",
    ),
    "two ends": (with_extracted(failed={"f9": "time_limit"}), "a document comes to one end only"),
    "two results": (
        with_extracted(extracted={"e1": INVOICE, "e2": INVOICE}),
        "a document is extracted under one event id",
    ),
    "two failures": (
        with_failed(failed={"f1": "pdf_encrypted", "f2": "pdf_encrypted"}),
        "a document fails under one event id",
    ),
    "a readable document given up": (
        with_extracted(extracted={}, failed={"f1": "time_limit"}, rows=["failed"], invoice_rows=0),
        "a readable document is extracted",
    ),
    "another reason": (with_failed(failed={"f1": "time_limit"}), "this document fails with pdf_encrypted"),
    "the read model stayed behind": (with_extracted(rows=["processing"]), "the read model says how a document ended"),
    "missing from the read model": (with_extracted(rows=[]), "a document stands in the read model exactly once"),
    "twice in the read model": (
        with_extracted(rows=["extracted", "extracted"]),
        "a document stands in the read model exactly once",
    ),
    "an invoice twice": (
        with_extracted(invoice_rows=2),
        "an extracted document has one invoice in the read model, and no other has any",
    ),
    "an invoice of a failed document": (
        with_failed(invoice_rows=1),
        "an extracted document has one invoice in the read model, and no other has any",
    ),
    "new twice": (with_extracted(new=2), "a document is new only once"),
    "another original": (with_look(original="0" * 64), "the stored original hashes to its name"),
    "no original": (with_look(original=None), "the stored original hashes to its name"),
    "another invoice shown": (with_look(invoice=OTHER), "the invoice that is shown is the one that was announced"),
    "no invoice shown": (with_look(invoice=None), "the invoice can be asked for"),
    "another number than the truth": (
        with_extracted(extracted={"e1": OTHER}, look=Look(invoice=OTHER, original=READABLE.sha256)),
        "an e-invoice is read exactly: its number is 2024-0117",
    ),
    "another reason shown": (
        with_failed(look=Look(error="time_limit", original=UNREADABLE.sha256)),
        "the read model says why a document failed",
    ),
    "extracted from altered bytes": (
        with_extracted(altered=True, extracted={"e1": OTHER}, look=Look(invoice=OTHER, original="0" * 64)),
        "a document whose bytes were altered is never extracted from them",
    ),
    "more receipts than documents and duplicates": (
        with_extracted(rows=[]),
        "accepted = extracted + failed + known duplicates",
    ),
    "a stranger": (replace(GOOD, strangers=["d9"]), "there is nothing that nobody handed in"),
    "no receipt": (replace(GOOD, given_up=["c.pdf"]), "whatever is handed in is acknowledged in the end"),
    "lag": (
        replace(GOOD, offsets=[replace(GOOD.offsets[0], committed=17)]),
        "a group reaches the end of what it reads",
    ),
    "poison that vanished": (replace(GOOD, dead_letters=[]), "poison is dead-lettered with its reason"),
    "poison with another reason": (
        replace(GOOD, dead_letters=[DeadLetter(PLACE, "invoiceflow-ocr", "empty_value")]),
        "poison is dead-lettered with its reason",
    ),
    "a good record among the dead letters": (replace(GOOD, poison={}), "nothing but poison is dead-lettered"),
    "memory at its limit": (with_container(memory_peak=4 << 30), "memory is bounded"),
    "killed for memory": (with_container(killed_for_memory=True), "memory is bounded"),
    "a container that is gone": (with_container(running=False), "everything runs in the end"),
    "a restart of its own": (with_container(restarted=True), "nothing restarts unless it was made to"),
}


@pytest.mark.parametrize(("history", "rule"), BROKEN.values(), ids=BROKEN)
def test_a_history_that_breaks_a_rule_is_rejected(history: History, rule: str) -> None:
    assert rule in rules(history)


def test_a_violation_tells_the_story_of_its_document() -> None:
    (lost, *_) = judge(with_extracted(extracted={}, rows=["processing"], invoice_rows=0))
    assert "a.xml" in str(lost)
    assert "acknowledged 3 times" in str(lost)
