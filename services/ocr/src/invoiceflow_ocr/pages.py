"""From lines of fragments to the pages of the contract."""

import math
from collections.abc import Iterable
from typing import Literal

from invoiceflow_contracts.layout import Box, Line, Page, Table, Word
from invoiceflow_ocr.lines import Fragment

__all__ = ["make_lines", "make_page"]

PLACES = 5
"""Decimals of a fraction: a hundredth of a point on A4."""


def make_lines(lines: Iterable[Iterable[Fragment]], width: float, height: float, *, angle: float = 0.0) -> list[Line]:
    """Turn fragments into lines of the contract.

    Args:
        lines: words in the frame in which they are upright.
        width: of the page as seen, in the unit of the fragments.
        height: likewise.
        angle: the direction in which the text runs as seen, in degrees clockwise from the right.
    """
    radians = math.radians(angle)
    cos, sin = round(math.cos(radians), 12), round(math.sin(radians), 12)
    # The values are ours and in range, so validating each word again would only cost time.
    made: list[Line] = []
    for line in lines:
        words: list[Word] = []
        for word in line:
            x0, y0, x1, y1 = word.x0, word.top, word.x1, word.bottom
            if angle:
                corners = [(x * cos - y * sin, x * sin + y * cos) for x in (x0, x1) for y in (y0, y1)]
                x0, x1 = min(x for x, _ in corners), max(x for x, _ in corners)
                y0, y1 = min(y for _, y in corners), max(y for _, y in corners)
            if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
                continue  # outside the visible box of the page
            box = Box(_fraction(x0 / width), _fraction(y0 / height), _fraction(x1 / width), _fraction(y1 / height))
            words.append(Word.model_construct(text=word.text, box=box, confidence=word.confidence))
        if words:
            made.append(Line.model_construct(words=tuple(words)))
    return made


def make_page(
    number: int,
    width: float,
    height: float,
    *,
    source: Literal["text", "ocr", "office"],
    lines: Iterable[Line],
    rotation: int = 0,
    tables: Iterable[Table] = (),
) -> Page:
    """Return a page; ``width`` and ``height`` in points after turning it by ``rotation``."""
    return Page.model_construct(
        number=number,
        width=round(width, 2),
        height=round(height, 2),
        rotation=rotation,
        source=source,
        lines=tuple(lines),
        tables=tuple(tables),
    )


def _fraction(value: float) -> float:
    return round(min(1.0, max(0.0, value)), PLACES)
