"""Pictures of pages over HTTP: what is drawn, how it stands, and what is said where there is none."""

import asyncio
import gzip
import io
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageDraw

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.extraction import Evidence, Method
from invoiceflow_contracts.layout import Box
from invoiceflow_query.adapters.sandbox import ChildPainter, Sandbox
from invoiceflow_query.page_boxes import boxes_on
from invoiceflow_query.testing import content, document, extracted, layout, read, uploaded

Tell = Callable[..., Awaitable[None]]

D = document("d")
PATH = f"/v1/documents/{D}/pages"
GREEN, AMBER, RED = (22, 128, 61), (180, 100, 0), (190, 24, 50)


def pdf(*sizes: tuple[int, int], rotation: int = 0) -> bytes:
    """A PDF of empty pages of these sizes in points."""
    made = pypdfium2.PdfDocument.new()
    for width, height in sizes:
        page = made.new_page(width, height)
        page.set_rotation(rotation)
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def picture(width: int, height: int, mark: tuple[int, int], kind: str = "PNG", **save: Any) -> bytes:
    """A white picture with a black square at ``mark``."""
    image = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(image).rectangle((*mark, mark[0] + 20, mark[1] + 20), fill="black")
    buffer = io.BytesIO()
    image.save(buffer, kind, **save)
    return buffer.getvalue()


def turned(*rotations: int) -> bytes:
    """A stored layout that says how each page was turned."""
    pages = [{"number": number, "rotation": rotation} for number, rotation in enumerate(rotations, 1)]
    return gzip.compress(json.dumps({"pages": pages}).encode())


def at(page: int, box: Box, confidence: float = 1.0) -> Evidence:
    return Evidence(method=Method.LOCAL, text="x", confidence=confidence, page=page, box=box)


def opened(response: httpx.Response) -> Image.Image:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/png"
    return Image.open(io.BytesIO(response.content)).convert("RGB")


def darkest(image: Image.Image) -> tuple[float, float]:
    """The middle of what is black, in fractions of the picture."""
    box = ImageChops.invert(image.convert("L")).point(lambda value: 255 * (value > 200)).getbbox()
    assert box
    return (box[0] + box[2]) / 2 / image.width, (box[1] + box[3]) / 2 / image.height


@pytest.fixture
def store(objects: Any) -> Callable[..., None]:
    """Puts an original and its layout where the events say."""

    def store(original: bytes, laid_out: bytes = b"") -> None:
        objects.files["default", content().key] = original
        objects.files["default", layout().key] = laid_out or turned(0, 0, 0)

    return store


async def test_a_page_is_drawn_as_wide_as_was_asked_for(
    client: httpx.AsyncClient, tell: Tell, store: Callable[..., None]
) -> None:
    store(pdf((600, 800), (400, 200)))
    await tell(uploaded(D), read(D, pages=2))
    assert opened(await client.get(f"{PATH}/1.png")).size == (1240, 1654)
    assert opened(await client.get(f"{PATH}/2.png?width=200")).size == (200, 100)


async def test_a_page_stands_as_it_was_read(client: httpx.AsyncClient, tell: Tell, store: Callable[..., None]) -> None:
    """Turned by the PDF itself to landscape, and by ocr back to portrait: boxes are places on the latter."""
    store(pdf((600, 800), rotation=90), turned(0))
    await tell(uploaded(D), read(D, pages=1))
    assert opened(await client.get(f"{PATH}/1.png?width=300")).size == (300, 400)


@pytest.mark.parametrize(
    ("rotation", "where"), [(0, (0.8, 0.1)), (90, (0.9, 0.8)), (180, (0.2, 0.9)), (270, (0.1, 0.2))]
)
async def test_a_picture_is_turned_clockwise_as_it_was_read(
    client: httpx.AsyncClient, tell: Tell, store: Callable[..., None], rotation: int, where: tuple[float, float]
) -> None:
    store(picture(400, 300, (310, 20)), turned(rotation))
    await tell(uploaded(D).model_copy(update={"content": content(media_type="image/png")}), read(D, pages=1))
    image = opened(await client.get(f"{PATH}/1.png?width=600"))
    assert darkest(image) == pytest.approx(where, abs=0.02)


async def test_a_photo_is_seen_as_the_camera_was_held(
    client: httpx.AsyncClient, tell: Tell, store: Callable[..., None]
) -> None:
    held = Image.Exif()
    held[0x0112] = 6  # EXIF orientation: the top of the scene is at the right of the file
    store(picture(400, 300, (10, 140), "JPEG", exif=held))
    await tell(uploaded(D).model_copy(update={"content": content(media_type="image/jpeg")}), read(D, pages=1))
    image = opened(await client.get(f"{PATH}/1.png?width=300"))
    assert image.size == (300, 400)
    assert darkest(image) == pytest.approx((0.5, 0.05), abs=0.02)


