"""Pages of the contract from what docling knows of a page: parsed or recognised cells, texts, tables."""

import pytest
from docling_core.types.doc import DocItemLabel
from docling_documents import (
    HEIGHT,
    WIDTH,
    Area,
    add_footer,
    add_table,
    make_document,
    parsed_page,
    place,
    printed,
    recognised,
)

from invoiceflow_contracts.layout import Box, Page, Word
from invoiceflow_ocr.engines.docling_document.cells import known_text
from invoiceflow_ocr.engines.docling_document.estimation import IN_BLOCK, IN_LINE, estimate_lines
from invoiceflow_ocr.engines.docling_document.items import items_by_page
from invoiceflow_ocr.engines.docling_document.pages import page_of
from invoiceflow_ocr.engines.docling_document.ports import KnownText


def fractions(area: Area) -> Box:
    left, top, right, bottom = area
    return Box(left / WIDTH, top / HEIGHT, right / WIDTH, bottom / HEIGHT)


def first_page(document: object, known: KnownText | None = None, **options: float) -> Page:
    score = options.get("score", 1.0)
    return page_of(1, items_by_page(document)[1], known or KnownText(), rotation=0, score=score)


def texts(page: Page) -> list[str]:
    return [line.text for line in page.lines]


def word(page: Page, text: str) -> Word:
    return next(word for line in page.lines for word in line.words if word.text == text)


def same(box: Box, other: Box) -> bool:
    return all(side == pytest.approx(wanted, abs=1e-4) for side, wanted in zip(box, other, strict=True))


# -- the cells that docling keeps with a page --------------------------------------------------------------------------


def test_words_of_the_pages_own_text_keep_their_boxes_and_are_certain() -> None:
    known = known_text(
        parsed_page(
            words=[printed("Invoice", (50, 100, 90, 110)), printed("4711", (94, 100, 120, 110))],
            lines=[printed("Invoice 4711", (50, 100, 120, 110))],
        ),
        WIDTH,
        HEIGHT,
    )

    (line,) = known.lines
    assert [word.text for word in line.words] == ["Invoice", "4711"]
    assert same(line.words[1].box, fractions((94, 100, 120, 110)))
    assert line.confidence == 1.0
    assert known.source == "text"


def test_a_recognised_line_is_cut_into_words_which_are_a_little_less_sure_than_it() -> None:
    known = known_text(parsed_page(lines=[recognised("Total 42.00", (100, 200, 210, 212), 0.9)]), WIDTH, HEIGHT)

    (line,) = known.lines
    total, amount = line.words
    assert (total.text, amount.text) == ("Total", "42.00")
    assert total.box.x0 == pytest.approx(100 / WIDTH, abs=1e-4)
    assert amount.box.x1 == pytest.approx(210 / WIDTH, abs=1e-4)
    assert total.box.x1 < amount.box.x0
    assert total.confidence == amount.confidence == pytest.approx(0.9 * IN_LINE)
    assert known.source == "ocr"


def test_words_that_docling_has_replaced_by_recognised_ones_are_left_out() -> None:
    known = known_text(
        parsed_page(
            words=[printed("lnv0ice", (50, 100, 90, 110), visible=False)],
            lines=[recognised("Invoice", (49, 99, 91, 111), 0.98)],
        ),
        WIDTH,
        HEIGHT,
    )

    assert [line.text for line in known.lines] == ["Invoice"]


def test_invisible_text_is_less_sure_than_what_is_printed() -> None:
    cells = [printed("Invoice", (50, 100, 90, 110), visible=False)]

    (line,) = known_text(parsed_page(words=cells, lines=cells), WIDTH, HEIGHT).lines

    assert line.confidence < 1.0


