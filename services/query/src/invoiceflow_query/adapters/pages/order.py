"""What the service tells the child process, and how that says that it cannot be done."""

from pydantic import BaseModel, ConfigDict

from invoiceflow_query.page_boxes import LabelledBox

__all__ = ["PICTURE_TYPES", "Order", "PageMissingError", "PageUnreadableError"]

PICTURE_TYPES = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/gif": "GIF",
    "image/tiff": "TIFF",
}
"""Media types of pictures, and Pillow's name of the format."""


class Order(BaseModel):
    """A page to draw; the child reads it as a line of JSON, then so many bytes of layout, then the document."""

    model_config = ConfigDict(frozen=True)

    media_type: str
    page: int
    width: int
    boxes: tuple[LabelledBox, ...]
    layout_size: int
    memory_bytes: int
    cpu_seconds: int


class PageMissingError(Exception):
    """The document has no such page."""


class PageUnreadableError(Exception):
    """The document is damaged, protected by a password, or too large to be drawn."""
