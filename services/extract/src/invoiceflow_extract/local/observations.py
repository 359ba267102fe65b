"""Everything on the pages that means something by itself: amounts, dates and labels, with their places."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from invoiceflow_extract.local.amounts import Number, parse_number, prevailing_mark
from invoiceflow_extract.local.dates import PrintedDate, find_dates
from invoiceflow_extract.local.lexicon import Lexicon, Match
from invoiceflow_extract.local.page_text import Row, Segment, Sheet, Token

__all__ = ["Amount", "DateSeen", "Label", "Observations", "observe"]

_JOIN_GAP = 0.55  # of the line height: a space inside a number is narrower than one between columns
_MOST_PARTS = 6
_NUMBER_START = re.compile(r"[-\u2212\u2013+(]?[^\W\d_]{0,3}[-$€£¥+(.,\u2212\u2013]{0,3}\d")
_GROUP = re.compile(r"\d{3}(?!\d)")


@dataclass(frozen=True, slots=True, eq=False)
class Amount:
    """A number on the page."""

    number: Number
    tokens: tuple[Token, ...]
    row: Row

    @property
    def x0(self) -> float:
        return self.tokens[0].x0

    @property
    def x1(self) -> float:
        return self.tokens[-1].x1

    @property
    def text(self) -> str:
        return " ".join(token.text for token in self.tokens)


@dataclass(frozen=True, slots=True, eq=False)
class DateSeen:
    """A date on the page."""

    printed: PrintedDate
    tokens: tuple[Token, ...]
    row: Row

    @property
    def x0(self) -> float:
        return self.tokens[0].x0

    @property
    def text(self) -> str:
        return " ".join(token.text for token in self.tokens)


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A label on the page: what it can mean and where it stands in its segment."""

    meanings: frozenset[str]
    segment: Segment
    start: int
    end: int
    fit: float

    @property
    def row(self) -> Row:
        return self.segment.row

    @property
    def tokens(self) -> list[Token]:
        return self.segment.tokens[self.start : self.end]

    @property
    def x0(self) -> float:
        return self.tokens[0].x0

    @property
    def x1(self) -> float:
        return self.tokens[-1].x1

    @property
    def key(self) -> str:
        return "".join(token.key for token in self.tokens)

    @property
    def leads(self) -> bool:
        """Whether it begins its segment."""
        return not any(token.key for token in self.segment.tokens[: self.start])

    @property
    def opens(self) -> bool:
        """Whether no word stands before it in its segment, as in ``19% VAT``."""
        return not any(character.isalpha() for t in self.segment.tokens[: self.start] for character in t.text)

    @property
    def has_colon(self) -> bool:
        last = self.tokens[-1].text
        after = self.segment.tokens[self.end].text if self.end < len(self.segment.tokens) else ""
        return last.endswith((":", "：")) or after == ":"


@dataclass(slots=True)
class Observations:
    """What was seen on the pages, row by row."""

    sheets: list[Sheet]
    mark: str | None
    """The document's decimal mark."""
    amounts: dict[int, list[Amount]] = field(default_factory=dict)
    """By ``id(row)``, from left to right."""
    dates: dict[int, list[DateSeen]] = field(default_factory=dict)
    fields: dict[int, list[Label]] = field(default_factory=dict)
    totals: dict[int, list[Label]] = field(default_factory=dict)

    def amounts_of(self, row: Row) -> list[Amount]:
        return self.amounts.get(id(row), [])

    def dates_of(self, row: Row) -> list[DateSeen]:
        return self.dates.get(id(row), [])

    def fields_of(self, row: Row) -> list[Label]:
        return self.fields.get(id(row), [])

    def totals_of(self, row: Row) -> list[Label]:
        return self.totals.get(id(row), [])

    @property
    def rows(self) -> list[Row]:
        return [row for sheet in self.sheets for row in sheet.rows]


