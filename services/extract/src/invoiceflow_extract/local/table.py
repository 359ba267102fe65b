"""Invoice lines from the geometry of their table.

A header row is found by its column labels; where columns end follows from the white space between the rows'
words; a row with an amount begins a line, rows without one continue its description.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from invoiceflow_extract.local.amounts import Number, parse_number
from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.lexicon import Lexicon
from invoiceflow_extract.local.observations import Observations
from invoiceflow_extract.local.page_text import Row, Sheet, Token

__all__ = ["Column", "LineFound", "Lines", "find_lines"]

_NUMERIC = frozenset(["quantity", "unit_price", "discount", "net", "tax_rate", "tax_amount", "gross", "basis"])
_MONEY = frozenset(["unit_price", "net", "gross", "tax_amount", "basis"])
_MOST_LINES = 2000


@dataclass(slots=True, eq=False)
class Column:
    """A column: what it holds, where its heading stands and, once settled, where it begins and ends."""

    role: str | None
    x0: float
    x1: float
    left: float = 0.0
    right: float = 0.0
    options: frozenset[str] = frozenset()


@dataclass(slots=True)
class LineFound:
    """A line as read: values by field name."""

    sheet: Sheet
    description: list[Token] = field(default_factory=list)
    fields: dict[str, Found[Decimal]] = field(default_factory=dict)
    texts: dict[str, Found[str]] = field(default_factory=dict)
    bottom: float = 0.0

    def value(self, name: str) -> Decimal | None:
        found = self.fields.get(name)
        return None if found is None else found.value


@dataclass(slots=True)
class Lines:
    """The lines of an invoice and the rows they were read from (by ``id``)."""

    lines: list[LineFound] = field(default_factory=list)
    rows: set[int] = field(default_factory=set)
    header_rows: set[int] = field(default_factory=set)


def find_lines(seen: Observations, lexicon: Lexicon) -> Lines:
    """Return the invoice lines of all pages."""
    result = Lines()
    columns: list[Column] = []
    finished = False
    for sheet in seen.sheets:
        index = 0
        header_here = False
        while index < len(sheet.rows):
            row = sheet.rows[index]
            header = _header(row, seen, lexicon)
            if header is not None and not (finished and columns and not _same_header(columns, header)):
                columns = header
                result.header_rows.add(id(row))
                body, stop = _body(sheet, index + 1, seen, lexicon)
                if not body:
                    index += 1
                    continue
                header_here = True
                _settle(columns, body)
                _read_body(columns, body, seen, result)
                finished = stop
                index = body[-1].index + 1
                continue
            index += 1
        if columns and not header_here and not finished and sheet is not seen.sheets[0]:
            body, finished = _body(sheet, 0, seen, lexicon)
            _read_body(columns, body, seen, result)
        if len(result.lines) > _MOST_LINES:
            break
    return result


def _same_header(old: Sequence[Column], new: Sequence[Column]) -> bool:
    return [column.role for column in old] == [column.role for column in new]


def _header(row: Row, seen: Observations, lexicon: Lexicon) -> list[Column] | None:
    """Return the columns that ``row`` heads, ``None`` where it is no table head."""
    if any(amount.number.money_like for amount in seen.amounts_of(row)):
        return None
    columns: list[Column] = []
    for segment in row.segments:
        tokens = segment.tokens
        start = 0
        fresh = True
        while start < len(tokens):
            match = lexicon.find(tokens, lexicon.columns, start, fuzzy=row.sheet.recognised)
            if match is None:
                if fresh and tokens[start].key:
                    columns.append(Column(None, tokens[start].x0, tokens[start].x1))
                    fresh = False
                elif columns:
                    columns[-1].x1 = tokens[start].x1
                start += 1
                continue
            columns.append(Column(None, tokens[match.start].x0, tokens[match.end - 1].x1, options=match.meanings))
            fresh = False
            start = match.end
    known = [column for column in columns if column.options]
    if len(known) < 2 or len(known) < 0.5 * len(columns):  # noqa: PLR2004
        return None
    _choose_roles(columns)
    roles = {column.role for column in columns if column.role}
    money = roles & {"net", "gross", "unit_price"}
    if not money or len(roles) < 2 or not ({"description", "item_code", "quantity"} & roles):  # noqa: PLR2004
        return None
    if "description" not in roles:
        free = [column for column in columns if column.role is None]
        if free:
            max(free, key=lambda column: column.x1 - column.x0).role = "description"
        elif "item_code" in roles:
            next(column for column in columns if column.role == "item_code").role = "description"
    return columns


def _choose_roles(columns: Sequence[Column]) -> None:
    """Give each column one of its meanings, each role once; the last column of several sums is the line's amount."""
    taken: set[str] = set()
    for column in columns:
        if len(column.options) == 1:
            (role,) = column.options
            if role not in taken:
                column.role = role
                taken.add(role)
    order = ("description", "quantity", "unit_price", "line_id", "item_code", "net", "tax_rate", "gross", "discount")
    for column in columns:
        if column.role is None and column.options:
            for role in order:
                if role in column.options and role not in taken:
                    column.role = role
                    taken.add(role)
                    break
    if "net" not in taken:
        for column in reversed(columns):
            if "net" in column.options and column.role in {None, "basis"}:
                column.role = "net"
                break


def _body(sheet: Sheet, start: int, seen: Observations, lexicon: Lexicon) -> tuple[list[Row], bool]:
    """Return the rows of the table from ``start`` on, and whether its end (a total) was seen."""
    body: list[Row] = []
    for row in sheet.rows[start:]:
        if _ends_table(row, seen):
            return body, True
        if body and row.y0 - body[-1].y1 > 9 * max(row.height, 6.0):
            return body, True
        if _header(row, seen, lexicon) is not None and len(body) > 0:
            return body, False
        body.append(row)
    return body, False


