"""What the service tells a child process, and how that says that it cannot be done."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from invoiceflow_query.page_boxes import LabelledBox

__all__ = ["PICTURE_TYPES", "Drawing", "MissingError", "Order", "UnreadableError"]

PICTURE_TYPES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/gif": "GIF",
    "image/tiff": "TIFF",
}
"""Media types of pictures, and Pillow's name of the format."""


class Drawing(BaseModel):
    """A page to draw. With it come the layout, which may be empty, and the document."""

    model_config = ConfigDict(frozen=True)

    media_type: str
    page: int
    width: int
    boxes: tuple[LabelledBox, ...]


class Order(BaseModel):
    """Work for a child. It reads this as a line of JSON, and after it so many files of these sizes, in bytes.

    ``draw`` takes a layout and a document, ``embed`` a PDF and the XML that goes into it.
    """

    model_config = ConfigDict(frozen=True)

    work: Literal["draw", "embed"]
    drawing: Drawing | None = None
    sizes: tuple[int, ...]
    memory_bytes: int
    cpu_seconds: int


class MissingError(Exception):
    """The document has no such page."""


class UnreadableError(Exception):
    """The document is damaged, protected by a password, or too large."""
