"""Invoice lines from the geometry of their table.

A row with an amount begins a line; rows without one continue a description. Subtotals and amounts carried
forward are passed over, heads repeated on later pages continue the table, and so does a later page without one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.lexicon import Lexicon
from invoiceflow_extract.local.misread import joined
from invoiceflow_extract.local.observations import Observations
from invoiceflow_extract.local.page_text import Row, Sheet, Token
from invoiceflow_extract.local.table_bare import BareLine, bare_rows, find_bare_lines, infer_head
from invoiceflow_extract.local.table_head import Column, Head, find_head, settle_columns
from invoiceflow_extract.local.table_line import LineFound, read_line
from invoiceflow_extract.local.table_roles import reconsider
from invoiceflow_extract.local.table_rows import heads_totals, lead_their_lines

__all__ = ["Lines", "find_lines"]

_MONEY = frozenset(["unit_price", "net", "gross", "tax_amount"])
_SUMS = ("net", "gross")
_MOST_LINES = 2000
_WRAP_GAP = 1.5  # line heights between a line and the continuation of its description
_BREAK = 9.0  # line heights of white space that end a table
_NEXT_ROWS = 6
_SENTENCE = 5  # words
_CODE = 4  # letters and digits
_PARTIAL = frozenset(["subtotal", "carried"])
_ADJUSTING = frozenset(["charges", "allowances"])
_WEAK = frozenset(["charges", "allowances", "carried", "prepaid", "rounding", "previous", "tax"])


@dataclass(slots=True)
class Lines:
    """The lines of an invoice, and the rows that belong to its table (by ``id``)."""

    lines: list[LineFound] = field(default_factory=list)
    rows: set[int] = field(default_factory=set)
    head_rows: set[int] = field(default_factory=set)
    tokens: set[int] = field(default_factory=set)
    """The words inside the table (by ``id``): beside its rows others may stand."""

    def add_row(self, row: Row, columns: Sequence[Column] = ()) -> None:
        """Note that ``row`` is the table's, between the first and the last of ``columns``."""
        self.rows.add(id(row))
        left, right = (columns[0].left, columns[-1].right) if columns else (float("-inf"), float("inf"))
        self.tokens.update(id(token) for token in row.tokens if left <= token.center < right)


def find_lines(seen: Observations, lexicon: Lexicon) -> Lines:
    """Return the invoice lines of all pages."""
    result = Lines()
    totals = _totals(seen)
    head: Head | None = None
    finished = False
    for sheet in seen.sheets:
        heads = _heads(sheet, seen, lexicon)
        fitting = [found for found in heads if head is None or not finished or found.roles == head.roles]
        if fitting:
            for found in fitting:
                if head is not None and found.roles != head.roles and (finished or _sum(result.lines) in totals):
                    continue  # what its own table adds up to does not need another one
                before = len(result.lines)
                start = max(row.index for row in found.rows) + 1
                stop = min(
                    (r.index for other in heads for r in other.rows if r.index >= start), default=len(sheet.rows)
                )
                ended = _read_body(found, sheet.rows[start:stop], seen, result)
                if len(result.lines) > before:
                    head, finished = found, ended
                    result.head_rows.update(id(row) for row in found.rows)
                    for row in found.rows:
                        inside = [t for t in row.tokens if found.columns[0].left <= t.center < found.columns[-1].right]
                        result.tokens.update(map(id, inside))
        elif head is not None and not finished:
            finished = _read_body(head, sheet.rows, seen, result)
        if len(result.lines) > _MOST_LINES:
            break
    _drop_strays(result)
    _complete(seen, result)
    return result


def _totals(seen: Observations) -> set[Decimal]:
    """Return the amounts of all rows that name a total."""
    return {amount.number.value for row in seen.rows if seen.totals_of(row) for amount in seen.amounts_of(row)}


def _adjusts(row: Row, seen: Observations) -> bool:
    """Whether ``row`` is called a discount or a charge: behind the lines it is one of the document."""
    return any(label.opens and label.meanings <= _ADJUSTING for label in seen.totals_of(row))


def _is_subtotal(value: Decimal, seen: Observations) -> bool:
    """Whether ``value`` is nowhere called more than a subtotal: the lines may go on after it."""
    return not any(
        amount.number.value == value and any(not label.meanings <= _PARTIAL for label in seen.totals_of(row))
        for row in seen.rows
        for amount in seen.amounts_of(row)
    )


def _sum(lines: Sequence[LineFound]) -> Decimal:
    return sum((line.amount.value for line in lines if line.amount is not None), Decimal(0))


