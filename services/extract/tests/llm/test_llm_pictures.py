"""Pictures of pages for models that see: drawn apart, and no way around the lines."""

import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import pikepdf
import pytest
from documents import UNCLEAR, world_with
from grids import layout_of
from llm_server import LlmServer, answering
from models import honest, inventing
from PIL import Image

from invoiceflow_contracts.extraction import Outcome, Verdict
from invoiceflow_extract.llm import LlmSettings
from invoiceflow_extract.llm.pictures import Painter


@pytest.fixture
async def server() -> AsyncIterator[LlmServer]:
    async with LlmServer.run(answering(honest)) as running:
        yield running


@pytest.fixture
def painter() -> Painter:
    return Painter(width=400, seconds=20, max_size=1_000_000, most=2)


def png(width: int = 60, height: int = 80) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(buffer, "PNG")
    return buffer.getvalue()


def pdf(pages: int) -> bytes:
    buffer = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page(page_size=(595, 842))
        document.save(buffer)
    return buffer.getvalue()


def picture(url: str) -> Image.Image:
    kind, _, data = url.partition(";base64,")
    assert kind == "data:image/jpeg"
    return Image.open(io.BytesIO(base64.b64decode(data)))


async def test_the_pages_of_a_pdf_are_drawn_upright(painter: Painter) -> None:
    first, second = await painter.draw(pdf(5), "application/pdf", {1: 0, 4: 90, 5: 0})
    assert picture(first).size[0] == pytest.approx(400, abs=1)
    wide = picture(second)
    assert wide.width > wide.height


async def test_a_photo_is_made_smaller(painter: Painter) -> None:
    (only,) = await painter.draw(png(1600, 2400), "image/png", {1: 0})
    assert picture(only).size == (400, 600)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7 and nothing else", "application/pdf"),
        (b"no picture", "image/png"),
        (png()[:40], "image/png"),
        (b"PK", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"x" * 1_000_001, "application/pdf"),
    ],
)
async def test_what_cannot_be_drawn_is_left_out(painter: Painter, data: bytes, kind: str) -> None:
    assert await painter.draw(data, kind, {1: 0}) == ()


async def test_a_page_that_is_not_there_is_left_out(painter: Painter) -> None:
    assert len(await painter.draw(pdf(1), "application/pdf", {1: 0, 7: 0})) == 1


async def test_drawing_that_takes_too_long_is_given_up() -> None:
    hasty = Painter(width=400, seconds=0.001, max_size=1_000_000, most=2)
    assert await hasty.draw(pdf(1), "application/pdf", {1: 0}) == ()


def settings(server: LlmServer, **changes: Any) -> LlmSettings:
    return LlmSettings(**{"model": "seeing", "base_url": server.url, "images": True, **changes})


async def test_a_model_that_sees_is_shown_the_pages_and_held_to_the_lines(server: LlmServer) -> None:
    async with world_with(settings(server)) as world:
        result = await world.extract_file(png(), "image/png", layout_of(UNCLEAR).pages, original=png())
    content = server.asked[0].body["messages"][1]["content"]
    assert [part["type"] for part in content] == ["text", "image_url"]
    assert picture(content[1]["image_url"]["url"]).size == (60, 80)
    assert result.invoice.number == "NW-2024-117"
    server.answer = answering(inventing)
    async with world_with(settings(server, model="another")) as world:
        result = await world.extract_file(png(), "image/png", layout_of(UNCLEAR).pages, original=png())
    assert {answer.verdict for each in result.tried for answer in each.answers} == {Verdict.UNGROUNDED}


async def test_without_pictures_the_lines_are_enough(server: LlmServer) -> None:
    async with world_with(settings(server)) as world:
        result = await world.extract_file(b"", "image/png", layout_of(UNCLEAR).pages, original=b"broken")
    assert isinstance(server.asked[0].body["messages"][1]["content"], str)
    assert {each.outcome for each in result.tried} == {Outcome.ANSWERED}


async def test_no_pictures_unless_asked_for(server: LlmServer) -> None:
    async with world_with(settings(server, images=False)) as world:
        await world.extract_file(png(), "image/png", layout_of(UNCLEAR).pages, original=png())
    assert isinstance(server.asked[0].body["messages"][1]["content"], str)
