"""From pieces of text with a position to words, lines and reading order: pure geometry, for every source.

Units are points (or pixels: only ratios matter), x to the right, y down, on a page that is upright for this text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

__all__ = ["LINE_GAP", "WORD_GAP", "Fragment", "compose"]

WORD_GAP = 0.16
"""A gap of more than this many ems parts two words; a space is 0.2 to 0.33 em wide, kerning stays below 0.1."""

LINE_GAP = 1.0
"""A gap of more than this many ems starts another line: wider than any space, narrower than the gutter of a table."""

ROW_TOLERANCE = 0.3
"""How many ems two baselines on the same row may be apart."""

TRACKED_GAP = 0.75
"""Letters set apart (``I N V O I C E``) are at most this many ems apart."""

TRACKED_LETTERS = 4
"""So many single letters at even distances are one word set apart, not initials."""


@dataclass(slots=True)
class Fragment:
    """Characters that follow each other without a gap; a word or a part of one."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    baseline: float
    size: float
    """The em, in the unit of the coordinates."""
    spaced: bool = False
    """Whether a space follows in the document itself."""
    confidence: float = 1.0

    def scaled(self, factor: float) -> "Fragment":
        """The same in another unit of length."""
        return replace(
            self,
            x0=self.x0 * factor,
            x1=self.x1 * factor,
            top=self.top * factor,
            bottom=self.bottom * factor,
            baseline=self.baseline * factor,
            size=self.size * factor,
        )


def compose(fragments: Iterable[Fragment]) -> list[list[Fragment]]:
    """Return lines of words in reading order: top to bottom, left to right within a row.

    Fragments that print the same text in the same place (a bold face made by printing twice) count once.
    """
    lines: list[list[Fragment]] = []
    for row in _rows(_once(fragments)):
        row.sort(key=_left)
        lines.extend(_split(_untracked(row)))
    return lines


def _left(fragment: Fragment) -> float:
    return fragment.x0


def _once(fragments: Iterable[Fragment]) -> list[Fragment]:
    kept: list[Fragment] = []
    seen: dict[str, list[Fragment]] = {}
    for fragment in fragments:
        same_text = seen.setdefault(fragment.text, [])
        reach = 0.3 * fragment.size
        if any(abs(o.x0 - fragment.x0) < reach and abs(o.baseline - fragment.baseline) < reach for o in same_text):
            continue
        same_text.append(fragment)
        kept.append(fragment)
    return kept


def _rows(fragments: list[Fragment]) -> list[list[Fragment]]:
    fragments.sort(key=lambda fragment: fragment.baseline)
    rows: list[list[Fragment]] = []
    for fragment in fragments:
        if rows and _on_row(rows[-1][0], fragment):
            rows[-1].append(fragment)
        else:
            rows.append([fragment])
    return rows


def _on_row(first: Fragment, other: Fragment) -> bool:
    return other.baseline - first.baseline <= ROW_TOLERANCE * min(first.size, other.size)


def _untracked(row: Sequence[Fragment]) -> list[Fragment]:
    """Join letters that are set apart evenly; ``row`` is sorted from left to right."""
    joined: list[Fragment] = []
    start = 0
    while start < len(row):
        end = start + 1
        if len(row[start].text) == 1:
            gap = None
            while end < len(row) and len(row[end].text) == 1 and not row[end - 1].spaced:
                step = row[end].x0 - row[end - 1].x1
                if not WORD_GAP * row[end].size < step < TRACKED_GAP * row[end].size:
                    break
                if gap is not None and abs(step - gap) > 0.12 * row[end].size:
                    break
                gap = step if gap is None else gap
                end += 1
        if end - start >= TRACKED_LETTERS:
            joined.append(_join(row[start:end]))
        else:
            joined.extend(row[start:end])
        start = end
    return joined


def _split(row: Sequence[Fragment]) -> list[list[Fragment]]:
    lines: list[list[Fragment]] = [[row[0]]]
    for fragment in row[1:]:
        last = lines[-1][-1]
        em = max(last.size, fragment.size)
        gap = fragment.x0 - last.x1
        if gap > LINE_GAP * em:
            lines.append([fragment])
        elif last.spaced or gap > WORD_GAP * em or gap < -0.5 * em:
            lines[-1].append(fragment)
        else:
            lines[-1][-1] = _join((last, fragment))
    return lines


def _join(parts: Sequence[Fragment]) -> Fragment:
    return Fragment(
        text="".join(part.text for part in parts),
        x0=parts[0].x0,
        x1=max(part.x1 for part in parts),
        top=min(part.top for part in parts),
        bottom=max(part.bottom for part in parts),
        baseline=parts[0].baseline,
        size=max(part.size for part in parts),
        spaced=parts[-1].spaced,
        confidence=min(part.confidence for part in parts),
    )
