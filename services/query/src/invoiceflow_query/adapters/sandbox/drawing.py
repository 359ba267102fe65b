"""Draws a page. Runs in the child process only: what it reads comes from strangers."""

import gzip
import json
import warnings
from io import BytesIO
from math import ceil
from typing import cast

import pypdfium2
from PIL import Image, ImageDraw, ImageFont, ImageOps

from invoiceflow_contracts.layout import Box
from invoiceflow_query.adapters.sandbox.order import PICTURE_TYPES, Drawing, MissingError, UnreadableError

__all__ = ["draw"]

MAX_SOURCE_PIXELS = 100_000_000
"""Of a picture before it is made smaller, counted before anything is decoded; ocr reads no more either."""
MAX_PIXELS = 16_000_000
"""Of what is handed out: a narrow page of great length is drawn smaller than was asked for."""

CONTRAST = 48.0
"""Of 255 shades of grey: as much apart, something is printed."""

Area = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""

SURE, LIKELY = 0.9, 0.6
COLOURS = ((SURE, (22, 128, 61)), (LIKELY, (180, 100, 0)), (0.0, (190, 24, 50)))
"""Green, amber and red, dark enough to be read on white: from this confidence on."""


def draw(order: Drawing, layout: bytes, document: bytes) -> bytes:
    """Return the page as PNG.

    Args:
        order: which page, how large and with which boxes.
        layout: gzip-compressed JSON of the document's layout, or nothing where it is not known.
        document: the original.

    Raises:
        MissingError: the document has no such page.
        UnreadableError: the document is damaged, protected, or too large.
    """
    turn = _turn(layout, order.page)
    picture = _picture(document, order, turn) if order.media_type in PICTURE_TYPES else _pdf_page(document, order, turn)
    _draw_boxes(picture, order)
    buffer = BytesIO()
    picture.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def _turn(layout: bytes, number: int) -> int | None:
    """Return by how many degrees clockwise the page was turned to be read, None where that is not known."""
    pages = json.loads(gzip.decompress(layout))["pages"] if layout else ()
    return next((page.get("rotation", 0) for page in pages if page["number"] == number), None)


def _scale(width: float, height: float, wanted: int) -> float:
    # A hair less: pdfium rounds up, and would add a pixel for what is only the computer's arithmetic.
    scale: float = min((wanted - 0.001) / width, (MAX_PIXELS / (width * height)) ** 0.5)
    return scale


def _pdf_page(document: bytes, order: Drawing, turn: int | None) -> Image.Image:
    try:
        with pypdfium2.PdfDocument(document) as pdf:
            if order.page > len(pdf):
                raise MissingError
            page = pdf[order.page - 1]
            extra = 0 if turn is None else (turn - page.get_rotation()) % 360
            width, height = page.get_size()
            if extra % 180:
                width, height = height, width
            picture: Image.Image = page.render(scale=_scale(width, height, order.width), rotation=extra).to_pil()
            return picture.convert("RGB")
    except pypdfium2.PdfiumError:
        raise UnreadableError from None


def _picture(document: bytes, order: Drawing, turn: int | None) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # The limit is ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(document), formats=[PICTURE_TYPES[order.media_type]]) as opened:
                # Of what moves only the first frame was read.
                if order.page > (getattr(opened, "n_frames", 1) if opened.format == "TIFF" else 1):
                    raise MissingError
                opened.seek(order.page - 1)
                if opened.width * opened.height > MAX_SOURCE_PIXELS:
                    raise UnreadableError
                # A JPEG is decoded no larger than it is needed.
                opened.draft(None, (order.width, order.width))
                upright = ImageOps.exif_transpose(opened)
                picture = _on_white(upright).rotate(-(turn or 0), expand=True)
    except (OSError, EOFError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise UnreadableError from None
    scale = _scale(picture.width, picture.height, order.width)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    if picture.mode.startswith("I") or picture.mode == "F":
        # More than eight bits: the range that is used becomes the range that is seen.
        low, high = _extremes(picture)
        span = (high - low) or 1.0
        picture = picture.convert("F").point(lambda value: (value - low) * (255 / span)).convert("L")
    return picture.convert("RGB")


def _draw_boxes(picture: Image.Image, order: Drawing) -> None:
    """Draw a frame around each value, and its field beside it where nothing is printed, if there is such a place."""
    page = picture.convert("L")
    pen = ImageDraw.Draw(picture, "RGBA")
    font = ImageFont.load_default(max(9, round(picture.width / 110)))
    line = max(1, round(picture.width / 800))
    frames = [_frame(each.box, picture, line) for each in order.boxes]
    for each, frame in zip(order.boxes, frames, strict=True):
        colour = _colour(each.confidence)
        pen.rectangle(frame, fill=(*colour, 24), outline=colour, width=line)
    taken = list(frames)
    for each, frame in zip(order.boxes, frames, strict=True):
        left, top, right, bottom = pen.textbbox((0, 0), each.label, font=font)
        place = _place(frame, (right - left + 2, bottom - top + 2), page, taken)
        taken.append(place)
        pen.rectangle(place, fill=(255, 255, 255, 216))
        pen.text((place[0] + 1 - left, place[1] + 1 - top), each.label, font=font, fill=_colour(each.confidence))


def _colour(confidence: float) -> tuple[int, int, int]:
    return next(colour for least, colour in COLOURS if confidence >= least)


def _frame(box: Box, picture: Image.Image, line: int) -> Area:
    return (
        box.x0 * picture.width - line,
        box.y0 * picture.height - line,
        box.x1 * picture.width + line,
        box.y1 * picture.height + line,
    )


def _place(frame: Area, size: tuple[float, float], page: Image.Image, taken: list[Area]) -> Area:
    """Return where a label of ``size`` goes: right of its frame, left, above or below, else above whatever stands there."""
    (left, top, right, bottom), (width, height) = frame, size
    middle = (top + bottom - height) / 2
    above = max(0.0, min(left, page.width - width)), max(0.0, top - height - 1)
    for x, y in ((right + 3, middle), (left - width - 3, middle), above, (above[0], bottom + 2)):
        area = x, y, x + width, y + height
        inside = x >= 0 and y >= 0 and area[2] <= page.width and area[3] <= page.height
        if inside and not any(_overlap(area, other) for other in taken) and _is_blank(page.crop(_whole(area))):
            return area
    return *above, above[0] + width, above[1] + height


def _overlap(one: Area, other: Area) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _whole(area: Area) -> tuple[int, int, int, int]:
    return int(area[0]), int(area[1]), ceil(area[2]), ceil(area[3])


def _is_blank(part: Image.Image) -> bool:
    """Whether nothing is printed there; the noise of a scan is nothing."""
    darkest, brightest = _extremes(part)
    return brightest - darkest < CONTRAST


def _extremes(picture: Image.Image) -> tuple[float, float]:
    """Return the least and the greatest value in a picture of one channel."""
    return cast("tuple[float, float]", picture.getextrema())
