"""A row of a table as a line: its numbers, its texts, and what its own arithmetic says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from invoiceflow_extract.local.amounts import Number, parse_number
from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.misread import repair
from invoiceflow_extract.local.observations import Observations
from invoiceflow_extract.local.page_text import Row, Sheet, Token
from invoiceflow_extract.local.table_head import Column

__all__ = ["LineFound", "describe", "read_line"]

_COUNTED = re.compile(r"^x?(\d[\d.,]{0,12}?)[.,]?\s?(?:[^\W\d_]{1,12}(?:\(\w{1,3}\))?|×)\.?$")
_NUMERIC = frozenset(["quantity", "unit_price", "discount", "net", "tax_rate", "tax_amount", "gross", "basis"])
_MOST_COUNTED = 1000
_TOLERANCE = Decimal("0.02")
_PROVABLE = frozenset(["quantity", "unit_price", "net"])


@dataclass(slots=True, eq=False)
class LineFound:
    """A line as read: numbers, texts, and its description row by row."""

    sheet: Sheet
    description: list[list[Token]] = field(default_factory=list)
    fields: dict[str, Found[Decimal]] = field(default_factory=dict)
    texts: dict[str, Found[str]] = field(default_factory=dict)
    misread: dict[str, list[Token]] = field(default_factory=dict)
    """Cells of a scanned page that are no number as recognised."""
    parted: list[Token] = field(default_factory=list)
    """The cell of the line's sum where recognition put a space into what may be one number."""
    bottom: float = 0.0
    right: float = 0.0
    """Where the column of the descriptions ends."""
    has_quantity_column: bool = False

    def value(self, name: str) -> Decimal | None:
        found = self.fields.get(name)
        return None if found is None else found.value

    @property
    def amount(self) -> Found[Decimal] | None:
        """The line's sum: net where the table has it, else with tax."""
        return self.fields.get("net") or self.fields.get("gross")

    @property
    def discount(self) -> Found[Decimal] | None:
        """What the line's discount comes to, where the amount proves how it is meant: as per cent or as money."""
        quantity, price, amount = self.value("quantity"), self.value("unit_price"), self.amount
        printed = self.fields.get("discount")
        if printed is None or not printed.value or price is None or amount is None:
            return None
        full = price * (Decimal(1) if quantity is None else quantity)
        less = abs(printed.value)
        for value in (less, full * less / 100):
            if abs(full - value - amount.value) <= _TOLERANCE:
                return replace(printed, value=full - amount.value)
        return None

    @property
    def counted(self) -> Decimal | None:
        """The whole quantity that amount and price give, where recognition missed the digit in the column."""
        price, amount = self.value("unit_price"), self.amount
        if not self.sheet.recognised or not self.has_quantity_column or not price or amount is None:
            return None
        quantity = amount.value / price
        whole = quantity.to_integral_value()
        return whole if quantity == whole and 0 < whole < _MOST_COUNTED else None

    @property
    def closes(self) -> bool:
        """Whether quantity times price, less the discount, is the line's amount."""
        quantity, price, amount = self.value("quantity"), self.value("unit_price"), self.amount
        if price is None or amount is None:
            return False
        full = price * (Decimal(1) if quantity is None else quantity)
        discount = self.value("discount") or Decimal(0)
        options = {full, full - discount, full * (100 - abs(discount)) / 100}
        return any(abs(option - amount.value) <= _TOLERANCE for option in options)


def read_line(columns: Sequence[Column], row: Row, seen: Observations) -> LineFound:
    """Return what ``row`` says column by column."""
    line = LineFound(row.sheet, has_quantity_column=any(column.role == "quantity" for column in columns))
    buckets: dict[int, list[Token]] = {}
    for token in row.tokens:
        for position, column in enumerate(columns):
            if column.left <= token.center < column.right:
                buckets.setdefault(position, []).append(token)
                break
    for position, tokens in buckets.items():
        column = columns[position]
        if column.role in _NUMERIC:
            _put_number(line, column.role, tokens, row, seen.mark)
        elif column.role == "description":
            line.description, line.right = [tokens], column.right
        elif column.role not in {None, "date"}:
            line.texts[column.role or ""] = _text(tokens, row)
    repair(line.fields, line.misread, row.sheet, seen.mark)
    return line


def _put_number(line: LineFound, role: str, tokens: Sequence[Token], row: Row, mark: str | None) -> None:
    """Set the number of a cell, and the unit where one stands with the quantity."""
    number, used, rest = _number_in(tokens, mark)
    if number is None and row.sheet.recognised and role in _PROVABLE:
        line.misread[role] = list(tokens)
    if number is None and role == "quantity":
        number, used = _counted(tokens, mark), list(tokens[:1])
    if number is None:
        return
    line.fields[role] = Found.at(number.value, used, row.sheet, 0.8)
    if row.sheet.recognised and role == "net" and rest and all(token.text[0].isdigit() for token in tokens):
        line.parted = list(tokens)
    if role == "quantity" and any(token.key.isalpha() for token in rest):
        line.texts.setdefault("unit", _text(rest, row))


def _counted(tokens: Sequence[Token], mark: str | None) -> Number | None:
    """Return the number that a unit is glued to, as in ``10h``, ``2x`` or ``3pcs``."""
    match = _COUNTED.match(tokens[0].text) if tokens else None
    return None if match is None else parse_number(match.group(1), mark)


def _text(tokens: Sequence[Token], row: Row) -> Found[str]:
    return Found.at(" ".join(token.text for token in tokens), tokens, row.sheet, 0.7)


def _number_in(tokens: Sequence[Token], mark: str | None) -> tuple[Number | None, list[Token], list[Token]]:
    """Return the number that ``tokens`` hold, its tokens, and the words beside it (a unit)."""
    tokens = tokens[:12]
    for count in range(len(tokens), 0, -1):
        for start in range(len(tokens) - count, -1, -1):
            part = list(tokens[start : start + count])
            number = parse_number(" ".join(token.text for token in part), mark)
            if number is not None:
                rest = [token for token in tokens if token not in part]
                return number, part, rest
    return None, [], []


def describe(line: LineFound) -> Found[str] | None:
    """Return the description: wrapped rows joined by a space, a paragraph of its own after a line break.

    A row was wrapped if the first word of the next one would not have fitted behind it.
    """
    if not line.description:
        return None
    text = ""
    for position, tokens in enumerate(line.description):
        row = " ".join(token.text for token in tokens)
        if position:
            before = line.description[position - 1]
            fits = before[-1].x1 + tokens[0].x1 - tokens[0].x0 + tokens[0].height < line.right
            text += "\n" if fits else " "
        text += row
    return Found.at(text, [token for tokens in line.description for token in tokens], line.sheet, 0.75)
