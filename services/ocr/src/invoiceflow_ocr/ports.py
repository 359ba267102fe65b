"""What the service needs from an engine that reads documents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from invoiceflow_contracts.layout import Page

__all__ = ["Attachment", "Engine", "Progress", "Reading", "ReadingLimits"]

Progress = Callable[[int, int], None]
"""Called with the pages done and the pages in all, whenever a page is done."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file found inside a document that may be an e-invoice."""

    name: str
    data: bytes
    relationship: str | None = None


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What a document may ask for before it is refused."""

    max_pages: int = 200
    max_pixels: int = 100_000_000
    """Pixels of one picture, before it is decoded."""
    max_attachment_bytes: int = 20_000_000
    """Bytes of all e-invoice candidates of a document together; larger ones are left out."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an engine found."""

    pages: Sequence[Page]
    languages: tuple[str, ...] = ()
    attachments: Sequence[Attachment] = ()


class Engine(Protocol):
    """Reads one document at a time; lives in a child process that may be killed at any moment."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """Changes whenever the same bytes may give another result."""
        ...

    def warm_up(self) -> None:
        """Load what the first document would otherwise wait for."""
        ...

    def read(self, data: bytes, media_type: str, progress: Progress) -> Reading:
        """Read a whole document.

        Raises:
            PermanentError: the document cannot be read; its code says why.
            TransientError: it could not be read now, for a reason that is not the document's.
        """
        ...
