"""The tax breakdown: a table of rates, bases and amounts, or lines such as ``VAT 20% on 100.00: 20.00``."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoiceflow_extract.local.lexicon import Lexicon
from invoiceflow_extract.local.observations import Amount, Observations
from invoiceflow_extract.local.page_text import Row

__all__ = ["TaxFound", "find_taxes", "total_of"]

_TOLERANCE = Decimal("0.025")
_HIGHEST_RATE = 50
_ROLES = frozenset(["tax_rate", "basis", "tax_amount", "gross", "net"])
_MOST_ROWS = 12


@dataclass(frozen=True, slots=True)
class TaxFound:
    """One rate with what is printed for it."""

    rate: Amount
    basis: Amount | None
    amount: Amount

    @property
    def closes(self) -> bool:
        """Whether basis times rate is the amount."""
        if self.basis is None:
            return False
        expected = abs(self.basis.number.value) * self.rate.number.value / 100
        return abs(expected - abs(self.amount.number.value)) <= _TOLERANCE


def find_taxes(seen: Observations, lexicon: Lexicon, line_rows: set[int]) -> list[TaxFound]:
    """Return the tax breakdown, one entry a rate."""
    tables: list[list[TaxFound]] = []
    loose: list[TaxFound] = []
    for sheet in seen.sheets:
        for row in sheet.rows:
            if id(row) in line_rows:
                continue
            if _is_tax_head(row, lexicon):
                tables.append(_table(row, seen, line_rows))
            found = _in_words(row, seen)
            if found is not None:
                loose.append(found)
    best = max(tables, key=len, default=[])
    by_rate: dict[Decimal, TaxFound] = {}
    for entry in loose:
        by_rate.setdefault(entry.rate.number.value, entry)
    named = list(by_rate.values())
    if best and all(entry.closes for entry in best) and not (len(named) > len(best) and all(e.closes for e in named)):
        return best
    return named


def _is_tax_head(row: Row, lexicon: Lexicon) -> bool:
    roles: set[str] = set()
    for segment in row.segments:
        start = 0
        while start < len(segment.tokens):
            match = lexicon.find(segment.tokens, lexicon.columns, start)
            if match is not None:
                roles |= match.meanings
                start = match.end
            else:
                start += 1
    return "tax_rate" in roles and bool(roles & {"basis", "tax_amount"})


def _table(head: Row, seen: Observations, line_rows: set[int]) -> list[TaxFound]:
    found: list[TaxFound] = []
    for row in head.sheet.below(head, _MOST_ROWS):
        if id(row) in line_rows:
            break
        entry = _entry(row, seen)
        if entry is None:
            if found and row.y0 - head.sheet.rows[row.index - 1].y1 > 2 * row.height:
                break
            continue
        found.append(entry)
    return found


def _entry(row: Row, seen: Observations) -> TaxFound | None:
    """Return the rate, basis and amount of ``row`` if three of its numbers are to each other as those are."""
    numbers = seen.amounts_of(row)[:8]
    rates = [a for a in numbers if a.number.percent and 0 <= a.number.value < _HIGHEST_RATE]
    rates = rates or [a for a in numbers if 0 < a.number.value < _HIGHEST_RATE]
    money = [a for a in numbers if not a.number.percent]
    for rate in rates:
        for basis in money:
            for amount in money:
                if (
                    rate is basis
                    or rate is amount
                    or basis is amount
                    or abs(amount.number.value) > abs(basis.number.value)
                ):
                    continue
                entry = TaxFound(rate, basis, amount)
                if entry.closes and (rate.number.value or amount.number.money_like):
                    return entry
    return None


def _in_words(row: Row, seen: Observations) -> TaxFound | None:
    """Return what a line such as ``19% VAT 108.87`` or ``Tax 15% on 112.90 16.94`` says."""
    labels = [label for label in seen.totals_of(row) if "tax" in label.meanings]
    numbers = seen.amounts_of(row)
    rates = [a for a in numbers if a.number.percent and 0 <= a.number.value < _HIGHEST_RATE]
    money = [a for a in numbers if not a.number.percent and a.number.money_like]
    if not labels or len(rates) != 1 or not money:
        return None
    amount = money[-1]
    for basis in money[:-1]:
        entry = TaxFound(rates[0], basis, amount)
        if entry.closes:
            return entry
    return TaxFound(rates[0], None, amount) if len(money) == 1 else None


def total_of(taxes: Sequence[TaxFound]) -> Decimal:
    """Return the sum of the amounts of ``taxes``."""
    return sum((entry.amount.number.value for entry in taxes), Decimal(0))
