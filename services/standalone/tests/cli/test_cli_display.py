from pathlib import Path

import pytest
from rich.console import Console

from invoiceflow_standalone.cli.display import LiveDisplay, PlainDisplay, display_for, state_of
from invoiceflow_standalone.cli.resources import Document, Problem
from invoiceflow_standalone.cli.sending import Batch
from invoiceflow_standalone.cli.shipments import Shipment

ID = "0199c2de-0000-7000-8000-000000000001"


def document(**fields: object) -> Document:
    return Document.model_validate({"id": ID, "status": "processing", **fields})


@pytest.mark.parametrize(
    ("shipment", "says"),
    [
        (Shipment(Path("a.pdf")), "waiting"),
        (Shipment(Path("a.pdf"), outcome="under_way"), "received, waits for its turn"),
        (
            Shipment(Path("a.pdf"), outcome="under_way", document=document(stage="ocr", pages_done=1, pages_total=3)),
            "reading, page 2 of 3",
        ),
        (
            Shipment(Path("a.pdf"), outcome="under_way", document=document(stage="extract", pages_total=1)),
            "extracting, 1 page",
        ),
        (Shipment(Path("a.pdf"), outcome="known"), "known: extracted before"),
        (Shipment(Path("a.pdf"), outcome="extracted", document=document(pages_total=3)), "extracted, 3 pages"),
    ],
)
def test_a_line_says_stage_and_pages(shipment: Shipment, says: str) -> None:
    assert state_of(shipment) == says


def test_a_log_gets_a_line_at_the_end_of_each_document_and_for_what_takes_long() -> None:
    console, now = Console(record=True, width=100, force_terminal=False), [0.0]
    batch = Batch([Path("a.pdf"), Path("b.pdf")])
    first, second = batch.shipments
    display = PlainDisplay(console, batch, every=2, clock=lambda: now[0])
    first.outcome = "under_way"
    for pages in range(4):
        now[0] += 1
        first.document = document(stage="ocr", pages_done=pages, pages_total=9)
        display.update(first)
    first.outcome, first.seconds = "extracted", 4.0
    display.update(first)
    second.outcome, second.problem = "refused", Problem(code="file_empty", detail="It is empty.")
    display.update(second)
    assert console.export_text().splitlines() == [
        "... a.pdf: reading, page 3 of 9",
        "[1/2] a.pdf: extracted, 9 pages, 4.0 s",
        "[2/2] b.pdf: refused: file_empty",
    ]


def test_a_terminal_keeps_a_line_for_each_document_that_has_ended() -> None:
    console = Console(record=True, width=80, height=10, force_terminal=True)
    batch = Batch([Path(f"{number}.pdf") for number in range(30)])
    with display_for(console, batch, quiet=False) as display:
        assert isinstance(display, LiveDisplay)
        for shipment in batch.shipments:
            shipment.outcome = "under_way"
            display.update(shipment)
        for shipment in batch.shipments:
            shipment.outcome, shipment.seconds = "extracted", 1.0
            display.update(shipment)
    text = console.export_text()
    assert all(f"✓ {number}.pdf  extracted, 1.0 s" in text for number in range(30))
