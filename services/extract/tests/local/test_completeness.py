"""A row or a page that the document shows and the invoice has not is never passed over in silence."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_contracts.layout import Box, Engine, Layout, Line, Page, Word
from invoiceflow_extract.checks import Origin, Subject, check
from invoiceflow_extract.local import read_layout
from invoiceflow_extract.local.completeness import missing_pages, unread_rows
from invoiceflow_extract.local.page_text import sheets_of
from invoiceflow_extract.reading import Reading

GOODS = [
    ("Oak table", "2", "150.00", "300.00"),
    ("Pine shelf", "1", "80.00", "80.00"),
    ("Free sample", "1", "0.00", "0.00"),
    ("Desk lamp", "4", "12.50", "50.00"),
]
COLUMNS = (0.1, 0.5, 0.7, 0.9)
COMPLETENESS = {"IF-LINES-COMPLETE", "IF-ROWS-UNREAD", "IF-LINE-NUMBERS", "BR-16", "BR-CO-10"}


def line(text: str, right: float, top: float) -> Line:
    """Return the words of a cell that ends at ``right`` (or begins there, if it is the first)."""
    words, x = [], right if right == COLUMNS[0] else right - 0.012 * len(text)
    for word in text.split():
        words.append(Word(text=word, box=Box(x, top, x + 0.011 * len(word), top + 0.012)))
        x += 0.012 * (len(word) + 1)
    return Line(words=tuple(words))


def page(rows: list[tuple[str, ...]], number: int = 1) -> Page:
    lines = []
    for index, row in enumerate(rows):
        top = 0.05 + 0.03 * index
        columns = COLUMNS if len(row) == 4 else (COLUMNS[0], COLUMNS[-1])[: len(row)]
        lines += [line(text, right, top) for text, right in zip(row, columns, strict=True) if text]
    return Page(number=number, width=595, height=842, source="text", lines=tuple(lines))


def layout(*pages: Page) -> Layout:
    return Layout(engine=Engine(name="t", version="1"), pages=pages)


HEAD: list[tuple[str, ...]] = [
    ("Invoice no: A-100",),
    ("Date: 2024-03-01",),
    ("Description", "Quantity", "Price", "Amount"),
]
FOOT: list[tuple[str, ...]] = [("Total: EUR", "430.00")]
WHOLE = layout(page([*HEAD, *GOODS, *FOOT]))


def without(reading: Reading, gone: set[int]) -> Reading:
    """Return what would have been read if these lines had been overlooked."""
    kept = [index for index in range(len(reading.invoice.lines)) if index not in gone]
    lines = tuple(reading.invoice.lines[index] for index in kept)
    evidence = {}
    for pointer, each in reading.evidence.items():
        match = re.match(r"/lines/(\d+)(/.*)", pointer)
        if match is None:
            evidence[pointer] = each
        elif int(match[1]) in kept:
            evidence[f"/lines/{kept.index(int(match[1]))}{match[2]}"] = each
    return Reading(reading.invoice.model_copy(update={"lines": lines}), evidence)


def rules(reading: Reading, pages: Layout = WHOLE) -> set[str]:
    found = (*check(Subject(reading.invoice, Origin.PAGE)), *unread_rows(sheets_of(pages), reading))
    return {finding.rule for finding in found} & COMPLETENESS


def test_nothing_is_said_where_every_row_was_read() -> None:
    reading = read_layout(WHOLE)
    assert [line.net for line in reading.invoice.lines] == [Decimal(net) for *_, net in GOODS]
    assert rules(reading) == set()


@given(st.sets(st.integers(0, len(GOODS) - 1), min_size=1))
def test_lines_that_were_overlooked_are_never_silent(gone: set[int]) -> None:
    assert rules(without(read_layout(WHOLE), gone))


def test_a_row_that_adds_nothing_is_missed_by_its_place_on_the_page() -> None:
    missed = without(read_layout(WHOLE), {2})
    (finding,) = unread_rows(sheets_of(WHOLE), missed)
    assert "Free sample" in finding.message
    assert finding.values["rows"] == "1"


def test_rows_on_a_later_page_are_looked_for_too() -> None:
    both = layout(page([*HEAD, *GOODS[:2]]), page([*GOODS[2:], *FOOT], number=2))
    reading = read_layout(both)
    overlooked = without(
        reading, {index for index, one in enumerate(reading.invoice.lines) if one.net in {Decimal(0), Decimal(50)}}
    )
    assert "IF-ROWS-UNREAD" in rules(overlooked, both)


@pytest.mark.parametrize(
    "row", [("Carried forward", "380.00"), ("Subtotal", "380.00"), ("Discount", "5.00"), ("", "380.00")]
)
def test_a_row_that_is_no_line_is_not_missed(row: tuple[str, ...]) -> None:
    pages = layout(page([*HEAD, *GOODS[:2], row, *GOODS[2:], *FOOT]))
    assert unread_rows(sheets_of(pages), read_layout(pages)) == []


@pytest.mark.parametrize(
    "said", ["Page 1 of 3", "Seite 1 von 3", "Page 1/3", "Pagina 1 di 3", "Sida 1 (3)", "Strona 1 z 3", "Side 1 av 3"]
)
def test_pages_that_the_document_counts_and_has_not_are_missed(said: str) -> None:
    findings = missing_pages(sheets_of(layout(page([*HEAD, *GOODS, *FOOT, (said,)]))), pages=1)
    if said == "Sida 1 (3)":  # may be a footnote
        assert findings == []
    else:
        assert [finding.values for finding in findings] == [{"pages": "1", "pages said": "3"}]


def test_pages_that_are_there_are_not_missed() -> None:
    pages = [page([*HEAD, (f"Page {number} of 2",)], number=number) for number in (1, 2)]
    assert missing_pages(sheets_of(layout(*pages)), pages=2) == []
