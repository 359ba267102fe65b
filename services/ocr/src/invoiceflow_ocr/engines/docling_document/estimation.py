"""Where the words of a text stand when only the box around all of it is known.

The text is broken into as many lines as fit its box, each line's words stand where they would if all letters were
equally wide. A word's box is then right to within a few letters, which shows a person where to look, and keeps
columns and rows apart; it is not the word's outline. Whoever uses it lowers the confidence (``IN_LINE``,
``IN_BLOCK``).
"""

import math

from invoiceflow_ocr.lines import Fragment

__all__ = ["IN_BLOCK", "IN_LINE", "estimate_line", "estimate_lines"]

IN_LINE = 0.95
"""Factor to the confidence of words whose line is known, and whose place in it is estimated."""
IN_BLOCK = 0.8
"""Factor to the confidence of words whose line is estimated as well."""

ADVANCE = 0.5
"""Width of a character in ems: the mean of common faces."""
LEADING = 1.2
"""Distance of two baselines in ems."""
DESCENT = 0.2
"""How far the box of a line reaches below its baseline, as a share of its height."""

Area = tuple[float, float, float, float]
"""Left, top, right and bottom, y down."""


def estimate_line(text: str, area: Area, confidence: float) -> list[Fragment]:
    """Return the words of one line that fills ``area``."""
    return _set(text, area, len(text), confidence * IN_LINE)


def estimate_lines(text: str, area: Area, confidence: float) -> list[Fragment]:
    """Return the words of a text that fills ``area``, with line breaks where it has them, or where they must be."""
    left, top, right, bottom = area
    lines = [line for line in (" ".join(part.split()) for part in text.splitlines()) if line]
    if len(lines) == 1:
        lines = _broken(lines[0], _lines_that_fit(len(lines[0]), right - left, bottom - top))
    if not lines:
        return []
    height = (bottom - top) / len(lines)
    longest = max(map(len, lines))
    return [
        word
        for number, line in enumerate(lines)
        for word in _set(
            line, (left, top + number * height, right, top + (number + 1) * height), longest, confidence * IN_BLOCK
        )
    ]


def _lines_that_fit(characters: int, width: float, height: float) -> int:
    """So many lines of so many characters have the proportions of the box."""
    if width <= 0 or height <= 0:
        return 1
    return max(1, round(math.sqrt(characters * ADVANCE * height / (LEADING * width))))


def _broken(line: str, parts: int) -> list[str]:
    """Break between words into at most so many lines, none longer than need be."""
    words = line.split()
    width = max(-(-len(line) // parts), *map(len, words))
    while len(lines := _wrapped(words, width)) > parts:
        width += 1
    return lines


def _wrapped(words: list[str], width: int) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}"
    return lines


def _set(line: str, area: Area, longest: int, confidence: float) -> list[Fragment]:
    left, top, right, bottom = area
    advance, height = (right - left) / max(1, longest), bottom - top
    # Where a box is much wider than its text, the words are as far apart as in a face of that width.
    size = max(height / LEADING, advance / ADVANCE)
    words: list[Fragment] = []
    position = 0
    for word in line.split():
        position = line.index(word, position)
        words.append(
            Fragment(
                word,
                left + position * advance,
                left + (position + len(word)) * advance,
                top,
                bottom,
                bottom - DESCENT * height,
                size,
                spaced=True,
                confidence=round(confidence, 3),
            )
        )
        position += len(word)
    return words