@pytest.mark.parametrize("mode", ["1", "P", "L", "LA", "RGBA", "I;16", "I", "CMYK"])
async def test_a_picture_of_any_kind_of_pixels_is_seen(mode: str) -> None:
    """White with a black square, whatever black and white are in that kind of pixels; what shines through is white."""
    kind = "TIFF" if mode in {"CMYK", "I"} else "PNG"
    wide = {"I;16": 40_000, "I": 70_000}
    if mode in wide:
        image = Image.new(mode, (200, 100), wide[mode])
        image.paste(wide[mode] // 4, (20, 20, 41, 41))
    else:
        see_through = (0, 0, 0, 0) if mode == "RGBA" else (0, 0) if mode == "LA" else None
        image = (
            Image.new(mode, (200, 100), see_through)
            if see_through
            else Image.new("RGB", (200, 100), "white").convert(mode)
        )
        black = Image.new("RGB", (21, 21), "black").convert(mode)
        image.paste(black, (20, 20))
    buffer = io.BytesIO()
    image.save(buffer, kind)
    painter = ChildPainter(Sandbox(at_a_time=1, seconds=30, memory_bytes=1 << 30))
    drawn = await painter.draw(buffer.getvalue(), f"image/{kind.lower()}", 1, width=200)
    with Image.open(io.BytesIO(drawn)) as seen:
        assert seen.mode == "RGB"
        assert seen.convert("L").getpixel((150, 50)) == 255
        assert seen.convert("L").getpixel((30, 30)) == 0


async def test_every_page_of_a_tiff_can_be_seen(
    client: httpx.AsyncClient, tell: Tell, store: Callable[..., None]
) -> None:
    frames = [Image.new("L", (200, height), 255) for height in (100, 300)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:])
    store(buffer.getvalue())
    await tell(uploaded(D).model_copy(update={"content": content(media_type="image/tiff")}))
    assert opened(await client.get(f"{PATH}/2.png?width=200")).size == (200, 300)
    missing = await client.get(f"{PATH}/3.png")
    assert (missing.status_code, missing.json()["code"]) == (404, "page_not_found")


async def test_boxes_stand_around_the_values_in_the_colour_of_their_confidence(
    client: httpx.AsyncClient, tell: Tell, store: Callable[..., None]
) -> None:
    store(pdf((600, 800)))
    event = extracted(D).model_copy(
        update={
            "evidence": {
                "/number": at(1, Box(0.1, 0.1, 0.3, 0.15), 0.95),
                "/totals/gross": at(1, Box(0.6, 0.8, 0.9, 0.85), 0.7),
                "/totals/tax": at(1, Box(0.6, 0.7, 0.9, 0.75), 0.2),
                "/due_date": at(2, Box(0.1, 0.4, 0.3, 0.45)),
            }
        }
    )
    await tell(uploaded(D), read(D, pages=2), event)
    plain = opened(await client.get(f"{PATH}/1.png?width=600"))
    assert plain.getextrema() == ((255, 255),) * 3
    marked = opened(await client.get(f"{PATH}/1.png?width=600&boxes=1"))
    left = {
        name: marked.getpixel((59 if name == "number" else 359, y))
        for name, y in (("number", 100), ("gross", 660), ("tax", 580))
    }
    assert left == {"number": GREEN, "gross": AMBER, "tax": RED}
    only = opened(await client.get(f"{PATH}/1.png?width=600&boxes=1&field=totals.gross"))
    assert only.getpixel((359, 660)) == AMBER
    assert only.getpixel((359, 580)) == only.getpixel((59, 100)) == (255, 255, 255)


def test_a_field_stands_for_all_beneath_it() -> None:
    names = ("/totals/gross", "/totals/net", "/lines/1/net", "/lines/10/net", "/number")
    evidence = {name: at(1, Box(0, index / 10, 1, 1)) for index, name in enumerate(names)}
    found = [each.label for each in boxes_on(1, evidence, ["totals", "/lines/1"])]
    assert found == ["totals.gross", "totals.net", "lines.1.net"]
    assert len(boxes_on(1, evidence)) == 5
    assert boxes_on(2, evidence) == ()


def test_values_in_one_place_have_one_box_as_sure_as_the_least_sure() -> None:
    here, there = Box(0, 0, 1, 0.1), Box(0, 0.5, 1, 0.6)
    evidence = {
        "/seller/address/city": at(1, here, 0.9),
        "/seller/address/street": at(1, here, 0.4),
        "/totals/gross": at(1, there),
        "/totals/payable": at(1, there),
        "/currency": at(1, there),
    }
    assert [(each.label, each.confidence) for each in boxes_on(1, evidence)] == [
        ("seller.address", 0.4),
        ("currency, totals.gross, totals.payable", 1.0),
    ]


