"""What the engine needs from whoever makes a ``DoclingDocument`` of a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from invoiceflow_contracts.layout import Line
from invoiceflow_ocr.ports import Progress

__all__ = ["Converted", "Converter", "KnownText"]


@dataclass(frozen=True, slots=True)
class KnownText:
    """The words of a page that are known each with a box of its own."""

    lines: tuple[Line, ...] = ()
    source: Literal["text", "ocr"] = "ocr"
    turn: int = 0
    """Clockwise degrees by which the page was turned for these lines, from how it is in the ``DoclingDocument``."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A file that was converted completely."""

    document: Any
    """A ``docling_core.types.doc.DoclingDocument``."""
    texts: Mapping[int, KnownText] = field(default_factory=dict)
    """By page number, what is known of the page's words."""
    scores: Mapping[int, float] = field(default_factory=dict)
    """By page number, how sure the recognition was on the whole: 0 to 1."""


class Converter(Protocol):
    """Makes a ``DoclingDocument`` of a PDF or a picture."""

    def warm_up(self) -> None:
        """Load what the first document would otherwise wait for."""
        ...

    def convert(self, data: bytes, kind: Literal["pdf", "image"], progress: Progress) -> Converted:
        """Convert a file as a whole.

        Args:
            data: a PDF, or a TIFF of upright pages in RGB that says its resolution.
            kind: which of them.
            progress: told of every page done.

        Raises:
            PermanentError: the file cannot be converted, or only a part of it.
            TransientError: it could not be converted now.
        """
        ...
