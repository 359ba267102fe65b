"""Lines of a table without a head: rows that end in amounts and prove themselves by arithmetic."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import permutations

from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.observations import Amount, Observations
from invoiceflow_extract.local.page_text import Row, Token

__all__ = ["BareLine", "bare_rows", "find_bare_lines"]

_TOLERANCE = Decimal("0.02")
_MOST_NUMBERS = 7
_EDGE = 1.5  # line heights by which amounts of one column may differ on the right
_MOST_ROWS = 400

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
    return []


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
    if not amounts or not amounts[-1].number.money_like or amounts[-1].tokens[-1] is not row.tokens[-1]:
        return False
    if any(label.opens for label in seen.totals_of(row)):
        return False
    if any(label.leads and label.has_colon for label in seen.fields_of(row)):
        return False
    return bool(_description(row, amounts))


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
