"""Values beside or under their labels."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from invoiceflow_extract.local.dates import PrintedDate
from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.observations import DateSeen, Label, Observations
from invoiceflow_extract.local.page_text import Row, Segment, Token

__all__ = ["Place", "dates_near", "identifiers_near", "labels_meaning", "places_near", "texts_near"]

T = TypeVar("T")
_HYPHENS = str.maketrans("\u2010\u2011\u2012\u2013\u2212", "-----")
_GLUED_LABEL = re.compile(r"^(?:no|nr|num|n[º°o]|č|c)[.:º°]{1,3}(?=\d)", re.IGNORECASE)
_MONEY = re.compile(r"^\d{1,3}(?:([., '])\d{3})(?:\1\d{3})*[.,]\d{2}$")
_LIKE_A_DATE = 0.42
_BELOW_ROWS = 4
_BELOW_GAP = 3.2  # line heights

Place = tuple[list[Token], Row, float]
"""Tokens where a label's value may stand, their row, and how likely that place is."""


def labels_meaning(seen: Observations, meaning: str) -> Iterator[Label]:
    """Yield the labels that can mean ``meaning``, in reading order."""
    for row in seen.rows:
        for label in seen.fields_of(row):
            if meaning in label.meanings:
                yield label


def places_near(seen: Observations, label: Label) -> Iterator[Place]:
    """Yield where the value of ``label`` may stand: behind it, in the next segment, under it."""
    segment, row = label.segment, label.row
    following = [o for o in seen.fields_of(row) if o is not label and (o.leads or o.has_colon)]
    same_end = min(
        (other.start for other in following if other.segment is segment and other.start >= label.end),
        default=len(segment.tokens),
    )
    behind = _trim(segment.tokens[label.end : same_end])
    if behind:
        yield behind, row, 1.0
    if same_end == len(segment.tokens) and not behind:
        right = _next_segment(row, segment)
        if right is not None:
            first = min((other.start for other in following if other.segment is right), default=len(right.tokens))
            tokens = _trim(right.tokens[:first])
            if tokens:
                far = (right.x0 - segment.x1) / row.sheet.width
                yield tokens, row, 0.97 if far < 0.25 else 0.8
    yield from _under(seen, label)


def _next_segment(row: Row, segment: Segment) -> Segment | None:
    position = row.segments.index(segment)
    for other in row.segments[position + 1 :]:
        if any(token.key for token in other.tokens):
            return other
    return None


def _under(seen: Observations, label: Label) -> Iterator[Place]:
    row = label.row
    height = max(token.height for token in label.tokens)
    bottom = max(token.y1 for token in label.tokens)
    for below in row.sheet.below(row, _BELOW_ROWS):
        # What is set larger than its label stands further from it.
        if below.y0 - bottom > _BELOW_GAP * max(height, min(below.height, 2 * height)):
            return
        for segment in below.segments:
            overlap = min(segment.x1, label.x1) - max(segment.x0, label.x0)
            aligned = abs(segment.x0 - label.x0) < 1.2 * height
            if overlap <= 0 and not aligned:
                continue
            tokens = _trim(_column_part(segment, label, seen))
            labels = [other for other in seen.fields_of(below) if other.segment is segment]
            if not tokens or any(other.leads for other in labels):
                continue
            yield tokens, below, 0.85 if aligned or overlap > 0.5 * (label.x1 - label.x0) else 0.6
            return


def _column_part(segment: Segment, label: Label, seen: Observations) -> list[Token]:
    """Return the tokens of ``segment`` under ``label`` where other labels of its row share the segment."""
    others = [other for other in seen.fields_of(label.row) if other is not label]
    right = min((other.x0 for other in others if other.x0 > label.x1), default=float("inf"))
    left = max((other.x1 for other in others if other.x1 < label.x0), default=float("-inf"))
    return [token for token in segment.tokens if left <= token.center < right] or segment.tokens


def _trim(tokens: Sequence[Token]) -> list[Token]:
    """Drop tokens without letters or digits at the front (colons, dots of a leader)."""
    start = 0
    while start < len(tokens) and not any(character.isalnum() for character in tokens[start].text):
        start += 1
    return list(tokens[start:])


