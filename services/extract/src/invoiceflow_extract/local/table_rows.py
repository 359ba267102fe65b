"""What the rows of a table are to each other: whose words stand above a line, and where totals begin."""

import re
from collections.abc import Sequence

from invoiceflow_extract.local.observations import Observations
from invoiceflow_extract.local.page_text import Row

__all__ = ["heads_totals", "lead_their_lines"]

_LED = re.compile(r"(w+)L(?:\1L)+")
_NEARER = 0.02  # line heights
_CODE_WORDS = 2


def lead_their_lines(rows: Sequence[tuple[Row, bool]]) -> bool:
    """Return whether the words between the lines belong to the line under them, as an article's number above its name.

    ``rows`` says for each row whether it begins a line. As many words must stand above each line and none under the
    last; and each is nearer to the line below, or all are codes.
    """
    if not _LED.fullmatch("".join("L" if begins else "w" for _, begins in rows)):
        return False
    words = [(position, row) for position, (row, begins) in enumerate(rows) if not begins]
    if all(len(row.tokens) <= _CODE_WORDS and any(c.isdigit() for c in row.text) for _, row in words):
        return True
    for position, row in words:
        if position and rows[position - 1][1]:
            after = next(other for other, begins in rows[position:] if begins)
            if (
                row.y0 - rows[position - 1][0].y1 - (after.y0 - rows[_last(rows, position)][0].y1)
                <= _NEARER * row.height
            ):
                return False
    return True


def _last(rows: Sequence[tuple[Row, bool]], start: int) -> int:
    """Return the index of the last row of words in the run that begins at ``start``."""
    return next(index for index in range(start, len(rows)) if rows[index + 1][1])


def heads_totals(row: Row, seen: Observations) -> bool:
    """Return whether ``row`` is the heading of totals that stand in the next one: *Net*, *VAT*, *Total* side by side."""
    if any(amount.number.money_like for amount in seen.amounts_of(row)) or len(row.segments) < 2:
        return False
    opened = {id(label.segment) for label in seen.totals_of(row) if label.opens and label.leads}
    below = next(iter(row.sheet.below(row, 1)), None)
    return (
        all(id(segment) in opened for segment in row.segments)
        and below is not None
        and sum(amount.number.money_like for amount in seen.amounts_of(below)) >= len(row.segments) - 1
    )
