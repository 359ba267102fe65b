"""The documents that are measured: from the project's own generator, or from a folder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from invoiceflow_samples import Kind, generate

__all__ = ["Material", "generated", "in_folder"]

_SEED = 20_261
_ENOUGH_CHARACTERS = 50
"""On a page whose text can be taken as it stands, rather than recognised."""


@dataclass(frozen=True)
class Material:
    """A PDF of one page."""

    name: str
    data: bytes


def generated(count: int, *, scanned: bool) -> list[Material]:
    """Return ``count`` one-page PDFs of the generator, with text or scanned; the same in every run."""
    kind = Kind.PDF_SCAN if scanned else Kind.PDF_TEXT
    found: list[Material] = []
    for sample in generate(seed=_SEED, count=4 * count + 10, kinds=[kind]):
        if _pages(sample.data) == 1:
            found.append(Material(sample.name, sample.data))
        if len(found) == count:
            break
    return found


def in_folder(folder: Path, count: int, *, scanned: bool) -> list[Material]:
    """Return up to ``count`` one-page PDFs under ``folder``, in the order of their paths, each content once."""
    found = {material.data: material for material in _one_page(folder, scanned=scanned)}
    return list(found.values())[:count]


def _one_page(folder: Path, *, scanned: bool) -> Iterator[Material]:
    for path in sorted(folder.rglob("*.pdf")):
        data = path.read_bytes()
        if _pages(data) == 1 and (_characters(data) < _ENOUGH_CHARACTERS) is scanned:
            yield Material(path.name, data)


def _pages(data: bytes) -> int:
    """Return how many pages the PDF has, 0 where it cannot be opened."""
    from pypdfium2 import PdfDocument, PdfiumError  # noqa: PLC0415 - native library, only where documents are chosen

    try:
        with PdfDocument(data) as document:
            return len(document)
    except PdfiumError:
        return 0


def _characters(data: bytes) -> int:
    from pypdfium2 import PdfDocument  # noqa: PLC0415

    with PdfDocument(data) as document:
        count: int = document[0].get_textpage().count_chars()
        return count
