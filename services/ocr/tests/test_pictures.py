"""Pictures and pages without usable characters are recognised."""

import random
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pikepdf
import pypdfium2
import pytest
from ocr_documents import all_of, make_pdf, text_at, texts
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_ocr.engines.native import NativeEngine
from invoiceflow_ocr.ports import Reading, ReadingLimits

Read = Callable[..., Reading]

INVOICE = all_of(
    text_at(60, 770, "Miller Tools Ltd", size=16),
    text_at(60, 720, "Invoice number 4711"),
    text_at(60, 700, "Date 2026-03-05"),
    *(text_at(60, 640 - 18 * row, f"Steel bolt type {row}") for row in range(5)),
    *(text_at(450, 640 - 18 * row, f"{row + 1}2.50 EUR") for row in range(5)),
    text_at(60, 500, "Total amount due"),
    text_at(450, 500, "162.50 EUR"),
)


def picture_of(data: bytes, dpi: int = 120) -> Image.Image:
    """The first page of a PDF as a picture."""
    document = pypdfium2.PdfDocument(data)
    try:
        return document[0].render(scale=dpi / 72).to_pil().convert("RGB")
    finally:
        document.close()


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def picture() -> Image.Image:
    return picture_of(make_pdf(INVOICE))


EXPECTED = {"Miller Tools Ltd", "Invoice number 4711", "Date 2026-03-05", "Total amount due", "162.50 EUR", "32.50 EUR"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("WEBP", "image/webp"),
        ("BMP", "image/bmp"),
        ("GIF", "image/gif"),
        ("TIFF", "image/tiff"),
    ],
)
def test_a_picture_is_read_in_any_usual_format(read: Read, picture: Image.Image, kind: str, media_type: str) -> None:
    reading = read(encoded(picture, kind), media_type)

    assert set(texts(reading)) >= EXPECTED
    assert reading.pages[0].source == "ocr"
    assert reading.pages[0].rotation == 0


@pytest.mark.slow
def test_words_of_a_picture_stand_where_they_are_seen(read: Read, picture: Image.Image) -> None:
    page = read(encoded(picture, dpi=(120, 120)), "image/png").pages[0]

    assert (round(page.width), round(page.height)) == (596, 842)
    total = next(line for line in page.lines if line.text == "Total amount due")
    assert [word.text for word in total.words] == ["Total", "amount", "due"]
    assert total.box.x0 == pytest.approx(60 / 595, abs=0.01)
    assert (total.box.y0 + total.box.y1) / 2 == pytest.approx((842 - 504) / 842, abs=0.01)
    edges = [edge for word in total.words for edge in (word.box.x0, word.box.x1)]
    assert edges == sorted(edges)
    assert all(0.5 < word.confidence <= 1 for word in total.words)


@pytest.mark.slow
@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_scan_that_lies_on_its_side_or_head_is_turned_upright(
    read: Read, picture: Image.Image, rotation: int
) -> None:
    # Pillow turns counter-clockwise, so turning by ``rotation`` clockwise makes it upright again.
    page = read(encoded(picture.rotate(rotation, expand=True)), "image/png").pages[0]

    assert page.rotation == rotation
    assert page.height > page.width
    assert {line.text for line in page.lines} >= EXPECTED
    assert page.lines[0].text == "Miller Tools Ltd"
    assert page.lines[0].box.y1 < 0.12


@pytest.mark.slow
def test_a_skewed_scan_keeps_its_rows(read: Read, picture: Image.Image) -> None:
    skewed = picture.rotate(1.5, fillcolor="white", resample=Image.Resampling.BICUBIC)

    lines = texts(read(encoded(skewed), "image/png"))

    assert [lines[lines.index(f"Steel bolt type {row}") + 1] for row in range(5)] == [
        f"{row + 1}2.50 EUR" for row in range(5)
    ]