def _search(
    seen: Observations, meaning: str, read: Callable[[list[Token], Row], tuple[T, list[Token], float] | None]
) -> Iterator[tuple[Label, Found[T]]]:
    for label in labels_meaning(seen, meaning):
        best: Found[T] | None = None
        for tokens, row, chance in places_near(seen, label):
            result = read(tokens, row)
            if result is not None:
                value, used, quality = result
                score = chance * quality * label.fit
                if best is None or score > best.score:
                    best = Found.at(value, used, row.sheet, score)
        if best is not None:
            yield label, best


def dates_near(seen: Observations, meaning: str) -> Iterator[tuple[Label, Found[PrintedDate]]]:
    """Yield the dates at the labels that mean ``meaning``."""

    def read(tokens: list[Token], row: Row) -> tuple[PrintedDate, list[Token], float] | None:
        known = {id(token) for token in tokens}
        for position, found in enumerate(seen.dates_of(row)):
            if id(found.tokens[0]) in known:
                ahead = next(index for index, token in enumerate(tokens) if token is found.tokens[0])
                if ahead > 4:
                    return None
                return found.printed, list(found.tokens), 1.0 if position == 0 and ahead == 0 else 0.8
        return None

    return _search(seen, meaning, read)


def identifiers_near(seen: Observations, meaning: str) -> Iterator[tuple[Label, Found[str]]]:
    """Yield the identifiers (numbers with letters, dashes, slashes) at the labels that mean ``meaning``."""

    def read(tokens: list[Token], row: Row) -> tuple[str, list[Token], float] | None:
        dates = {id(token): found for found in seen.dates_of(row) for token in found.tokens}
        start = next((index for index, token in enumerate(tokens[:4]) if any(c.isdigit() for c in token.text)), None)
        if start is None:
            return None
        token = tokens[start]
        whole = dates.get(id(token))
        dated = whole is not None and not token.text.isdigit() and _is_whole(whole, token)
        if whole is not None and dated and len(whole.tokens) > 1:
            return None
        begin = start
        while begin > 0 and _is_code(tokens[begin - 1].text):
            begin -= 1
        quality = 0.55 if begin > 0 and any(c.isalpha() for c in tokens[0].text) else 1.0
        end = start + 1
        while end < len(tokens) and _continues(tokens[end - 1], tokens[end]):
            end += 1
        text = " ".join(part.text for part in tokens[begin:end]).strip(" .,;:#|*").translate(_HYPHENS)
        text = _GLUED_LABEL.sub("", text)
        text = text.removeprefix("(").removesuffix(")")
        digits = sum(c.isdigit() for c in text)
        if not digits or len(text) > 40 or "@" in text or "%" in text or _MONEY.match(text):
            return None
        quality *= _LIKE_A_DATE if dated else 1.0
        return text, tokens[begin:end], quality * (0.85 if digits == 1 and len(text) == 1 else 1.0)

    return _search(seen, meaning, read)


def _is_whole(seen: DateSeen, token: Token) -> bool:
    """Whether the date is all of ``token``, and not a part of an identifier such as ``2024-03-10t17``."""
    return len(seen.tokens) > 1 or seen.printed.end - seen.printed.start >= len(token.text)


def _is_code(text: str) -> bool:
    return text.isupper() and text.isalpha() and len(text) <= 6 and text not in {"NO", "NR", "DATE"}


def _continues(left: Token, right: Token) -> bool:
    """Whether ``right`` is the next part of a spaced identifier such as ``2023 / 0017``."""
    if right.x0 - left.x1 > 0.7 * right.height:
        return False
    if left.text[-1] in "-/" or right.text in {"-", "/"}:
        return any(c.isdigit() for c in right.text) or right.text in {"-", "/"}
    return right.text.isdigit() and left.text.isdigit() and len(right.text) <= 5


def texts_near(seen: Observations, meaning: str) -> Iterator[tuple[Label, Found[str]]]:
    """Yield the words at the labels that mean ``meaning``."""

    def read(tokens: list[Token], _row: Row) -> tuple[str, list[Token], float] | None:
        text = " ".join(token.text for token in tokens).strip(" :;|")
        return (text, tokens, 1.0) if text else None

    return _search(seen, meaning, read)
