"""Layouts from text grids: what stands where in the text stands there on the page."""

import re
from collections.abc import Sequence
from typing import Literal

from invoiceflow_contracts.layout import Box, Engine, Layout, Line, Page, Word

__all__ = ["layout_of"]

_CHARACTER = 6.0  # points
_ROW = 14.0
_HEIGHT = 10.0


def layout_of(*pages: str, source: Literal["text", "ocr"] = "text", languages: Sequence[str] = ()) -> Layout:
    """Return a layout with a page for each grid; three spaces or more separate what is not one phrase."""
    made = []
    for number, grid in enumerate(pages, start=1):
        rows = grid.strip("\n").split("\n")
        width = max(600.0, (max(map(len, rows)) + 4) * _CHARACTER)
        height = max(800.0, (len(rows) + 4) * _ROW)
        lines = [
            Line(words=tuple(_words(match, index, width, height)))
            for index, row in enumerate(rows)
            for match in re.finditer(r"\S+(?: {1,2}\S+)*", row)
        ]
        made.append(Page(number=number, width=width, height=height, source=source, lines=tuple(lines)))
    return Layout(engine=Engine(name="grid", version="1"), pages=tuple(made), languages=tuple(languages))


def _words(phrase: re.Match[str], row: int, width: float, height: float) -> list[Word]:
    top = (row + 1) * _ROW
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