@pytest.mark.slow
def test_a_photo_is_turned_as_the_camera_was_held(read: Read, picture: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise by 90 degrees
    data = encoded(picture.rotate(90, expand=True), "JPEG", exif=exif)

    page = read(data, "image/jpeg").pages[0]

    assert page.rotation == 0
    assert page.height > page.width
    assert page.lines[0].text == "Miller Tools Ltd"


@pytest.mark.slow
def test_every_page_of_a_tiff_is_read(engine: NativeEngine, picture: Image.Image) -> None:
    second = picture_of(make_pdf(text_at(60, 700, "Page two of the invoice", size=14)))
    told: list[tuple[int, int]] = []

    reading = engine.read(
        encoded(picture, "TIFF", save_all=True, append_images=[second.convert("L")], compression="tiff_lzw"),
        "image/tiff",
        lambda done, total: told.append((done, total)),
    )

    assert set(texts(reading)) >= EXPECTED
    assert texts(reading, 1) == ["Page two of the invoice"]
    assert told == [(1, 2), (2, 2)]


@pytest.mark.slow
def test_what_is_transparent_is_white(read: Read, picture: Image.Image) -> None:
    transparent = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    ink = picture.convert("L").point(lambda value: 255 if value < 128 else 0)
    transparent.paste((0, 0, 0, 255), mask=ink)

    assert set(texts(read(encoded(transparent), "image/png"))) >= EXPECTED


@pytest.mark.slow
def test_a_scanned_pdf_is_recognised(read: Read, picture: Image.Image) -> None:
    def scan(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(picture), 0, 0, 595, 842)

    reading = read(make_pdf(scan))

    assert reading.pages[0].source == "ocr"
    assert set(texts(reading)) >= EXPECTED


def with_layer(picture: Image.Image, layer: str) -> bytes:
    """A scan with invisible text under it, as scanners make it."""

    def draw(canvas: Canvas) -> None:
        text = canvas.beginText(60, 770)
        text.setTextRenderMode(3)
        for line in layer.split("\n"):
            text.textLine(line)
        canvas.drawText(text)
        canvas.drawImage(ImageReader(picture), 0, 0, 595, 842)

    return make_pdf(draw)


@pytest.mark.slow
def test_good_text_under_a_scan_is_used_as_less_certain(read: Read, picture: Image.Image) -> None:
    layer = "Miller Tools Ltd\nInvoice number 4711\nDate 2026-03-05\nTotal amount due 162.50 EUR\nPlease pay at once"

    page = read(with_layer(picture, layer)).pages[0]

    assert [line.text for line in page.lines] == layer.split("\n")
    assert page.source == "ocr"
    assert {word.confidence for line in page.lines for word in line.words} == {0.9}


@pytest.mark.slow
def test_poor_text_under_a_scan_is_recognised_anew(read: Read, picture: Image.Image) -> None:
    layer = "M1ller T00ls Ltd\nlnv0ice nurnb3r 471l\nDatc z0zG-o3-oS\nT0tal am0unt duc"

    assert set(texts(read(with_layer(picture, layer)))) >= EXPECTED


@pytest.mark.slow
def test_a_stamp_on_a_scan_does_not_hide_the_scan(read: Read, picture: Image.Image) -> None:
    def scan(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(picture), 0, 0, 595, 842)
        canvas.drawString(200, 20, "Received 2026-03-09")

    lines = set(texts(read(make_pdf(scan))))

    assert lines >= {*EXPECTED, "Received 2026-03-09"}


@pytest.mark.slow
def test_text_in_a_letterhead_picture_is_added_and_nothing_is_read_twice(read: Read) -> None:
    head = picture_of(make_pdf(text_at(60, 780, "Miller Tools Ltd  VAT GB123456789", size=16), pagesize=(595, 842)))
    head = head.crop((0, 0, head.width, int(head.height * 0.15)))

    def letter(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(head), 0, 842 * 0.85, 595, 842 * 0.15)
        canvas.drawString(60, 735, "Subject: your order")
        for row in range(10):
            canvas.drawString(60, 600 - 20 * row, f"Steel bolt type {row}")

    page = read(make_pdf(letter)).pages[0]

    lines = [line.text for line in page.lines]
    assert page.source == "text"
    assert "VAT GB123456789" in " ".join(lines)
    assert lines.count("Subject: your order") == 1
    assert lines.index("Subject: your order") > 0


@pytest.mark.slow
def test_text_in_pictures_on_a_page_stands_where_it_is_seen(read: Read) -> None:
    logo = picture_of(make_pdf(text_at(40, 40, "Miller Tools Ltd", size=20), pagesize=(260, 100)))

    def letter(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(logo), 300, 600, 260, 100)
        canvas.drawImage(ImageReader(logo), 100, 200, 260, 100)
        canvas.drawString(60, 735, "Subject: your order")

    page = read(make_pdf(letter)).pages[0]

    seen = [
        (word.box.x0 * page.width, (1 - word.box.y1) * page.height)
        for line in page.lines
        for word in line.words
        if word.text == "Miller"
    ]
    assert seen == [pytest.approx((340, 640), abs=6), pytest.approx((140, 240), abs=6)]


@pytest.mark.slow
def test_text_without_meaning_is_recognised_from_the_page(read: Read) -> None:
    """A font whose encoding was lost: the characters are there, but they are others than those one sees."""
    buffer = BytesIO()
    with pikepdf.open(BytesIO(make_pdf(INVOICE))) as pdf:
        for name in list(pdf.pages[0].Resources.Font):
            pdf.pages[0].Resources.Font[name].ToUnicode = pdf.make_stream(
                b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def "
                b"1 begincodespacerange <00> <FF> endcodespacerange "
                b"1 beginbfrange <20> <7E> <0003> endbfrange endcmap end end"
            )
        pdf.save(buffer)

    reading = read(buffer.getvalue())

    assert reading.pages[0].source == "ocr"
    assert set(texts(reading)) >= EXPECTED


@pytest.mark.slow
def test_dirt_is_not_text(read: Read) -> None:
    noise = random.Random(1)
    picture = Image.new("L", (800, 1100), 255)
    for _ in range(400):
        picture.putpixel((noise.randrange(800), noise.randrange(1100)), 0)

    assert texts(read(encoded(picture), "image/png")) == []


def refusal(engine: NativeEngine, data: bytes, media_type: str = "image/png") -> str:
    with pytest.raises(PermanentError) as refused:
        engine.read(data, media_type, lambda _done, _total: None)
    return refused.value.code


@pytest.mark.parametrize("side", [8_000, 20_000])
def test_a_picture_with_too_many_pixels_is_refused_before_it_is_unpacked(side: int) -> None:
    bomb = encoded(Image.new("1", (side, side)))
    assert len(bomb) < 100_000

    assert refusal(NativeEngine(ReadingLimits(max_pixels=50_000_000)), bomb) == "image_too_large"


def test_a_tiff_with_too_many_pages_is_refused() -> None:
    page = Image.new("1", (10, 10))

    data = encoded(page, "TIFF", save_all=True, append_images=[page, page])

    assert refusal(NativeEngine(ReadingLimits(max_pages=2)), data, "image/tiff") == "too_many_pages"


@pytest.mark.parametrize("size", [0, 8, 60, 2000])
def test_a_damaged_picture_is_refused(picture: Image.Image, size: int) -> None:
    assert refusal(NativeEngine(), encoded(picture)[:size]) == "document_unreadable"


def test_a_picture_of_another_kind_than_announced_is_refused(picture: Image.Image) -> None:
    assert refusal(NativeEngine(), encoded(picture, "BMP"), "image/png") == "document_unreadable"


def test_other_media_types_are_refused() -> None:
    assert refusal(NativeEngine(), b"MZ", "application/x-msdownload") == "unsupported_media_type"