def _ends_table(row: Row, seen: Observations) -> bool:
    """Whether ``row`` is a total: a total's label in front and nothing but amounts behind it."""
    labels = [
        label for label in seen.totals_of(row) if label.leads and not (label.meanings <= {"charges", "allowances"})
    ]
    amounts = seen.amounts_of(row)
    if not labels or not any(a.number.money_like or a.number.value for a in amounts):
        return False
    label = labels[0]
    behind = [amount for amount in amounts if amount.x0 >= label.x1 - 1]
    if not behind:
        return False
    used = {id(token) for amount in amounts for token in amount.tokens} | {
        id(t) for l in seen.totals_of(row) for t in l.tokens
    }
    words = [token for token in row.tokens if id(token) not in used and token.key.isalpha() and len(token.key) > 3]  # noqa: PLR2004
    return len(words) <= 2  # noqa: PLR2004


def _settle(columns: list[Column], body: Sequence[Row]) -> None:
    """Set where each column begins and ends: at the widest gap that fewest words cross between two headings."""
    columns.sort(key=lambda column: column.x0)
    columns[0].left = float("-inf")
    columns[-1].right = float("inf")
    rows = [row for row in body if len(row.segments) > 1][:60] or list(body[:60])
    tokens = [token for row in rows for token in row.tokens]
    for left, right in zip(columns, columns[1:], strict=False):
        low = (left.x0 + left.x1) / 2
        high = max(low + 1, (right.x0 + right.x1) / 2)
        left.right = right.left = _gap(low, high, tokens, left, right)


def _gap(low: float, high: float, tokens: Sequence[Token], left: Column, right: Column) -> float:
    steps = 48
    width = (high - low) / steps
    crossings = [0] * (steps + 1)
    for token in tokens:
        if token.x1 > low and token.x0 < high:
            first = max(0, int((token.x0 - low) / width) + 1)
            last = min(steps, int((token.x1 - low) / width))
            for step in range(first, last + 1):
                crossings[step] += 1
    fewest = min(crossings)
    best_length, best_middle, run = 0.0, (left.x1 + right.x0) / 2, 0
    for step in range(steps + 2):
        if step <= steps and crossings[step] == fewest:
            run += 1
            continue
        if run:
            first, last = step - run, step - 1
            length = run + 0.0
            if length > best_length:
                best_length, best_middle = length, low + width * (first + last) / 2
        run = 0
    return best_middle


def _read_body(columns: Sequence[Column], body: Sequence[Row], seen: Observations, result: Lines) -> None:
    pending: list[Token] = []
    roles = {column.role for column in columns}
    for row in body:
        cells = _cells(columns, row, seen)
        numbers = {role: cell for role, cell in cells.items() if isinstance(cell, Found)}
        starts = any(role in numbers for role in ("net", "gross", "unit_price")) and (
            "net" in numbers or "gross" in numbers or "quantity" in numbers or not roles & {"net", "gross"}
        )
        words = cells.get("description")
        words = words if isinstance(words, list) else []
        if starts:
            line = LineFound(row.sheet, [*pending, *words], {}, {}, row.y1)
            pending = []
            for role, cell in numbers.items():
                if isinstance(cell.value, Decimal):
                    line.fields[role or ""] = cell
            for role in ("line_id", "item_code", "unit"):
                tokens = cells.get(role)
                if isinstance(tokens, list) and tokens:
                    text = " ".join(token.text for token in tokens)
                    line.texts[role] = Found.at(text, tokens, row.sheet, 0.7)
            result.lines.append(line)
            result.rows.add(id(row))
        elif words and result.lines and result.lines[-1].sheet is row.sheet:
            last = result.lines[-1]
            if row.y0 - last.bottom < 1.4 * row.height and _only_words(cells):
                last.description.extend(words)
                last.bottom = row.y1
                result.rows.add(id(row))


def _only_words(cells: dict[str | None, object]) -> bool:
    return not any(isinstance(cell, Found) for role, cell in cells.items() if role in _MONEY)


def _cells(columns: Sequence[Column], row: Row, seen: Observations) -> dict[str | None, list[Token] | Found[Decimal]]:
    """Return the row's content by column role: numbers for numeric columns, words for the others."""
    buckets: dict[int, list[Token]] = {}
    for token in row.tokens:
        for position, column in enumerate(columns):
            if column.left <= token.center < column.right:
                buckets.setdefault(position, []).append(token)
                break
    cells: dict[str | None, list[Token] | Found[Decimal]] = {}
    for position, tokens in buckets.items():
        role = columns[position].role
        if role in _NUMERIC:
            number, used, rest = _number_in(tokens, seen.mark)
            if number is not None:
                cells[role] = Found.at(number.value, used, row.sheet, 0.8)
                if role == "quantity" and rest and "unit" not in cells:
                    cells["unit"] = rest
        else:
            cells[role] = tokens
    return cells


def _number_in(tokens: Sequence[Token], mark: str | None) -> tuple[Number | None, list[Token], list[Token]]:
    """Return the number that ``tokens`` hold, its tokens, and the words beside it (a unit)."""
    for count in range(len(tokens), 0, -1):
        for start in range(len(tokens) - count + 1):
            part = list(tokens[start : start + count])
            number = parse_number(" ".join(token.text for token in part), mark)
            if number is not None:
                rest = [token for token in tokens if token not in part]
                return number, part, rest
    return None, [], []
