"""Pictures: PNG, JPEG, WebP, BMP, GIF, and TIFF with any number of pages."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.layout import Page
from invoiceflow_ocr.engines.native.recognition import Recogniser
from invoiceflow_ocr.lines import compose
from invoiceflow_ocr.pages import make_lines, make_page
from invoiceflow_ocr.ports import Progress, Reading, ReadingLimits

__all__ = ["PICTURE_TYPES", "Picture", "read_pictures", "upright_pictures"]

PICTURE_TYPES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/gif": "GIF",
    "image/tiff": "TIFF",
}
"""Media types and Pillow's name of the format."""

A4_LONG_SIDE = 842.0
"""Points; the size of a page whose picture does not say its resolution believably."""


def read_pictures(
    data: bytes, media_type: str, limits: ReadingLimits, recogniser: Recogniser, progress: Progress
) -> Reading:
    """Recognise a picture; each page of a TIFF, and the first frame of what moves.

    Raises:
        PermanentError: ``document_unreadable``, ``image_too_large`` or ``too_many_pages``.
    """
    pages: list[Page] = []
    for picture in upright_pictures(data, media_type, limits):
        pages.append(_page(picture, recogniser))
        progress(picture.number, picture.total)
    return Reading(pages=pages)


@dataclass(frozen=True, slots=True)
class Picture:
    """A page that is a picture, as the camera or the scanner was held."""

    number: int
    """From 1."""
    total: int
    image: Any
    """A Pillow image in RGB."""
    points_per_pixel: float


def upright_pictures(data: bytes, media_type: str, limits: ReadingLimits) -> Iterator[Picture]:
    """Decode a picture; each page of a TIFF, and the first frame of what moves.

    Raises:
        PermanentError: ``document_unreadable``, ``image_too_large`` or ``too_many_pages``.
    """
    with _opened(data, PICTURE_TYPES[media_type]) as picture:
        total = getattr(picture, "n_frames", 1) if picture.format == "TIFF" else 1
        if total > limits.max_pages:
            raise PermanentError(
                "too_many_pages",
                f"The document has {total} pages; at most {limits.max_pages} are read. Split it and send the parts.",
            )
        for index in range(total):
            picture.seek(index)
            if picture.width * picture.height > limits.max_pixels:
                raise PermanentError(
                    "image_too_large",
                    f"The picture has {picture.width} by {picture.height} pixels; at most {limits.max_pixels // 1_000_000} megapixels are read. Send it at a lower resolution.",
                )
            scale = _points_per_pixel(picture, max(picture.width, picture.height))
            yield Picture(index + 1, total, _upright(picture), scale)


@contextmanager
def _opened(data: bytes, kind: str) -> Iterator[Any]:
    """A Pillow image; what Pillow says about broken files becomes one error."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    with warnings.catch_warnings():
        # The limit is ours, and counts before anything is decoded.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(BytesIO(data), formats=[kind]) as picture:
                yield picture
        except Image.DecompressionBombError:
            raise PermanentError(
                "image_too_large", "The picture has too many pixels to be read. Send it at a lower resolution."
            ) from None
        except (UnidentifiedImageError, OSError, EOFError, SyntaxError, ValueError):
            raise PermanentError(
                "document_unreadable", "The picture is damaged or not complete. Save it anew and send it again."
            ) from None


def _upright(picture: Any) -> Any:
    """The picture in RGB, as the camera was held."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image, ImageOps  # noqa: PLC0415

    upright = ImageOps.exif_transpose(picture)
    if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
        # What shines through is white, as on paper.
        upright = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
    elif upright.mode.startswith("I;16") or upright.mode in {"I", "F"}:
        values = np.asarray(upright, dtype=np.float32)
        span = float(values.max() - values.min()) or 1.0
        upright = Image.fromarray(((values - values.min()) * (255 / span)).astype(np.uint8))
    return upright.convert("RGB")


def _page(picture: Picture, recogniser: Recogniser) -> Page:
    import numpy as np  # noqa: PLC0415

    read = recogniser.read(np.ascontiguousarray(np.asarray(picture.image)[:, :, ::-1]))
    lines = make_lines(compose(read.fragments), read.width, read.height, angle=read.skew)
    lines += make_lines(read.aside, read.width, read.height)
    width, height = read.width * picture.points_per_pixel, read.height * picture.points_per_pixel
    return make_page(picture.number, width, height, source="ocr", lines=lines, rotation=read.rotation)


def _points_per_pixel(picture: Any, longest: int) -> float:
    """By the resolution that the file states, where the page then has a size that paper has."""
    dpi = picture.info.get("dpi", (0, 0))[0]
    if dpi and 150 <= longest * 72 / float(dpi) <= 1700:
        return 72 / float(dpi)
    return A4_LONG_SIDE / longest
