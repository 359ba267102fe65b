"""Cuts a recognised line into words, by what was read and by where the picture of the line is blank.

The network reads spaces well but not always: it may miss a narrow one between two columns, or see one where letters
stand wide. The columns of the picture without ink decide, and give the edges of the words.
"""

import statistics
from itertools import pairwise
from typing import Any

from invoiceflow_ocr.engines.native.networks import Reading
from invoiceflow_ocr.lines import Fragment

__all__ = ["cut"]

EM = 0.75
"""The em as a share of the height of the detector's box."""
MARGIN = 0.1
"""The detector's boxes stand this share of their height above and below the letters."""
SPACE = 0.3
"""Ems without ink that may be a space."""
STEP = 1.45
"""How much farther apart than usual the middles of two characters must be, if no space was read: two ones have
much white between them and are no further apart than other digits."""
WIDE_STEP = 1.3
"""Ems between the middles of two characters that always belong to two words."""
COLON_SPACE = 0.12
"""Ems without ink between a label's colon and its value; in print a space follows there."""


def cut(reading: Reading, crop: Any, edges: tuple[float, float, float, float]) -> list[Fragment]:
    """Return the words of a line.

    Args:
        reading: what was read.
        crop: the picture it was read from.
        edges: left, top, right and bottom of the line on the page.
    """
    left, top, right, bottom = edges
    width, height = right - left, bottom - top
    columns, em = crop.shape[1], EM * crop.shape[0]
    ink = _ink(crop)
    places = [round(position * columns) for position in reading.positions]
    printed = [index for index, character in enumerate(reading.text) if not character.isspace()]
    steps = [places[second] - places[first] for first, second in pairwise(printed) if second == first + 1]
    usual = statistics.median(steps) if steps else 0.5 * em
    groups: list[list[int]] = [printed[:1]]
    bounds = [0]
    for first, second in pairwise(printed):
        step = places[second] - places[first]
        blank, middle = _longest_blank(ink, places[first], places[second])
        if (
            second > first + 1
            or step > WIDE_STEP * em + max(0.0, usual - 0.5 * em)
            or (blank > SPACE * em and step > STEP * usual)
            or (blank > COLON_SPACE * em and _ends_label(reading.text, first) and reading.text[second].isalnum())
        ):
            groups.append([second])
            bounds.append(middle)
        else:
            groups[-1].append(second)
    bounds.append(columns)
    fragments = []
    for group, start, end in zip(groups, bounds, bounds[1:], strict=False):
        if not group:
            continue
        inked = ink[start:end].nonzero()[0]
        first_column, last_column = (start + int(inked[0]), start + int(inked[-1]) + 1) if len(inked) else (start, end)
        fragments.append(
            Fragment(
                text="".join(reading.text[index] for index in group),
                x0=left + width * first_column / columns,
                x1=left + width * last_column / columns,
                top=top + MARGIN * height,
                bottom=bottom - MARGIN * height,
                baseline=bottom - 0.25 * height,
                size=EM * height,
                spaced=True,
                confidence=round(min(1.0, *(reading.confidences[index] for index in group)), 3),
            )
        )
    return fragments


def _ends_label(text: str, index: int) -> bool:
    return text[index] == ":" and index > 0 and text[index - 1].isalpha()


def _ink(crop: Any) -> Any:
    """For each column whether anything is printed there; text may be dark on light or light on dark."""
    import numpy as np  # noqa: PLC0415

    grey = crop[crop.shape[0] // 8 : -(crop.shape[0] // 8) or None].mean(axis=2)
    dark, light = np.percentile(grey, (2, 98))
    inked = grey < (dark + light) / 2
    if inked.mean() > 0.5:
        inked = ~inked
    return inked.any(axis=0)


def _longest_blank(ink: Any, start: int, end: int) -> tuple[int, int]:
    """Length and middle of the longest run of columns without ink between two places."""
    length, middle, run = 0, (start + end) // 2, 0
    for column in range(start, min(end, len(ink))):
        run = 0 if ink[column] else run + 1
        if run > length:
            length, middle = run, column - run // 2
    return length, middle
