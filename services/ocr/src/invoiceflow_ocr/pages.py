"""From lines of fragments to the pages of the contract."""

import math
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import TypeAdapter

from invoiceflow_contracts.layout import Line, Page, Table
from invoiceflow_ocr.lines import Fragment

__all__ = ["make_lines", "make_page"]

PLACES = 5
"""Decimals of a fraction: a hundredth of a point on A4."""

_LINES = TypeAdapter(list[Line])


def make_lines(lines: Iterable[Iterable[Fragment]], width: float, height: float, *, angle: float = 0.0) -> list[Line]:
    """Turn fragments into lines of the contract.

    Args:
        lines: words in the frame in which they are upright.
        width: of the page as seen, in the unit of the fragments.
        height: likewise.
        angle: the direction in which the text runs as seen, in degrees clockwise from the right.
    """
    radians = math.radians(angle)
    cos, sin = math.cos(radians), math.sin(radians)
    # Handed to pydantic as a whole: its compiled core makes words of it in half the time of a call for each.
    made: list[dict[str, Any]] = []
    for line in lines:
        words: list[dict[str, Any]] = []
        for word in line:
            x0, y0, x1, y1 = word.x0, word.top, word.x1, word.bottom
            if angle:
                corners = [(x * cos - y * sin, x * sin + y * cos) for x in (x0, x1) for y in (y0, y1)]
                x0, x1 = min(x for x, _ in corners), max(x for x, _ in corners)
                y0, y1 = min(y for _, y in corners), max(y for _, y in corners)
            if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
                continue  # outside the visible box of the page
            box = (
                round(x0 / width, PLACES) if x0 > 0 else 0.0,
                round(y0 / height, PLACES) if y0 > 0 else 0.0,
                round(x1 / width, PLACES) if x1 < width else 1.0,
                round(y1 / height, PLACES) if y1 < height else 1.0,
            )
            words.append({"text": word.text, "box": box, "confidence": word.confidence})
        if words:
            made.append({"words": words})
    return _LINES.validate_python(made)


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