def _complete(seen: Observations, result: Lines) -> None:
    """Add or drop lines where only that makes their sum one of the totals."""
    totals = _totals(seen)
    if not result.lines:
        found = find_bare_lines(seen)
        if not _read_inferred(found, seen, result, totals):
            _add(found, result)
        return
    _join_parted(result.lines, totals)
    amounts = [line.amount.value for line in result.lines if line.amount is not None]
    if not amounts or (sum(amounts, Decimal(0)) in totals and not _is_subtotal(sum(amounts, Decimal(0)), seen)):
        return
    more = [line for line in bare_rows(seen, result.rows | result.head_rows) if not _adjusts(line[0], seen)]
    further = sum((fields["net"].value for _, _, fields in more), Decimal(0))
    if further and sum(amounts, further) in totals:
        _add(more, result)
        return
    if sum(amounts, Decimal(0)) in totals:
        return
    doubtful = [line for line in result.lines if line.amount is not None and not line.closes]
    for line in doubtful:
        if line.amount is not None and len(amounts) > 1 and sum(amounts, Decimal(0)) - line.amount.value in totals:
            result.lines.remove(line)
            return


def _join_parted(lines: Sequence[LineFound], totals: set[Decimal]) -> None:
    """Join the amounts that recognition parted, where only so the lines add up to one of ``totals``."""
    mended = [(line, joined(line.parted, line.sheet)) for line in lines if line.parted]
    if not mended or _sum(lines) in totals:
        return
    change = sum((found.value - line.fields["net"].value for line, found in mended if found is not None), Decimal(0))
    if _sum(lines) + change in totals:
        for line, found in mended:
            if found is not None:
                line.fields["net"] = found


def _read_inferred(found: Sequence[BareLine], seen: Observations, result: Lines, totals: set[Decimal]) -> bool:
    """Read the table of ``found`` by the columns its lines stand in; whether that gives no less than they do."""
    head = infer_head(found) if found else None
    if head is None:
        return False
    read = Lines()
    first = found[0][0]
    for sheet in seen.sheets:
        if sheet.number < first.sheet.number:
            continue
        rows = sheet.rows[first.index :] if sheet is first.sheet else sheet.rows
        if _read_body(head, rows, seen, read):
            break
    read.lines = [line for line in read.lines if line.description or line.closes]
    amounts = [line.amount.value for line in read.lines if line.amount is not None]
    before = [fields["net"].value for _, _, fields in found]
    if len(amounts) < len(before) or (sum(before) in totals and sum(amounts) not in totals):
        return False
    result.lines, result.rows, result.tokens = read.lines, read.rows, read.tokens
    return True


def _add(found: Sequence[BareLine], result: Lines) -> None:
    for row, description, fields in found:
        result.lines.append(LineFound(row.sheet, [description] if description else [], fields, bottom=row.y1))
        result.add_row(row)
    result.lines.sort(key=lambda line: (line.sheet.number, line.bottom))


def _drop_strays(result: Lines) -> None:
    """Drop lines whose amount is a bare whole number among amounts with decimals: page numbers and the like."""
    places = [-int(line.amount.value.as_tuple().exponent) for line in result.lines if line.amount is not None]
    if 2 * places.count(2) > len(places):
        result.lines = [
            line
            for line in result.lines
            if line.closes or line.amount is None or line.amount.value.as_tuple().exponent != 0
        ]


def _heads(sheet: Sheet, seen: Observations, lexicon: Lexicon) -> list[Head]:
    heads: list[Head] = []
    used: set[int] = set()
    for row in sheet.rows:
        if id(row) in used:
            continue
        head = find_head(row, seen, lexicon)
        if head is not None:
            following = sheet.rows[row.index + 1 : row.index + 2]
            better = find_head(following[0], seen, lexicon) if following and following[0] in head.rows else None
            if better is not None and len(set(better.roles)) > len(set(head.roles)):
                head = better
            if heads and not {id(r) for r in heads[-1].rows}.isdisjoint(id(r) for r in head.rows):
                # One head read from two of its rows: the reading that names more columns is it.
                if len(set(head.roles)) <= len(set(heads[-1].roles)):
                    continue
                heads.pop()
            heads.append(head)
            used.update(id(member) for member in head.rows)
    return heads


def _read_body(head: Head, rows: Sequence[Row], seen: Observations, result: Lines) -> bool:
    """Add the lines in ``rows``; return whether the table's end (a total) was seen."""
    body, ended = _body(head, rows, seen)
    if not body:
        return ended
    settle_columns(head.columns, body, seen)
    body = [row for row in body if not _is_sentence(row, head.columns)]
    reconsider(head.columns, body, seen.mark)
    read = [(row, read_line(head.columns, row, seen)) for row in body]
    above = lead_their_lines([(row, _starts_line(line, head)) for row, line in read])
    waiting: list[list[Token]] = []
    last: LineFound | None = None
    previous: Row | None = None
    for row, line in read:
        near = previous is not None and row.y0 - previous.y1 < _WRAP_GAP * max(row.height, 5.0)
        previous = row
        if not _starts_line(line, head):
            if line.description and _MONEY.isdisjoint(line.fields):
                waiting = [*(waiting if near else []), line.description[0]]
                if last is not None and near:
                    result.add_row(row, head.columns)
            continue
        if near:
            _lead(line, waiting, whole=last is None or above)
        waiting = _without_title(waiting, line)
        _continue(last, waiting)
        waiting = []
        last = line if line.description or line.closes or "item_code" in line.texts else None
        if last is not None:
            line.bottom = row.y1
            result.lines.append(line)
            result.add_row(row, head.columns)
    _continue(last, waiting)
    return ended


