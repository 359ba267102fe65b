"""Documents as docling makes them, made on the spot."""

from collections.abc import Sequence

from docling_core.types.doc import (
    BoundingBox,
    ContentLayer,
    CoordOrigin,
    DocItemLabel,
    DoclingDocument,
    ProvenanceItem,
    Size,
    TableCell,
    TableData,
)
from docling_core.types.doc.page import (
    BoundingRectangle,
    PdfCellRenderingMode,
    PdfPageBoundaryType,
    PdfPageGeometry,
    PdfTextCell,
    SegmentedPdfPage,
    TextCell,
)

WIDTH, HEIGHT = 600.0, 800.0

Area = tuple[float, float, float, float]
"""Left, top, right, bottom in points from the top left."""


def place(area: Area, page: int = 1, span: tuple[int, int] = (0, 0)) -> ProvenanceItem:
    """Where an item stands, from the bottom left as docling says it."""
    left, top, right, bottom = area
    box = BoundingBox(l=left, t=HEIGHT - top, r=right, b=HEIGHT - bottom, coord_origin=CoordOrigin.BOTTOMLEFT)
    return ProvenanceItem(page_no=page, bbox=box, charspan=span)


def make_document(*texts: tuple[str, Area], pages: int = 1) -> DoclingDocument:
    """A document with texts on its first page."""
    document = DoclingDocument(name="document")
    for number in range(1, pages + 1):
        document.add_page(page_no=number, size=Size(width=WIDTH, height=HEIGHT))
    for text, area in texts:
        document.add_text(label=DocItemLabel.TEXT, text=text, prov=place(area))
    return document


def add_footer(document: DoclingDocument, text: str, area: Area) -> None:
    document.add_text(label=DocItemLabel.PAGE_FOOTER, text=text, prov=place(area), content_layer=ContentLayer.FURNITURE)


def add_table(document: DoclingDocument, area: Area, rows: Sequence[Sequence[tuple[str, Area | None]]]) -> None:
    """A table whose cells stand where they are said to stand."""
    cells = [
        TableCell(
            text=text,
            start_row_offset_idx=row,
            end_row_offset_idx=row + 1,
            start_col_offset_idx=column,
            end_col_offset_idx=column + 1,
            bbox=BoundingBox(l=at[0], t=at[1], r=at[2], b=at[3], coord_origin=CoordOrigin.TOPLEFT) if at else None,
        )
        for row, line in enumerate(rows)
        for column, (text, at) in enumerate(line)
    ]
    data = TableData(table_cells=cells, num_rows=len(rows), num_cols=len(rows[0]))
    document.add_table(data=data, prov=place(area))


def rectangle(area: Area, quarters: int = 0) -> BoundingRectangle:
    """A rectangle whose text runs from its lower left corner, after so many quarter turns clockwise."""
    left, top, right, bottom = area
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners[-quarters:] + corners[:-quarters] if quarters else corners
    return BoundingRectangle(
        r_x0=x0, r_y0=y0, r_x1=x1, r_y1=y1, r_x2=x2, r_y2=y2, r_x3=x3, r_y3=y3, coord_origin=CoordOrigin.TOPLEFT
    )


def printed(text: str, area: Area, *, quarters: int = 0, visible: bool = True) -> PdfTextCell:
    """A cell of the page's own characters."""
    mode = PdfCellRenderingMode.FILL_TEXT if visible else PdfCellRenderingMode.INVISIBLE
    return PdfTextCell(
        index=0,
        rect=rectangle(area, quarters),
        text=text,
        orig=text,
        rendering_mode=mode,
        widget=False,
        font_key="F1",
        font_name="Helvetica",
    )


def recognised(text: str, area: Area, confidence: float) -> TextCell:
    """A line that was recognised."""
    return TextCell(index=0, rect=rectangle(area), text=text, orig=text, confidence=confidence, from_ocr=True)


def parsed_page(*, words: Sequence[TextCell] = (), lines: Sequence[TextCell] = ()) -> SegmentedPdfPage:
    box = BoundingBox(l=0, t=HEIGHT, r=WIDTH, b=0, coord_origin=CoordOrigin.BOTTOMLEFT)
    geometry = PdfPageGeometry(
        angle=0,
        rect=BoundingRectangle.from_bounding_box(box),
        boundary_type=PdfPageBoundaryType.CROP_BOX,
        art_bbox=box,
        bleed_bbox=box,
        crop_bbox=box,
        media_bbox=box,
        trim_bbox=box,
    )
    return SegmentedPdfPage(dimension=geometry, word_cells=list(words), textline_cells=list(lines), char_cells=[])
