"""A layout as the engine looks at it: tokens in segments, segments in visual rows.

A token is a word of the layout, except that ``Number:12345`` becomes two tokens, as
character recognition drops the space behind a colon, and so does a number joined to its unit by a
space that does not break. Coordinates are in points, so that
horizontal and vertical distances compare.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from invoiceflow_contracts.layout import Box, Layout, Page, Table, Word
from invoiceflow_extract.local.amounts import parse_number
from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.skew import slope_of

__all__ = ["Row", "Segment", "Sheet", "Token", "box_of", "sheets_of"]

_GLUED = re.compile(r"^([^\W\d_][^:\d]{1,40}[:：])([^\s/\\:].*)$")
_COUNTED = re.compile(r"^([-+]?\d[\d.,]*)[\u00a0\u202f ]([^\W\d_].*)$")
_TWO_AMOUNTS = re.compile(r"^(\d[\d.,']{0,14}?[.,]\d{2})(\d[\d.,']{0,14}?[.,]\d{2})$")
_WIDE_GAP = 1.6  # in line heights: wider than any space between words of one phrase
_LONGEST_WORD = 200  # characters; what is longer is a barcode's content or an attack
_MAX_PAGES = 60
_MAX_TOKENS = 40_000


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """A word with its box in points."""

    text: str
    key: str
    x0: float
    y0: float
    x1: float
    y1: float
    confidence: float
    box: Box
    """Where it was printed, in page fractions, before the page was straightened."""

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def center(self) -> float:
        return (self.x0 + self.x1) / 2


@dataclass(slots=True, eq=False)
class Segment:
    """Tokens that stand together on one baseline."""

    tokens: list[Token]
    row: "Row" = field(repr=False, default=None)  # type: ignore[assignment]

    @property
    def x0(self) -> float:
        return self.tokens[0].x0

    @property
    def x1(self) -> float:
        return self.tokens[-1].x1

    @property
    def y0(self) -> float:
        return min(token.y0 for token in self.tokens)

    @property
    def y1(self) -> float:
        return max(token.y1 for token in self.tokens)

    @property
    def height(self) -> float:
        return max(token.height for token in self.tokens)

    @property
    def text(self) -> str:
        return " ".join(token.text for token in self.tokens)


@dataclass(slots=True, eq=False)
class Row:
    """Segments at one height of a page, from left to right."""

    sheet: "Sheet" = field(repr=False)
    index: int
    segments: list[Segment]
    y0: float
    y1: float

    @property
    def center(self) -> float:
        return (self.y0 + self.y1) / 2

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def tokens(self) -> list[Token]:
        return [token for segment in self.segments for token in segment.tokens]

    @property
    def text(self) -> str:
        return "  ".join(segment.text for segment in self.segments)


@dataclass(slots=True, eq=False)
class Sheet:
    """A page: its rows from top to bottom."""

    number: int
    width: float
    height: float
    recognised: bool
    rows: list[Row]
    tables: tuple[Table, ...] = ()

    def below(self, row: Row, limit: int = 12) -> Iterator[Row]:
        """Yield the rows under ``row``, nearest first."""
        yield from self.rows[row.index + 1 : row.index + 1 + limit]


def box_of(tokens: Sequence[Token]) -> Box:
    """Return the box around ``tokens`` in page fractions."""
    return Box.around(token.box for token in tokens)


def sheets_of(layout: Layout) -> list[Sheet]:
    """Return the pages of ``layout`` as sheets (at most 60 pages and 40,000 words: no invoice has more)."""
    sheets = []
    budget = _MAX_TOKENS
    for page in layout.pages[:_MAX_PAGES]:
        slope = slope_of(page) if page.source == "ocr" else 0.0
        segments: list[Segment] = []
        for line in page.lines:
            budget -= len(line.words)
            if budget < 0:
                break
            words = [word for word in line.words if len(word.text) <= _LONGEST_WORD]
            if words:
                segments.extend(_segments(words, page, slope))
        sheets.append(_sheet(page, segments))
    return sheets


def _tokens(word: Word, page: Page, slope: float) -> Iterator[Token]:
    match = _GLUED.match(word.text) or _COUNTED.match(word.text) or _two_amounts(word.text)
    if match and not match.group(2).startswith("//"):
        x0, y0, x1, y1 = word.box
        cut = x0 + (x1 - x0) * len(match.group(1)) / len(word.text)
        yield _token(match.group(1), Box(x0, y0, cut, y1), word, page, slope)
        yield _token(match.group(2), Box(cut, y0, x1, y1), word, page, slope)
    else:
        yield _token(word.text, word.box, word, page, slope)


def _two_amounts(text: str) -> re.Match[str] | None:
    """Split what two columns that touch run together: ``130000.00130000.00`` is no number."""
    match = _TWO_AMOUNTS.match(text)
    return match if match and parse_number(text) is None else None


def _token(text: str, box: Box, word: Word, page: Page, slope: float) -> Token:
    x0, x1 = box.x0 * page.width, box.x1 * page.width
    shift = slope * (x0 + x1) / 2
    y0, y1 = box.y0 * page.height - shift, box.y1 * page.height - shift
    return Token(text, fold(text), x0, y0, x1, y1, word.confidence, box)


def _segments(words: Sequence[Word], page: Page, slope: float) -> Iterator[Segment]:
    tokens = [token for word in words for token in _tokens(word, page, slope)]
    current = [tokens[0]]
    for token in tokens[1:]:
        gap = token.x0 - current[-1].x1
        if gap > _WIDE_GAP * max(token.height, current[-1].height) or gap < -2 * token.height:
            yield Segment(current)
            current = [token]
        else:
            current.append(token)
    yield Segment(current)


def _sheet(page: Page, segments: list[Segment]) -> Sheet:
    sheet = Sheet(page.number, page.width, page.height, page.source == "ocr", [], page.tables)
    segments.sort(key=lambda segment: (segment.y0 + segment.y1, segment.x0))
    rows: list[Row] = []
    for segment in segments:
        center = (segment.y0 + segment.y1) / 2
        home = None
        for row in rows[-5:]:
            apart = abs(row.center - center)
            if apart < 0.45 * min(max(row.height, 1.0), max(segment.height, 1.0)) and not _collides(row, segment):
                home = row
        if home is None:
            rows.append(Row(sheet, 0, [segment], segment.y0, segment.y1))
        else:
            home.segments.append(segment)
    rows.sort(key=lambda row: row.center)
    for index, row in enumerate(rows):
        row.index = index
        row.segments.sort(key=lambda segment: segment.x0)
        for segment in row.segments:
            segment.row = row
    sheet.rows = rows
    return sheet


def _collides(row: Row, segment: Segment) -> bool:
    """Whether ``segment`` lies over one of ``row``: a stamp or a second layer, not a neighbour."""
    return any(
        min(other.x1, segment.x1) - max(other.x0, segment.x0) > 0.5 * min(other.x1 - other.x0, segment.x1 - segment.x0)
        for other in row.segments
    )
