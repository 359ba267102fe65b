"""Lines of a table without a head: rows that end in amounts and prove themselves by arithmetic."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby, pairwise, permutations

from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.observations import Amount, Label, Observations
from invoiceflow_extract.local.page_text import Row, Token
from invoiceflow_extract.local.table_head import Column, Head

__all__ = ["BareLine", "bare_rows", "find_bare_lines", "infer_head"]

_TOLERANCE = Decimal("0.02")
_MOST_NUMBERS = 7
_EDGE = 1.5  # line heights by which amounts of one column may differ on the right
_MOST_ROWS = 400
_FACTORS_AND_SUM = 3
_LONGEST_MARK = 2  # characters: the letter of a tax rate behind the amounts of a receipt
_ADJUSTING = frozenset(["charges", "allowances"])

BareLine = tuple[Row, list[Token], dict[str, Found[Decimal]]]
"""A row, its description and its numbers by field."""


def find_bare_lines(seen: Observations) -> list[BareLine]:
    """Return the rows above the totals that are lines.

    They must prove themselves: two of them as quantity times price, or all together as a total under them.
    """
    totals = [
        (row.sheet.number, row.y0, amount.number.value)
        for row in seen.rows
        if seen.totals_of(row)
        for amount in seen.amounts_of(row)
    ]
    for block in _blocks(seen):
        lines = [_read(row, seen) for row in block]
        sums = sum((fields["net"].value for _, _, fields in lines), Decimal(0))
        proved = sum("quantity" in fields for _, _, fields in lines)
        end = (block[-1].sheet.number, block[-1].y0)
        summed = any(value == sums and (page, top) > end for page, top, value in totals)
        if (summed and sums) or proved > 1:
            return lines
    return _named_above(seen)


def _named_above(seen: Observations) -> list[BareLine]:
    """Return the lines of a receipt that names the goods in one row and counts them in the next: ``2 x 5.00  10.00``."""
    lines: list[BareLine] = []
    for above, row in pairwise(seen.rows[:_MOST_ROWS]):
        amounts = seen.amounts_of(row)
        if len(amounts) != _FACTORS_AND_SUM or seen.amounts_of(above)[:1] == amounts or seen.totals_of(row):
            continue
        letters = sum(character.isalpha() for character in row.text)
        name = above.segments[0].tokens
        priced = any(amount.number.money_like for amount in seen.amounts_of(above))
        if letters > _FACTORS_AND_SUM or priced or not any(token.key.isalpha() for token in name):
            continue
        _, _, fields = _read(row, seen)
        if "quantity" in fields:
            lines.append((row, list(name), fields))
    return lines if len(lines) > 1 or (lines and _is_sum(lines, seen)) else []


def _is_sum(lines: Sequence[BareLine], seen: Observations) -> bool:
    total = sum((fields["net"].value for _, _, fields in lines), Decimal(0))
    return any(
        amount.number.value == total for row in seen.rows if seen.totals_of(row) for amount in seen.amounts_of(row)
    )


def infer_head(lines: Sequence[BareLine]) -> Head | None:
    """Return the columns that ``lines`` stand in, named by what their arithmetic says; ``None`` where they differ.

    With columns the rows between the lines can be read as well: wrapped descriptions, and lines that do not prove
    themselves.
    """
    if any(token not in row.tokens for row, tokens, _ in lines for token in tokens):
        return None
    columns = _projected(lines)
    described = _home(columns, [token for _, tokens, _ in lines for token in tokens])
    paid = _home(columns, [token for _, _, fields in lines for token in fields["net"].tokens])
    if described is None or paid is None or described is paid:
        return None
    described.role, paid.role = "description", "net"
    pairs = [
        (_home(columns, list(fields["quantity"].tokens)), _home(columns, list(fields["unit_price"].tokens)), fields)
        for _, _, fields in lines
        if "quantity" in fields
    ]
    known = [(one, other) for one, other, _ in pairs if one is not None and other is not None]
    if known:
        # A price has its cents in every line, a quantity in few; where both have, the price is next to the amount.
        one, other = max(known, key=lambda pair: sum({*pair} == {*each} for each in known))
        left, right = sorted((one, other), key=lambda column: column.x0)
        if left is not right and not {left, right} & {described, paid}:
            swapped = _cents(left, pairs) > _cents(right, pairs)
            quantity, price = (right, left) if swapped else (left, right)
            quantity.role, price.role = "quantity", "unit_price"
    return Head(columns)


def _projected(lines: Sequence[BareLine]) -> list[Column]:
    """Return a column for each run of places that a field or other words of any of ``lines`` stand over."""
    columns: list[Column] = []
    for piece in sorted((piece for line in lines for piece in _pieces(line)), key=lambda tokens: tokens[0].x0):
        if columns and piece[0].x0 < columns[-1].x1:
            columns[-1].x1 = max(columns[-1].x1, piece[-1].x1)
        else:
            columns.append(Column(None, piece[0].x0, piece[-1].x1))
    return columns


def _pieces(line: BareLine) -> Iterator[list[Token]]:
    """Yield the words of each field of ``line``, and what stands together beside them."""
    row, description, fields = line
    owner = {id(token): "description" for token in description}
    owner.update((id(token), name) for name, found in fields.items() for token in found.tokens)
    for segment in row.segments:
        for _, tokens in groupby(segment.tokens, key=lambda token: owner.get(id(token))):
            yield list(tokens)


def _home(columns: Sequence[Column], tokens: Sequence[Token]) -> Column | None:
    """Return the column that most of ``tokens`` stand in."""
    counts = [sum(column.x0 <= token.center <= column.x1 for token in tokens) for column in columns]
    best = max(range(len(columns)), key=lambda position: counts[position], default=None)
    return None if best is None or not counts[best] else columns[best]


def _cents(column: Column, pairs: Sequence[tuple[Column | None, Column | None, dict[str, Found[Decimal]]]]) -> int:
    """Return in how many lines the factor in ``column`` has two decimals."""
    return sum(
        found.value.as_tuple().exponent == -2
        for one, other, fields in pairs
        for home, found in ((one, fields["quantity"]), (other, fields["unit_price"]))
        if home is column
    )


def bare_rows(seen: Observations, known: set[int]) -> list[BareLine]:
    """Return what could be lines among the rows that are not ``known`` (by ``id``)."""
    rows = (row for row in seen.rows[:_MOST_ROWS] if id(row) not in known)
    return [_read(row, seen) for row in rows if _may_be_line(row, seen)]


def _blocks(seen: Observations) -> Iterator[list[Row]]:
    """Yield runs of rows whose last amounts stand under each other, longest first."""
    rows = [row for row in seen.rows[:_MOST_ROWS] if _may_be_line(row, seen)]
    runs: list[list[Row]] = []
    for row in rows:
        last = seen.amounts_of(row)[-1]
        run = runs[-1] if runs else None
        if run is not None:
            above = seen.amounts_of(run[-1])[-1]
            close = row.sheet is not run[-1].sheet or row.y0 - run[-1].y1 < 6 * row.height
            if abs(above.x1 - last.x1) < _EDGE * row.height and close:
                run.append(row)
                continue
        runs.append([row])
    return iter(sorted(runs, key=len, reverse=True)[:6])


def _may_be_line(row: Row, seen: Observations) -> bool:
    amounts = seen.amounts_of(row)
    if not amounts or not amounts[-1].number.money_like or not _ends(row, amounts[-1]):
        return False
    if any(label.opens and not _names_goods(label, amounts) for label in seen.totals_of(row)):
        return False
    if any(label.leads and label.has_colon for label in seen.fields_of(row)):
        return False
    return bool(_description(row, amounts))


def _ends(row: Row, amount: Amount) -> bool:
    """Whether nothing stands behind ``amount`` but the mark of a tax rate."""
    last = amount.tokens[-1]
    behind = [token for token in row.tokens if token.x0 > last.x0]
    return not behind or (len(behind) == 1 and behind[0].text.isalpha() and len(behind[0].text) <= _LONGEST_MARK)


def _names_goods(label: Label, amounts: Sequence[Amount]) -> bool:
    """Whether what could be a charge is sold here: packaging by the piece, with a quantity or a price of its own."""
    return label.meanings <= _ADJUSTING and len(amounts) > 2


def _description(row: Row, amounts: Sequence[Amount]) -> list[Token]:
    """Return the words of ``row``, with the numbers among them but not those before or behind."""
    numeric = {id(token) for amount in amounts for token in amount.tokens}
    words = [
        i for i, token in enumerate(row.tokens) if id(token) not in numeric and any(c.isalpha() for c in token.text)
    ]
    if not words or sum(len(row.tokens[i].key) for i in words) < 3:
        return []
    first, last = words[0], words[-1]
    tokens = row.tokens[first : last + 1]
    segment = next(s for s in row.segments if tokens[0] in s.tokens)
    return [token for token in tokens if token in segment.tokens]


def _read(row: Row, seen: Observations) -> BareLine:
    amounts = seen.amounts_of(row)[-_MOST_NUMBERS:]
    net = amounts[-1]
    fields = {"net": Found.at(net.number.value, net.tokens, row.sheet, 0.75)}
    for quantity, price in permutations([a for a in amounts[:-1] if not a.number.percent], 2):
        product = quantity.number.value * price.number.value
        if (
            product
            and abs(product - net.number.value) <= _TOLERANCE
            and (price.number.money_like or price.x0 > quantity.x0)
        ):
            fields["quantity"] = Found.at(quantity.number.value, quantity.tokens, row.sheet, 0.8)
            fields["unit_price"] = Found.at(price.number.value, price.tokens, row.sheet, 0.8)
            break
    used = {id(token) for found in fields.values() for token in found.tokens}
    description = [token for token in _description(row, amounts) if id(token) not in used]
    return row, description, fields