@pytest.mark.parametrize(
    ("quarters", "turn", "seen"),
    [
        # The top left corner of the text's own frame, once the page is turned.
        (1, 270, (100 / HEIGHT, 1 - 60 / WIDTH, 160 / HEIGHT, 1 - 50 / WIDTH)),
        (2, 180, (1 - 60 / WIDTH, 1 - 160 / HEIGHT, 1 - 50 / WIDTH, 1 - 100 / HEIGHT)),
        (3, 90, (1 - 160 / HEIGHT, 50 / WIDTH, 1 - 100 / HEIGHT, 60 / WIDTH)),
    ],
)
def test_a_page_whose_text_runs_another_way_is_turned_upright_with_all_that_stands_on_it(
    quarters: int, turn: int, seen: Box
) -> None:
    area = (50.0, 100.0, 60.0, 160.0)
    cells = [printed("Invoice", area, quarters=quarters)]
    known = known_text(parsed_page(words=cells, lines=cells), WIDTH, HEIGHT)
    document = make_document()
    add_table(document, area, [[("Invoice", area)]])

    page = first_page(document, known)

    assert known.turn == page.rotation == turn
    assert (page.width, page.height) == ((HEIGHT, WIDTH) if turn % 180 else (WIDTH, HEIGHT))
    assert texts(page) == ["Invoice"]
    (table,) = page.tables
    assert table.box is not None
    assert same(table.box, Box(*seen))
    assert same(page.lines[0].box, Box(*seen))


def test_text_beside_the_page_is_a_line_of_its_own() -> None:
    upright = [printed("Invoice", (50, 100, 90, 110)), printed("number", (94, 100, 130, 110))]
    aside = [printed("Printed", (10, 300, 20, 340), quarters=1)]
    known = known_text(parsed_page(words=[*upright, *aside], lines=[*upright, *aside]), WIDTH, HEIGHT)

    assert [line.text for line in known.lines] == ["Invoice number", "Printed"]
    assert same(known.lines[1].box, fractions((10, 300, 20, 340)))
    assert known.turn == 0


def test_a_page_without_any_cell_has_no_text() -> None:
    assert known_text(parsed_page(), WIDTH, HEIGHT).lines == ()


# -- the texts of a document, where there are no cells -----------------------------------------------------------------


def test_a_text_of_one_line_is_cut_into_words_in_its_box() -> None:
    page = first_page(make_document(("Invoice number 4711", (50, 100, 250, 112))))

    assert texts(page) == ["Invoice number 4711"]
    number = word(page, "4711")
    assert same(number.box, fractions((50 + 15 / 19 * 200, 100, 250, 112)))
    assert number.confidence == IN_BLOCK


def test_a_paragraph_is_broken_into_as_many_lines_as_fit_its_box() -> None:
    paragraph = "Payable within thirty days of the date of this invoice without any deduction whatsoever"
    page = first_page(make_document((paragraph, (50, 100, 250, 124))))

    assert len(page.lines) == 2
    assert " ".join(texts(page)) == paragraph
    assert page.lines[0].box.y1 <= page.lines[1].box.y0 + 1e-4
    assert page.lines[0].box.x0 == page.lines[1].box.x0 == pytest.approx(50 / WIDTH, abs=1e-4)


def test_line_breaks_of_the_text_itself_are_kept() -> None:
    page = first_page(make_document(("Miller Tools Ltd\n1 High Street\nLeeds", (50, 100, 150, 136))))

    assert texts(page) == ["Miller Tools Ltd", "1 High Street", "Leeds"]


def test_what_stands_side_by_side_is_read_as_one_row_left_to_right() -> None:
    page = first_page(
        make_document(("42.00", (500, 100, 530, 112)), ("Total", (460, 100, 490, 112)), ("Net", (50, 100, 70, 112)))
    )

    assert [word.text for line in page.lines for word in line.words] == ["Net", "Total", "42.00"]


def test_page_headers_and_footers_count_as_well() -> None:
    document = make_document(("Invoice", (50, 100, 100, 112)))
    add_footer(document, "IBAN DE02", (50, 780, 120, 790))

    assert texts(first_page(document)) == ["Invoice", "IBAN DE02"]


