"""What stands on the pages of a document: the result of reading it.

Stored by ocr as gzip-compressed JSON in the object store, read by extract and query.
Boxes are fractions of the page as a person sees it (after rotation), from the top left.
"""

from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from invoiceflow_contracts.content import ContentRef

__all__ = ["LAYOUT_VERSION", "Box", "Cell", "EmbeddedFile", "Engine", "Layout", "Line", "Page", "Table", "Word"]

LAYOUT_VERSION: Literal[1] = 1

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class Box(NamedTuple):
    """A rectangle in page fractions from the top left; in JSON an array of four numbers."""

    x0: float
    y0: float
    x1: float
    y1: float

    @classmethod
    def around(cls, boxes: Iterable["Box"]) -> "Box":
        """Return the smallest box that holds all of ``boxes`` (at least one)."""
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        return cls(min(lefts), min(tops), max(rights), max(bottoms))

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Word(_Frozen):
    """A run of characters without white space, as printed."""

    text: str
    box: Box
    confidence: Fraction = 1.0


class Line(_Frozen):
    """Words on one baseline that belong together (a wide gap starts another line)."""

    words: tuple[Word, ...] = Field(min_length=1)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def box(self) -> Box:
        return Box.around(word.box for word in self.words)

    @property
    def confidence(self) -> float:
        return min(word.confidence for word in self.words)


class Cell(_Frozen):
    """A cell of a table; ``row`` and ``column`` count from 0."""

    row: int = Field(ge=0)
    column: int = Field(ge=0)
    row_span: int = Field(default=1, ge=1)
    column_span: int = Field(default=1, ge=1)
    text: str
    box: Box | None = None


class Table(_Frozen):
    """A table whose structure the document itself declares (ruled PDF, Office, HTML)."""

    box: Box | None = None
    cells: tuple[Cell, ...]


class Page(_Frozen):
    """One page as a person sees it."""

    number: int = Field(ge=1, description="Position in the document, from 1.")
    width: float = Field(gt=0, description="Width in points (1/72 inch) after rotation.")
    height: float = Field(gt=0, description="Height in points after rotation.")
    rotation: int = Field(
        default=0, description="Clockwise degrees the page was turned by to be upright: 0, 90, 180 or 270."
    )
    source: Literal["text", "ocr", "office"] = Field(
        description="text: the page's own characters; ocr: recognised from its picture; office: laid out from an Office or HTML file."
    )
    lines: tuple[Line, ...] = Field(default=(), description="In reading order.")
    tables: tuple[Table, ...] = ()


class EmbeddedFile(_Frozen):
    """A file found inside the document that may be an e-invoice, or the document itself where it is bare XML."""

    name: str
    content: ContentRef
    relationship: str | None = Field(
        default=None, description="/AFRelationship of a PDF attachment (ISO 32000-2, 7.11.3)."
    )


class Engine(_Frozen):
    """The program that made a result, and its version."""

    name: str = Field(examples=["native"])
    version: str = Field(examples=["1"])


class Layout(_Frozen):
    """Everything that was read from a document."""

    layout_version: Literal[1] = LAYOUT_VERSION
    engine: Engine
    pages: tuple[Page, ...] = ()
    languages: tuple[str, ...] = Field(default=(), description="ISO 639-1 codes, the likeliest first.")
    embedded: tuple[EmbeddedFile, ...] = ()
