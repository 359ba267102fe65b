"""Office files, HTML and plain text become pages whose words stand to each other as in the document."""

import itertools
import zipfile
from collections.abc import Callable
from datetime import date
from io import BytesIO

import docx
import openpyxl
import pytest
from ocr_documents import texts
from pptx import Presentation

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.layout import Line, Page
from invoiceflow_ocr.engines.native import NativeEngine
from invoiceflow_ocr.ports import Reading, ReadingLimits

Read = Callable[..., Reading]

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"

TABLE = [["Item", "Quantity", "Net"], ["Steel bolt", "2", "12.50"], ["Nut", "100", "3.00"]]


def word_file() -> bytes:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Miller Tools Ltd"
    document.add_paragraph("Invoice number ").add_run("4711").bold = True
    table = document.add_table(rows=3, cols=3)
    for row, values in enumerate(TABLE):
        for column, value in enumerate(values):
            table.cell(row, column).text = value
    document.add_paragraph("Total due 15.50")
    buffer = BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def workbook() -> bytes:
    book = openpyxl.Workbook()
    first = book.active
    first["A1"] = "Invoice 4711"
    first["A2"] = date(2026, 3, 5)
    for row, values in enumerate(TABLE, start=4):
        for column, value in enumerate(values, start=1):
            first.cell(row, column, value)
    book.create_sheet("Terms")["A1"] = "Payable within 30 days"
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def line(page: Page, text: str) -> Line:
    return next(line for line in page.lines if line.text == text)


def assert_rows_and_columns(page: Page) -> None:
    """The cells of ``TABLE`` stand in rows and columns."""
    grid = [[line(page, value).box for value in row] for row in TABLE]
    for row in grid:
        assert len({box.y0 for box in row}) == 1
        assert [box.x0 for box in row] == sorted(box.x0 for box in row)
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(row))
    assert [row[0].y0 for row in grid] == sorted(row[0].y0 for row in grid)
    (table,) = (table for table in page.tables if len(table.cells) == 9)
    assert {(cell.row, cell.column): cell.text for cell in table.cells} == {
        (row, column): TABLE[row][column] for row in range(3) for column in range(3)
    }
    assert all(cell.box is not None for cell in table.cells)


@pytest.mark.slow
def test_a_word_file_keeps_its_order_its_header_and_its_table(read: Read) -> None:
    reading = read(word_file(), DOCX)

    (page,) = reading.pages
    assert page.source == "office"
    lines = texts(reading)
    assert lines[0] == "Miller Tools Ltd"
    assert lines.index("Invoice number 4711") < lines.index("Item") < lines.index("Total due 15.50")
    assert_rows_and_columns(page)


@pytest.mark.slow
def test_the_sheets_of_a_workbook_are_pages(read: Read) -> None:
    first, second = read(workbook(), XLSX).pages

    assert (first.number, second.number) == (1, 2)
    assert first.lines[0].text == "Invoice 4711"
    assert line(first, "2026-03-05").box.y0 > first.lines[0].box.y0
    assert_rows_and_columns(first)
    assert [line.text for line in second.lines] == ["Payable within 30 days"]


@pytest.mark.slow
def test_slides_are_pages(read: Read) -> None:
    deck = Presentation()
    for title in ("Invoice 4711", "Terms"):
        deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = title
    buffer = BytesIO()
    deck.save(buffer)

    assert [[line.text for line in page.lines] for page in read(buffer.getvalue(), PPTX).pages] == [
        ["Invoice 4711"],
        ["Terms"],
    ]


@pytest.mark.slow
def test_html_is_read_as_shown(read: Read) -> None:
    rows = "".join("<tr>" + "".join(f"<td>{value}</td>" for value in row) + "</tr>" for row in TABLE)
    html = f"""<html><head><title>window</title><style>p {{ color: red }}</style><script>alert(1)</script></head>
        <body><h1>Invoice 4711</h1><p>Miller Tools Ltd<br>Main Street 1</p><p>Due <b>2026-03-05</b></p>
        <table>{rows}</table></body></html>"""

    reading = read(html.encode(), "text/html")

    (page,) = reading.pages
    assert texts(reading)[:4] == ["Invoice 4711", "Miller Tools Ltd", "Main Street 1", "Due 2026-03-05"]
    assert_rows_and_columns(page)
    assert not {"window", "alert(1)"} & set(texts(reading))


@pytest.mark.slow
def test_a_wide_sheet_stays_on_its_page_with_its_columns_apart(read: Read) -> None:
    book = openpyxl.Workbook()
    for column in range(1, 40):
        book.active.cell(1, column, f"Heading {column}")
        book.active.cell(2, column, f"{column}.00")
    buffer = BytesIO()
    book.save(buffer)

    (page,) = read(buffer.getvalue(), XLSX).pages

    headings = page.lines[:39]
    assert [line.text for line in headings] == [f"Heading {column}" for column in range(1, 40)]
    assert all(left.box.x1 < right.box.x0 for left, right in itertools.pairwise(headings))
    assert headings[-1].box.x1 <= 1


def test_plain_text_keeps_its_columns_and_pages(read: Read) -> None:
    text = "Invoice 4711          Date 2026-03-05\n\nItem              Net\nSteel bolt      12.50\n\fPage two\n"

    first, second = read(text.encode("utf-16"), "text/plain").pages

    assert [line.text for line in first.lines] == [
        "Invoice 4711",
        "Date 2026-03-05",
        "Item",
        "Net",
        "Steel bolt",
        "12.50",
    ]
    assert line(first, "Net").box.x1 == pytest.approx(line(first, "12.50").box.x1, abs=0.001)
    assert [line.text for line in second.lines] == ["Page two"]


def test_text_in_an_old_encoding_is_read(read: Read) -> None:
    assert texts(read("Größe 5 €".encode("cp1252"), "text/plain")) == ["Größe 5 €"]


def refusal(engine: NativeEngine, data: bytes, media_type: str) -> str:
    with pytest.raises(PermanentError) as refused:
        engine.read(data, media_type, lambda _done, _total: None)
    return refused.value.code


@pytest.mark.slow
@pytest.mark.parametrize("media_type", [DOCX, XLSX, PPTX, ODT])
def test_a_damaged_office_file_is_refused(media_type: str) -> None:
    empty = BytesIO()
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("nothing", "of use")

    assert refusal(NativeEngine(), b"PK\x03\x04 broken", media_type) == "document_unreadable"
    assert refusal(NativeEngine(), empty.getvalue(), media_type) == "document_unreadable"


def test_a_decompression_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(6):
            archive.writestr(f"word/{number}.xml", bytes(100_000_000))

    assert refusal(NativeEngine(), bomb.getvalue(), DOCX) == "document_too_complex"


@pytest.mark.slow
def test_too_many_sheets_are_refused() -> None:
    assert refusal(NativeEngine(ReadingLimits(max_pages=1)), workbook(), XLSX) == "too_many_pages"
