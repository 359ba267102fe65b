"""The head of a line table: which columns it announces, in whatever order, language and number of rows."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.lexicon import Lexicon
from invoiceflow_extract.local.observations import Observations
from invoiceflow_extract.local.page_text import Row, Segment, Token

__all__ = ["Column", "Head", "find_head", "settle_columns"]

_BRACKETS = re.compile(r"[(\[/][^)\]]{0,20}[)\]]?")
_MOST_ROWS = 60  # of the body that settle the columns
_STEPS = 64
_ADJACENT = 0.9  # line heights between two rows of one head
_WIDEST_CELL = 0.4  # of the page
_HEADING_GAP = 0.75  # line heights: words further apart are two headings
_WORD_SPACE = 0.4  # line heights: words nearer to each other are never two headings
_LITTLE = 3  # letters
_SCANNED_GAP = 1.2  # recognised words stand where their share of the line puts them
_REACH = 14.0  # line heights between a column's content and a table that seems to end before it
_MOST = 0.6  # of the rows
_FEWEST_LABELS = 2
_FACTORS = frozenset(["quantity", "unit_price", "net", "gross"])
_PREFERENCE = (
    "description",
    "quantity",
    "unit_price",
    "net",
    "tax_rate",
    "line_id",
    "item_code",
    "unit",
    "gross",
    "discount",
    "tax_amount",
    "date",
)


@dataclass(slots=True, eq=False)
class Column:
    """A column: what it holds, where its heading stands and, once settled, where it begins and ends (points)."""

    role: str | None
    x0: float
    x1: float
    options: frozenset[str] = frozenset()
    key: str = ""
    words: tuple[Token, ...] = ()
    left: float = 0.0
    right: float = 0.0


@dataclass(slots=True)
class Head:
    """The columns that one or more rows announce."""

    columns: list[Column]
    rows: list[Row] = field(default_factory=list)

    @property
    def roles(self) -> list[str | None]:
        return [column.role for column in self.columns]


def find_head(row: Row, seen: Observations, lexicon: Lexicon) -> Head | None:
    """Return the table head whose main row is ``row``, ``None`` where it is none."""
    if any(amount.number.money_like for amount in seen.amounts_of(row)) or len(row.tokens) < _FEWEST_LABELS:
        return None
    columns = list(_columns(row, lexicon))
    known = [column for column in columns if column.options]
    if len(known) < _FEWEST_LABELS or 2 * len(known) < len(columns):
        return None
    rows = [row, *_neighbours(row, columns, seen, lexicon)]
    if not any(column.options & {"net", "gross"} for column in columns):
        _part(columns, lexicon)
    _choose_roles(columns)
    roles = {column.role for column in columns if column.role}
    if not roles & {"net", "gross", "unit_price"}:
        return None
    if not roles & {"description", "item_code"} and not {"quantity", "unit_price"} <= roles:
        return None  # a table of taxes or of payment terms
    _require_description(columns)
    columns.sort(key=lambda column: column.x0)
    return Head(columns, rows)


def _columns(row: Row, lexicon: Lexicon) -> Iterator[Column]:
    """Yield a column for each label in ``row`` and for each segment that holds none."""
    for segment in row.segments:
        tokens = [_heading(token) for token in segment.tokens]
        current: Column | None = None
        start = 0
        while start < len(tokens):
            scanned = row.sheet.recognised
            gap = _SCANNED_GAP if scanned else _HEADING_GAP
            match = lexicon.find(tokens, lexicon.columns, start, fuzzy=scanned, widest_gap=gap)
            if match is not None and current is not None and _goes_on(current, match.meanings, tokens[start], scanned):
                current.x1 = tokens[match.end - 1].x1
                start = match.end
                continue
            if match is not None:
                if current is not None:
                    yield current
                current = Column(None, tokens[start].x0, tokens[match.end - 1].x1, match.meanings)
                current.words = tuple(tokens[start : match.end])
                current.key = "".join(token.key for token in current.words)
                start = match.end
                continue
            if current is None:
                current = Column(None, tokens[start].x0, tokens[start].x1, key=tokens[start].key)
            else:
                current.x1 = tokens[start].x1
                current.key += tokens[start].key if not current.options else ""
            start += 1
        if current is not None and (current.options or current.key):
            yield current


def _goes_on(column: Column, meanings: frozenset[str], token: Token, scanned: bool) -> bool:  # noqa: FBT001
    """Whether a label right behind the heading of ``column`` is part of it: *product or service*, *total no tax*.

    It is where it says the same, or is a little word that no more than the space between two words parts from it.
    """
    gap = (token.x0 - column.x1) / token.height
    return (bool(meanings & column.options) and gap < _HEADING_GAP) or (
        not scanned and bool(column.options) and gap < _WORD_SPACE and len(token.key) <= _LITTLE
    )


def _part(columns: list[Column], lexicon: Lexicon) -> None:
    """Take the last words of a heading for one of their own where that gives the table its amounts: *VAT amount*."""
    for position in range(len(columns) - 1, -1, -1):
        words = columns[position].words
        for cut in range(1, len(words)):
            left = lexicon.columns.get("".join(word.key for word in words[:cut]))
            right = lexicon.columns.get("".join(word.key for word in words[cut:]))
            if left and right and "net" in right:
                columns[position] = Column(None, words[0].x0, words[cut - 1].x1, left, words=words[:cut])
                columns.insert(position + 1, Column(None, words[cut].x0, words[-1].x1, right, words=words[cut:]))
                return


def _heading(token: Token) -> Token:
    """Return ``token`` without what stands in brackets: units and currencies, as in ``Rate(EUR)``."""
    if not any(character in token.text for character in "([/€$£"):
        return token
    return replace(token, key=fold(_BRACKETS.sub("", token.text)).strip("€$£"))


def _neighbours(row: Row, columns: list[Column], seen: Observations, lexicon: Lexicon) -> list[Row]:
    """Let the rows right above and below complete the headings; return those that belong to the head."""
    rows = row.sheet.rows
    joined: list[Row] = []
    for step in (-1, 1):
        index = row.index + step
        current = row
        while 0 <= index < len(rows) and abs(index - row.index) <= _FEWEST_LABELS:
            other = rows[index]
            gap = other.y0 - current.y1 if step > 0 else current.y0 - other.y1
            if gap > _ADJACENT * row.height or not _is_part(other, seen):
                break
            if not _complete(columns, other, step, lexicon):
                break
            joined.append(other)
            current = other
            index += step
    return joined


def _is_part(row: Row, seen: Observations) -> bool:
    if seen.amounts_of(row) or seen.dates_of(row):
        return False
    if any(label.leads and label.has_colon for label in seen.fields_of(row)):
        return False
    return all(segment.x1 - segment.x0 < _WIDEST_CELL * row.sheet.width for segment in row.segments)


def _complete(columns: list[Column], row: Row, step: int, lexicon: Lexicon) -> bool:
    """Join the segments of ``row`` to the headings above or under them; whether any made a label."""
    useful = False
    for segment in row.segments:
        text = fold(segment.text)
        column = next((c for c in columns if min(c.x1, segment.x1) - max(c.x0, segment.x0) > 0), None)
        if column is None:
            options = lexicon.columns.get(text, frozenset())
            if options:
                columns.append(Column(None, segment.x0, segment.x1, options, text))
                useful = True
            continue
        joined = column.key + text if step > 0 else text + column.key
        options = lexicon.columns.get(joined, frozenset())
        if options:
            column.options, column.key = options, joined
            useful = True
        elif not column.options and lexicon.columns.get(text):
            column.options = lexicon.columns[text]
            useful = True
        elif not column.options:
            column.key = joined
        else:
            continue
        column.x0, column.x1 = min(column.x0, segment.x0), max(column.x1, segment.x1)
    return useful or _under_headings(columns, row.segments)


def _under_headings(columns: Sequence[Column], segments: Sequence[Segment]) -> bool:
    """Whether every one of ``segments`` is a word or two right under or over a known heading: its wrapped rest."""
    return all(
        len(segment.tokens) <= 2
        and any(c.options and min(c.x1, segment.x1) - max(c.x0, segment.x0) > 0 for c in columns)
        and not any(character.isdigit() for character in segment.text)
        for segment in segments
    ) and len(segments) < len(columns)


def _choose_roles(columns: Sequence[Column]) -> None:
    """Give each column one of its meanings and each meaning to one column, unambiguous headings first."""
    taken: set[str] = set()
    ordered = sorted(columns, key=lambda column: column.x0)
    for column in ordered:
        if len(column.options) == 1:
            (role,) = column.options
            if role not in taken:
                column.role = role
                taken.add(role)
    for role in _PREFERENCE:
        if role in taken:
            continue
        options = [column for column in ordered if column.role is None and role in column.options]
        if options:
            # Of several sums the line's amount is the last one; of several names the first.
            chosen = options[-1] if role in {"net", "gross"} else options[0]
            chosen.role = role
            taken.add(role)
    _choose_amount(ordered, taken)


def _choose_amount(ordered: Sequence[Column], taken: set[str]) -> None:
    """Find the lines' amounts under a heading that says less: *Price* behind *Unit price*, or *net* of a tax."""
    last = ordered[-1]
    if not taken & {"net", "gross"} and "unit_price" in taken and last.role is None and "unit_price" in last.options:
        last.role = "net"
        return
    if "net" not in taken:
        for column in reversed(ordered):
            if "net" in column.options and column.role in {None, "tax_amount"}:
                column.role = "net"
                return


