"""The words of a page that docling has parsed or recognised, from the cells that it keeps with the page.

A line of the page's own text comes with its words; one that was recognised comes as a whole, and where its words
stand in it is estimated. Which lines count docling has decided before: recognised ones take the place of invisible
text, and stand beside visible text.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from invoiceflow_contracts.layout import Line
from invoiceflow_ocr.engines.docling_document.estimation import DESCENT, Area, estimate_line
from invoiceflow_ocr.engines.docling_document.ports import KnownText
from invoiceflow_ocr.engines.docling_document.turning import turned_line
from invoiceflow_ocr.lines import Fragment, compose
from invoiceflow_ocr.pages import make_lines

__all__ = ["known_text"]

INVISIBLE_MODES = frozenset({3, 7})
"""Text rendering modes that print nothing (ISO 32000-2, 9.3.6)."""
HIDDEN_CONFIDENCE = 0.9
"""Given to invisible text: recognised by a program that did not say how sure it was."""
STRAIGHT = 5
"""Degrees by which text may run off one of the four directions and still count as running there."""


def known_text(parsed: Any, width: float, height: float) -> KnownText:
    """Return the words of a page.

    Args:
        parsed: a ``docling_core.types.doc.page.SegmentedPdfPage``.
        width: of the page, in the unit of its cells.
        height: likewise.
    """
    fragments: dict[int, list[Fragment]] = {}
    letters: Counter[int] = Counter()
    recognised = 0
    words = [(word.text.strip(), word.rect.to_top_left_origin(height)) for word in parsed.word_cells]
    middles = [_middle(place) for _, place in words]
    for line in parsed.textline_cells:
        text = line.text.strip()
        if not text:
            continue
        place = line.rect.to_top_left_origin(height)
        direction, confidence = _direction(place), _confidence(line)
        found: list[Fragment] = []
        if not line.from_ocr:
            left, top, right, bottom = _area(place, 0)
            for (word, at), (x, y) in zip(words, middles, strict=True):
                if left <= x <= right and top <= y <= bottom and word:
                    found += _fragments(word, _area(at, direction), confidence)
        if not found:
            found = estimate_line(text, _area(place, direction), confidence)
        fragments.setdefault(direction, []).extend(found)
        letters[direction] += len(text)
        recognised += len(text) if line.from_ocr else 0
    main = letters.most_common(1)[0][0] if letters else 0
    # A page whose text runs down or up it is meant to be read from another side.
    turn = -main % 360 if main % 90 == 0 else 0
    lines: list[Line] = []
    for direction in sorted(fragments, key=lambda one: (one != main, one)):
        lines += make_lines(compose(fragments[direction]), width, height, angle=direction)
    return KnownText(
        lines=tuple(turned_line(line, turn) for line in lines),
        source="ocr" if 2 * recognised >= sum(letters.values()) else "text",
        turn=turn,
    )


def _confidence(cell: Any) -> float:
    if getattr(cell, "rendering_mode", None) in INVISIBLE_MODES:
        return HIDDEN_CONFIDENCE
    return min(1.0, max(0.0, float(cell.confidence)))


def _direction(rectangle: Any) -> int:
    """Degrees clockwise from the right in which the text runs, y down; 0, 90, 180 and 270 where nearly so."""
    run = math.atan2(rectangle.r_y1 - rectangle.r_y0, rectangle.r_x1 - rectangle.r_x0)
    degrees = round(math.degrees(run)) % 360
    nearest = round(degrees / 90) * 90
    return nearest % 360 if abs(degrees - nearest) <= STRAIGHT else degrees


def _area(rectangle: Any, direction: int) -> Area:
    """The box in the frame in which text of this direction is upright (see ``pages.make_lines``)."""
    cos, sin = math.cos(math.radians(direction)), math.sin(math.radians(direction))
    corners = [(x * cos + y * sin, y * cos - x * sin) for x, y in _corners(rectangle)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _corners(rectangle: Any) -> Iterable[tuple[float, float]]:
    return [
        (rectangle.r_x0, rectangle.r_y0),
        (rectangle.r_x1, rectangle.r_y1),
        (rectangle.r_x2, rectangle.r_y2),
        (rectangle.r_x3, rectangle.r_y3),
    ]


def _middle(rectangle: Any) -> tuple[float, float]:
    left, top, right, bottom = _area(rectangle, 0)
    return (left + right) / 2, (top + bottom) / 2


def _fragments(text: str, area: Area, confidence: float) -> list[Fragment]:
    if len(text.split()) > 1:
        return estimate_line(text, area, confidence)
    x0, top, x1, bottom = area
    height = bottom - top
    baseline = bottom - DESCENT * height
    return [Fragment(text, x0, x1, top, bottom, baseline, height, spaced=True, confidence=confidence)]
