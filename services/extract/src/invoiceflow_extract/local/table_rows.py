"""What the rows of a table are to each other: whose words stand above a line, and where totals begin."""

import itertools
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
    last; and they are nearer to the line below, or are codes.
    """
    if not _LED.fullmatch("".join("L" if begins else "w" for _, begins in rows)):
        return False
    up = down = height = 0.0
    codes = True
    for (before, begins), (after, follows) in itertools.pairwise(rows):
        gap = after.y0 - before.y1
        height = max(height, after.height)
        if begins and not follows:
            up += gap
        elif follows and not begins:
            down += gap
            codes = codes and len(before.tokens) <= _CODE_WORDS and any(c.isdigit() for c in before.text)
    lines = sum(begins for _, begins in rows)
    return codes or up / (lines - 1) - down / lines > _NEARER * height


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