def test_the_parts_of_a_text_stand_on_their_pages() -> None:
    document = make_document(pages=2)
    item = document.add_text(label=DocItemLabel.TEXT, text="begun and ended", prov=place((50, 700, 90, 712), 1, (0, 5)))
    item.prov.append(place((50, 50, 110, 62), 2, (6, 15)))

    items = items_by_page(document)

    assert [[text.text for text in items[number].texts] for number in (1, 2)] == [["begun"], ["and ended"]]


def test_how_sure_the_page_was_recognised_lowers_what_is_estimated_further() -> None:
    document = make_document(("Invoice", (50, 100, 100, 112)))

    assert word(first_page(document, score=0.5), "Invoice").confidence == pytest.approx(0.5 * IN_BLOCK)


def test_known_words_are_not_doubled_and_what_they_lack_is_added() -> None:
    known = known_text(parsed_page(lines=[recognised("Invoice 4711", (50, 100, 130, 112), 1.0)]), WIDTH, HEIGHT)
    document = make_document(("Invoice 4711", (48, 98, 132, 114)), ("Stamp", (400, 100, 450, 112)))

    page = first_page(document, known)

    assert texts(page) == ["Invoice 4711", "Stamp"]
    assert page.lines[0].confidence == IN_LINE
    assert page.lines[1].confidence == IN_BLOCK


# -- tables ------------------------------------------------------------------------------------------------------------

CELLS: list[list[tuple[str, Area | None]]] = [
    [("Item", (50, 100, 100, 112)), ("Net", (300, 100, 340, 112))],
    [("Steel bolt", (50, 120, 110, 132)), ("12.50", (300, 120, 340, 132))],
]


def test_a_table_keeps_its_structure_and_the_boxes_of_its_cells() -> None:
    document = make_document()
    add_table(document, (45, 95, 345, 135), CELLS)

    (table,) = first_page(document).tables

    assert table.box is not None
    assert same(table.box, fractions((45, 95, 345, 135)))
    assert [(cell.row, cell.column, cell.text) for cell in table.cells] == [
        (0, 0, "Item"),
        (0, 1, "Net"),
        (1, 0, "Steel bolt"),
        (1, 1, "12.50"),
    ]
    amount = table.cells[3]
    assert amount.box is not None
    assert same(amount.box, fractions((300, 120, 340, 132)))


def test_what_stands_in_a_table_is_text_of_the_page_too() -> None:
    document = make_document()
    add_table(document, (45, 95, 345, 135), CELLS)

    page = first_page(document)

    assert texts(page) == ["Item", "Net", "Steel bolt", "12.50"]
    assert same(word(page, "12.50").box, fractions((300, 120, 340, 132)))


def test_cells_without_a_box_stand_where_rows_and_columns_of_one_size_would_put_them() -> None:
    document = make_document()
    add_table(document, (100, 100, 300, 140), [[(text, None) for text, _ in row] for row in CELLS])

    page = first_page(document)

    assert [cell.box for cell in page.tables[0].cells] == [None] * 4
    assert same(word(page, "12.50").box, fractions((200, 120, 300, 140)))


# -- estimates ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("area", [(10.0, 10.0, 10.0, 10.0), (10.0, 10.0, 11.0, 400.0), (0.0, 0.0, 500.0, 1.0)])
def test_no_word_is_lost_whatever_the_shape_of_the_box(area: Area) -> None:
    found = estimate_lines("one two three four", area, 1.0)

    assert [fragment.text for fragment in found] == ["one", "two", "three", "four"]
    assert all(area[0] - 1e-6 <= fragment.x0 <= fragment.x1 <= area[2] + 1e-6 for fragment in found)


def test_an_empty_text_has_no_words() -> None:
    assert estimate_lines(" \n ", (0, 0, 100, 10), 1.0) == []