def _require_description(columns: Sequence[Column]) -> None:
    """See that something names the goods: else the widest unknown column, else the item code."""
    if any(column.role == "description" for column in columns):
        return
    free = [column for column in columns if column.role is None]
    if free:
        max(free, key=lambda column: column.x1 - column.x0).role = "description"
        return
    for role in ("item_code", "line_id", "date"):
        for column in columns:
            if column.role == role:
                column.role = "description"
                return


def settle_columns(columns: Sequence[Column], body: Sequence[Row], seen: Observations) -> None:
    """Set where each column begins and ends: at the widest gap between two headings that fewest words cross."""
    rows = list(body[:_MOST_ROWS])
    columns[0].left, columns[-1].right = _edges(columns, rows, seen)
    tokens = [t for row in rows for t in row.tokens if columns[0].left <= t.center < columns[-1].right]
    for left, right in itertools.pairwise(columns):
        left.right = right.left = _border(left, right, tokens, len(rows))
    for left, right in itertools.pairwise(columns):
        _share(left, right, rows)


def _share(left: Column, right: Column, rows: Sequence[Row]) -> None:
    """Move the border where one of two neighbours is empty in every row and the other has two words with a gap."""
    cells = [
        (
            [t for t in row.tokens if left.left <= t.center < left.right],
            [t for t in row.tokens if right.left <= t.center < right.right],
        )
        for row in rows
    ]
    empty = [not any(cell[side] for cell in cells) for side in (0, 1)]
    if empty[0] == empty[1] or not {left.role, right.role} <= _FACTORS:
        return
    crowded = [cell[1] if empty[0] else cell[0] for cell in cells]
    pairs = [tokens for tokens in crowded if len(tokens) == 2 and all(t.text[:1].isdigit() for t in tokens)]
    if not pairs or len(pairs) < len([tokens for tokens in crowded if tokens]):
        return
    low, high = max(tokens[0].x1 for tokens in pairs), min(tokens[1].x0 for tokens in pairs)
    if high - low > _HEADING_GAP * max(token.height for tokens in pairs for token in tokens):
        left.right = right.left = (low + high) / 2


