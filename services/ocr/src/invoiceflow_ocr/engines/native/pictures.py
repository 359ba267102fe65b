"""Pictures: PNG, JPEG, WebP, BMP, GIF and TIFF with any number of pages."""

from io import BytesIO
from typing import Any

from invoiceflow_ocr.engines.native.recognition import Recogniser
from invoiceflow_ocr.lines import compose
from invoiceflow_ocr.pages import make_lines, make_page
from invoiceflow_ocr.ports import Progress, Reading, ReadingLimits

__all__ = ["PICTURE_TYPES", "read_pictures"]

PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "image/bmp", "image/gif", "image/tiff"})


def read_pictures(data: bytes, limits: ReadingLimits, recogniser: Recogniser, progress: Progress) -> Reading:
    """Recognise every frame of a picture as a page."""
    import numpy as np  # noqa: PLC0415
    from PIL import Image, ImageOps, ImageSequence  # noqa: PLC0415

    pages: list[Any] = []
    with Image.open(BytesIO(data)) as picture:
        total = getattr(picture, "n_frames", 1)
        for number, frame in enumerate(ImageSequence.Iterator(picture), start=1):
            upright = ImageOps.exif_transpose(frame).convert("RGB")
            width, height = upright.size
            read = recogniser.read(np.ascontiguousarray(np.asarray(upright)[:, :, ::-1]))
            lines = compose(read.fragments)
            dpi = 150
            pages.append(
                make_page(
                    number, width * 72 / dpi, height * 72 / dpi, source="ocr", lines=make_lines(lines, width, height)
                )
            )
            progress(number, total)
    return Reading(pages=pages)