def observe(sheets: list[Sheet], lexicon: Lexicon) -> Observations:
    """Find the amounts, dates and labels of all rows."""
    seen = Observations(sheets, None)
    rows = seen.rows
    first_pass = [parse_number(token.text) for row in rows for token in row.tokens if token.text[:1].isdigit()]
    seen.mark = prevailing_mark(number for number in first_pass if number is not None and not number.percent)
    for row in rows:
        fuzzy = row.sheet.recognised
        dates: list[DateSeen] = []
        amounts: list[Amount] = []
        fields: list[Label] = []
        totals: list[Label] = []
        for segment in row.segments:
            found = _dates(segment, row)
            dates.extend(found)
            taken = {id(token) for seen_date in found for token in seen_date.tokens}
            amounts.extend(_amounts(segment, row, seen.mark, taken))
            named = list(_labels(segment, lexicon, lexicon.fields, taken, fuzzy=fuzzy))
            sums = [*_labels(segment, lexicon, lexicon.totals, taken, fuzzy=fuzzy), *_compounds(segment, lexicon)]
            totals.extend(label for label in sums if not any(_is_part_of(label, other) for other in named))
            fields.extend(label for label in named if not any(_is_inside(label, other) for other in sums))
        if dates:
            seen.dates[id(row)] = dates
        if amounts:
            seen.amounts[id(row)] = amounts
        if fields:
            seen.fields[id(row)] = fields
        if totals:
            seen.totals[id(row)] = totals
    return seen


def _compounds(segment: Segment, lexicon: Lexicon) -> Iterable[Label]:
    meanings = lexicon.compound(segment.tokens[0].key)
    if meanings:
        yield Label(meanings, segment, 0, 1, 0.9)


def _is_part_of(label: Label, other: Label) -> bool:
    """Whether ``label`` is only the beginning of ``other``: the *due* of *due date:*."""
    longer = other.start <= label.start and label.end < other.end
    return longer and (other.has_colon or other.end == len(other.segment.tokens))


def _is_inside(label: Label, other: Label) -> bool:
    """Whether ``label`` is a word within the total ``other``: the *invoice* of *total invoice*."""
    return other.start < label.start and label.end <= other.end


def _spans(tokens: Sequence[Token]) -> tuple[str, list[int]]:
    """Return the text of ``tokens`` and where each begins in it."""
    starts, length = [], 0
    for token in tokens:
        starts.append(length)
        length += len(token.text) + 1
    return " ".join(token.text for token in tokens), starts


def _dates(segment: Segment, row: Row) -> list[DateSeen]:
    if not any(character.isdigit() for token in segment.tokens for character in token.text):
        return []
    text, starts = _spans(segment.tokens)
    found = []
    for printed in find_dates(text):
        tokens = tuple(
            token
            for token, start in zip(segment.tokens, starts, strict=True)
            if start < printed.end and printed.start < start + len(token.text)
        )
        found.append(DateSeen(printed, tokens, row))
    return found


def _amounts(segment: Segment, row: Row, mark: str | None, taken: set[int]) -> Iterable[Amount]:
    tokens = segment.tokens
    start = 0
    while start < len(tokens):
        best: tuple[int, Number] | None = None
        if id(tokens[start]) not in taken and _may_start_number(tokens[start].text):
            for end in range(start + 1, min(len(tokens), start + _MOST_PARTS) + 1):
                if id(tokens[end - 1]) in taken or (
                    end - 1 > start and not _joins(tokens[end - 2], tokens[end - 1], row)
                ):
                    break
                number = parse_number(" ".join(token.text for token in tokens[start:end]), mark)
                if number is not None:
                    best = (end, number)
        if best is None:
            start += 1
            continue
        end, number = best
        yield Amount(number, tuple(tokens[start:end]), row)
        start = end


def _may_start_number(text: str) -> bool:
    return len(text) <= 4 or _NUMBER_START.match(text) is not None


def _joins(left: Token, right: Token, row: Row) -> bool:
    gap = right.x0 - left.x1
    if left.text[-1].isdigit() and right.text[:1].isdigit():
        # In a typewriter's font a space is as wide as a digit.
        digit = (right.x1 - right.x0) / len(right.text)
        # Recognised words stand where their share of the line puts them, columns in lines of their own.
        widest = 1.1 if row.sheet.recognised else _JOIN_GAP
        return gap < max(widest * right.height, 1.2 * digit) and _GROUP.match(right.text) is not None
    return gap < 2.5 * right.height


def _labels(
    segment: Segment, lexicon: Lexicon, table: dict[str, frozenset[str]], taken: set[int], *, fuzzy: bool
) -> Iterable[Label]:
    tokens = segment.tokens
    start = 0
    while start < len(tokens):
        token = tokens[start]
        match: Match | None = None
        if token.key and id(token) not in taken and (not token.key.isdigit()):
            match = lexicon.find(tokens, table, start, fuzzy=fuzzy and start == 0)
        if match is None:
            start += 1
            continue
        yield Label(match.meanings, segment, match.start, match.end, match.fit)
        start = match.end