def _edges(columns: Sequence[Column], rows: Sequence[Row], seen: Observations) -> tuple[float, float]:
    """Return where the table ends to the left and to the right: what stands beside it is not in it.

    Words clear of the outermost headings belong to it only where most of its rows have some there.
    """
    first, last = columns[0], columns[-1]
    segments = [segment for row in rows for segment in row.segments]
    height = max((segment.height for segment in segments), default=10.0)
    inside = [s for s in segments if s.x1 > first.x0 - height and s.x0 < last.x1 + height]
    left = min([first.x0, *(s.x0 for s in inside if s.x0 < last.x0)])
    right = max((s.x1 for s in inside), default=last.x1)
    full = [
        row
        for row in rows
        if len(row.segments) > 1 and any(s.x1 > last.x0 and s.x0 < last.x1 + height for s in row.segments)
    ] or rows
    for row_side in ("left", "right"):
        beyond = []
        for row in full:
            if row_side == "left":
                near = [s for s in row.segments if s.x1 <= left and left - s.x1 < _REACH * height]
            else:
                near = [s for s in row.segments if s.x0 >= right and s.x0 - right < _REACH * height]
            beyond.extend(near[-1:] if row_side == "left" else near[:1])
        side = [s for row in rows for s in row.segments if (s.x1 <= left if row_side == "left" else s.x0 >= right)]
        if any(_is_field(segment, seen) for segment in side):
            continue
        if len(beyond) >= _MOST * len(full) and row_side == "left":
            left = min(segment.x0 for segment in beyond)
        elif len(beyond) >= _MOST * len(full):
            right = max(segment.x1 for segment in beyond)
    return left - 1.0, right + 1.0


def _is_field(segment: Segment, seen: Observations) -> bool:
    """Whether ``segment`` is a label of the header, as in a column of such beside the table."""
    return any(
        label.segment is segment and label.leads and (label.has_colon or label.end == len(segment.tokens))
        for label in seen.fields_of(segment.row)
    )


def _border(left: Column, right: Column, tokens: Sequence[Token], rows: int) -> float:
    low = (left.x0 + left.x1) / 2
    high = max(low + 1.0, (right.x0 + right.x1) / 2)
    width = (high - low) / _STEPS
    # To cut through a heading costs as much as to cut through the words of a third of the rows.
    cut = max(1.0, rows / 3)
    costs = [0.0 if left.x1 <= low + step * width <= right.x0 else cut for step in range(_STEPS + 1)]
    for token in tokens:
        if token.x1 > low and token.x0 < high:
            first = max(0, int((token.x0 - low) / width) + 1)
            last = min(_STEPS, int((token.x1 - low) / width))
            for step in range(first, last + 1):
                costs[step] += 1.0
    least = min(costs)
    best, start = (0, 0), None
    for step in range(_STEPS + 2):
        cheap = step <= _STEPS and costs[step] <= least
        if cheap and start is None:
            start = step
        elif not cheap and start is not None:
            if step - start > best[1] - best[0]:
                best = (start, step)
            start = None
    return low + width * (best[0] + best[1] - 1) / 2
