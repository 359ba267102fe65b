"""Layouts from text grids: what stands where in the text stands there on the page."""

import re
from collections.abc import Sequence
from typing import Literal

from invoiceflow_contracts.layout import Box, Engine, Layout, Line, Page, Word

__all__ = ["layout_of"]

_CHARACTER = 6.0  # points
_ROW = 14.0
_HEIGHT = 10.0
_MARGIN = 60.0  # that no slope leaves the page


def layout_of(
    *pages: str, source: Literal["text", "ocr"] = "text", languages: Sequence[str] = (), slope: float = 0.0
) -> Layout:
    """Return a layout with a page for each grid; three spaces or more separate what is not one phrase.

    ``slope`` is by how many points the rows fall for each point to the right, as on a page scanned at an angle.
    """
    made = []
    for number, grid in enumerate(pages, start=1):
        rows = grid.strip("\n").split("\n")
        width = max(600.0, (max(map(len, rows)) + 4) * _CHARACTER)
        height = max(800.0, (len(rows) + 4) * _ROW + _MARGIN)
        lines = [
            Line(words=tuple(_words(match, index, width, height, slope)))
            for index, row in enumerate(rows)
            for match in re.finditer(r"\S+(?: {1,2}\S+)*", row)
        ]
        made.append(Page(number=number, width=width, height=height, source=source, lines=tuple(lines)))
    return Layout(engine=Engine(name="grid", version="1"), pages=tuple(made), languages=tuple(languages))


def _words(phrase: re.Match[str], row: int, width: float, height: float, slope: float) -> list[Word]:
    top = (row + 3) * _ROW + slope * phrase.start() * _CHARACTER
    words = []
    for word in re.finditer(r"\S+", phrase.group()):
        start = phrase.start() + word.start()
        box = Box(
            start * _CHARACTER / width,
            top / height,
            (start + len(word.group())) * _CHARACTER / width,
            (top + _HEIGHT) / height,
        )
        words.append(Word(text=word.group(), box=box))
    return words