def _without_title(rows: list[list[Token]], line: LineFound) -> list[list[Token]]:
    """Return ``rows`` without the title of a section right above ``line``: in capitals, as no description is."""
    if not rows or not line.description:
        return rows
    title, own = (" ".join(t.text for t in tokens) for tokens in (rows[-1], line.description[0]))
    capitals = title.isupper() and not own.isupper() and not any(character.isdigit() for character in title)
    return rows[:-1] if capitals and len(fold(title)) > _CODE else rows


def _is_sentence(row: Row, columns: Sequence[Column]) -> bool:
    """Whether ``row`` is a sentence that runs across the columns: a number in it is in none of them."""
    for segment in row.segments:
        words = [token.key.isalpha() for token in segment.tokens]
        covers = any(segment.x0 < column.left and segment.x1 > column.right for column in columns)
        if covers and words[-1] and sum(words) >= _SENTENCE:
            return True
    return False


def _starts_line(line: LineFound, head: Head) -> bool:
    """Whether a row has an amount, or quantity and price in a table without amounts."""
    if line.amount is not None:
        return True
    return not {"net", "gross"} & set(head.roles) and {"unit_price", "quantity"} <= set(line.fields)


def _lead(line: LineFound, waiting: list[list[Token]], *, whole: bool) -> None:
    """Give ``line`` the words above it that are its own: the ``whole`` of them, or one row if it has none."""
    if waiting and not line.description:
        line.description = [waiting.pop()]
    elif waiting and whole:
        line.description = [*_without_title(waiting, line), *line.description]
        waiting.clear()


def _continue(line: LineFound | None, rows: list[list[Token]]) -> None:
    """Add the rows right under ``line`` to its description."""
    if line is None:
        return
    for tokens in rows:
        top, height = tokens[0].y0, tokens[0].height
        if top - line.bottom > _WRAP_GAP * max(height, 5.0) or len(line.description) > 8:
            return
        line.description.append(tokens)
        line.bottom = max(token.y1 for token in tokens)


def _body(head: Head, rows: Sequence[Row], seen: Observations) -> tuple[list[Row], bool]:
    """Return the rows of the table, without subtotals, and whether its end was seen."""
    body: list[Row] = []
    previous: Row | None = None
    for position, row in enumerate(rows):
        if previous is not None and row.y0 - previous.y1 > _BREAK * max(row.height, 6.0):
            return body, bool(body)
        previous = row
        if body and heads_totals(row, seen):
            return body, True
        total = _total_label(row, seen)
        if total is None or (total <= _ADJUSTING and _is_among_lines(row, rows[position + 1 :], seen)):
            body.append(row)
        elif "carried" in total or _more_lines(head, rows[position + 1 :], seen):
            continue
        else:
            return body, True
    return body, False


def _is_among_lines(row: Row, following: Sequence[Row], seen: Observations) -> bool:
    """Whether rows laid out like ``row`` follow: then what could be a charge or a discount is goods."""
    starts = [segment.x0 for segment in row.segments]
    right = row.segments[-1].x1
    for other in following[:_NEXT_ROWS]:
        if seen.totals_of(other) or len(other.segments) != len(starts):
            continue
        alike = all(abs(segment.x0 - x0) < row.height for segment, x0 in zip(other.segments[:-1], starts, strict=False))
        if alike and abs(other.segments[-1].x1 - right) < row.height and seen.amounts_of(other):
            return True
    return False


def _total_label(row: Row, seen: Observations) -> frozenset[str] | None:
    """Return what total ``row`` states: a total's label in front, amounts behind it and little else."""
    labels = [label for label in seen.totals_of(row) if label.opens]
    amounts = [amount for amount in seen.amounts_of(row) if not amount.number.percent]
    if not labels or not amounts:
        return None
    label = labels[0]
    behind = [amount for amount in amounts if amount.x0 >= label.x1 - 1]
    if not behind or (len(behind) < len(amounts) and label.leads):
        return None
    if label.meanings <= _WEAK and len(behind) > 1:
        return None
    if label.meanings <= _ADJUSTING and label.segment is row.segments[0] and label.x0 < row.sheet.width / 3:
        return None
    used = {id(token) for amount in seen.amounts_of(row) for token in amount.tokens}
    used |= {id(token) for other in seen.totals_of(row) for token in other.tokens}
    words = [token for token in row.tokens if id(token) not in used and len(token.key) > 3 and token.key.isalpha()]
    return label.meanings if len(words) <= 2 else None


def _more_lines(head: Head, rows: Sequence[Row], seen: Observations) -> bool:
    """Whether lines that prove themselves follow: then a total in between was only a subtotal."""
    following = [row for row in rows[:40] if _total_label(row, seen) is None]
    if not following or not {"quantity", "unit_price"} <= set(head.roles):
        return False
    if all(column.right == 0.0 for column in head.columns):
        settle_columns(head.columns, following, seen)
    lines = (read_line(head.columns, row, seen) for row in following)
    return any(
        bool(line.description) and line.closes and bool(line.value("quantity")) and bool(line.value("unit_price"))
        for line in lines
    )
