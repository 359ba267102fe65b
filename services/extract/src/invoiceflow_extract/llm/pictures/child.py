"""The child process that draws pages: an order and the document on its input, pictures on its output.

Started as ``python -m invoiceflow_extract.llm.pictures.child``, with no secret in its environment. What it reads comes from
strangers, so it limits itself before it looks at it; whatever goes wrong, it ends with another code than 0.
"""

import os
import resource
import sys
from collections.abc import Iterator
from io import BytesIO

from pydantic import BaseModel

__all__ = ["Order"]

_MAX_SOURCE_PIXELS = 100_000_000


class Order(BaseModel):
    """What to draw; a line of JSON, after which the document follows."""

    media_type: str
    turns: dict[int, int]
    """Pages to draw, and by how many degrees clockwise each was turned to be read."""
    width: int
    """Of a picture, in pixels."""
    memory_bytes: int
    cpu_seconds: int


def main() -> int:
    """Draw what the input orders: of each page four bytes of length and a JPEG; the length 0 where there is none."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not come between the bytes of the pictures
    order = Order.model_validate_json(sys.stdin.buffer.readline())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (order.memory_bytes, order.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (order.cpu_seconds, order.cpu_seconds))
    document = sys.stdin.buffer.read()
    with output:
        for picture in _pictures(order, document):
            output.write(len(picture).to_bytes(4, "big") + picture)
    return 0


def _pictures(order: Order, document: bytes) -> Iterator[bytes]:
    return _of_pdf(order, document) if order.media_type == "application/pdf" else _of_picture(order, document)


def _of_pdf(order: Order, document: bytes) -> Iterator[bytes]:
    import pypdfium2  # noqa: PLC0415 - within the limits

    with pypdfium2.PdfDocument(document) as pdf:
        for number, turn in order.turns.items():
            if number > len(pdf):
                yield b""
                continue
            page = pdf[number - 1]
            extra = (turn - page.get_rotation()) % 360
            width, height = page.get_size()
            scale = order.width / (height if extra % 180 else width)
            # A page of great length is drawn smaller.
            scale = min(scale, 3 * order.width / max(width, height))
            yield _jpeg(page.render(scale=scale, rotation=extra).to_pil())


def _of_picture(order: Order, document: bytes) -> Iterator[bytes]:
    from PIL import Image, ImageOps  # noqa: PLC0415 - within the limits

    Image.MAX_IMAGE_PIXELS = _MAX_SOURCE_PIXELS // 2  # Pillow refuses from twice as many on
    with Image.open(BytesIO(document), formats=["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"]) as opened:
        for number, turn in order.turns.items():
            if number > getattr(opened, "n_frames", 1):
                yield b""
                continue
            opened.seek(number - 1)
            upright = ImageOps.exif_transpose(opened).convert("RGB").rotate(-turn, expand=True)
            upright.thumbnail((order.width, 3 * order.width))
            yield _jpeg(upright)


def _jpeg(picture: object) -> bytes:
    from PIL import Image  # noqa: PLC0415 - within the limits

    assert isinstance(picture, Image.Image)  # noqa: S101 - pdfium's bindings have no types
    buffer = BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