async def test_a_label_stands_where_nothing_is_printed(
    client: httpx.AsyncClient, tell: Tell, store: Callable[..., None]
) -> None:
    """The black square is right of the value: there its label would hide it."""
    store(picture(600, 800, (190, 80)), turned(0))
    event = extracted(D).model_copy(update={"evidence": {"/number": at(1, Box(0.1, 0.1, 0.3, 0.13))}})
    original = uploaded(D).model_copy(update={"content": content(media_type="image/png")})
    await tell(original, read(D, pages=1), event)
    square = (190, 80, 211, 101)
    marked = opened(await client.get(f"{PATH}/1.png?width=600&boxes=1"))
    plain = opened(await client.get(f"{PATH}/1.png?width=600"))
    assert ImageChops.difference(marked.crop(square), plain.crop(square)).getbbox() is None


async def test_a_page_is_sent_once_as_long_as_nothing_changes(
    client: httpx.AsyncClient, tell: Tell, store: Callable[..., None]
) -> None:
    store(pdf((600, 800)))
    await tell(uploaded(D), read(D, pages=1), extracted(D))
    url = f"{PATH}/1.png?boxes=1&width=100"
    first = await client.get(url)
    given = {"If-None-Match": first.headers["etag"]}
    assert (await client.get(url, headers=given)).status_code == 304
    assert (await client.get(f"{url}&field=totals", headers=given)).status_code == 200
    moved = {"/number": at(1, Box(0.5, 0.5, 0.6, 0.6))}
    await tell(extracted(D, 9).model_copy(update={"evidence": moved}))
    assert (await client.get(url, headers=given)).status_code == 200


@pytest.mark.parametrize(
    ("original", "media_type", "path", "status", "code"),
    [
        (pdf((10, 10)), "application/pdf", "2.png", 404, "page_not_found"),
        (b"%PDF-1.7 and nothing", "application/pdf", "1.png", 422, "page_unreadable"),
        (picture(50, 50, (1, 1))[:60], "image/png", "1.png", 422, "page_unreadable"),
        (picture(50, 50, (1, 1)), "image/jpeg", "1.png", 422, "page_unreadable"),
        (b"<Invoice/>", "application/xml", "1.png", 422, "page_without_picture"),
        (b"", "application/pdf", "0.png", 422, "invalid_request"),
        (b"", "application/pdf", "1.png?width=100000", 422, "invalid_request"),
    ],
)
async def test_says_why_there_is_no_picture(
    client: httpx.AsyncClient,
    tell: Tell,
    store: Callable[..., None],
    *,
    original: bytes,
    media_type: str,
    path: str,
    status: int,
    code: str,
) -> None:
    store(original)
    await tell(uploaded(D).model_copy(update={"content": content(media_type=media_type)}), read(D, pages=1))
    response = await client.get(f"{PATH}/{path}")
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_another_tenants_pages_are_not_there(
    client: httpx.AsyncClient, tell: Tell, store: Callable[..., None]
) -> None:
    store(pdf((10, 10)))
    await tell(uploaded(D), read(D, pages=1))
    response = await client.get(f"{PATH}/1.png", headers={"x-test-tenant": "other"})
    assert response.json()["code"] == "document_not_found"


async def test_a_page_that_takes_too_long_is_given_up_and_its_child_is_gone() -> None:
    painter = ChildPainter(Sandbox(at_a_time=1, seconds=0.01, memory_bytes=1 << 30))
    with pytest.raises(PermanentError, match="more time or memory") as refusal:
        await painter.draw(pdf((600, 800)), "application/pdf", 1, width=100)
    assert refusal.value.code == "page_too_complex"
    assert children() == set()


async def test_a_page_that_needs_too_much_memory_costs_nobody_else() -> None:
    painter = ChildPainter(Sandbox(at_a_time=1, seconds=30, memory_bytes=96 << 20))
    huge = picture(6000, 6000, (0, 0))
    with pytest.raises(PermanentError, match="more time or memory"):
        await painter.draw(huge, "image/png", 1, width=3000)
    assert await painter.draw(pdf((60, 80)), "application/pdf", 1, width=100)


async def test_a_caller_who_leaves_ends_the_drawing() -> None:
    painter = ChildPainter(Sandbox(at_a_time=1, seconds=30, memory_bytes=1 << 30))
    drawing = asyncio.create_task(painter.draw(pdf((600, 800)), "application/pdf", 1, width=3000))
    while not children():  # noqa: ASYNC110 -- another process, which tells nobody
        await asyncio.sleep(0.001)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    assert children() == set()


def children() -> set[int]:
    """The processes that draw for this one."""
    found = set()
    for each in Path("/proc").glob("[0-9]*"):
        try:
            status = (each / "stat").read_text().rsplit(")", 1)[1].split()
            if int(status[1]) == os.getpid() and b"adapters.sandbox.child" in (each / "cmdline").read_bytes():
                found.add(int(each.name))
        except (OSError, IndexError):  # it ended meanwhile
            continue
    return found
