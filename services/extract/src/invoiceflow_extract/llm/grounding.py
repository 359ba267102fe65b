"""Whether a value stands in the lines that it is said to stand in, and where exactly.

Text must be there word for word (case, accents, punctuation and spaces aside), whole words only, in the order given. An
amount must be one of the readings of a whole printed number, a date one of the readings of a printed date, a currency or a
country what a printed code, sign or name means. What has no such place is ungrounded, however plausible it is.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from invoiceflow_contracts.layout import Box
from invoiceflow_extract.llm.excerpt import Excerpt
from invoiceflow_extract.llm.schema import kind_of
from invoiceflow_extract.local.addresses import country_code
from invoiceflow_extract.local.currencies import currencies_meant
from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.observations import Observations
from invoiceflow_extract.local.page_text import Row, Segment, Token, box_of

__all__ = ["Place", "Value", "find", "typed"]

Value = str | date | Decimal

_DECIMAL = re.compile(r"-?\d{1,18}(?:\.\d{1,8})?")
_WORD = re.compile(r"[^\W_]+")
_LONGEST_TEXT = 1000
_POSITIVE = {"allowances", "discount", "prepaid"}
"""Amounts that are positive in the invoice and often printed with a minus."""
_SEVERAL_PARTS = {"street", "description", "payment_terms", "exemption_reason"}
"""Texts that may go over several lines or stand in parts."""
_COMPACT = {"vat_id", "iban", "bic"}
"""Written without what is between their characters."""


@dataclass(frozen=True)
class Place:
    """Where a value is printed."""

    text: str
    page: int
    box: Box
    legible: float
    """The least confidence of its characters' recognition."""
    tokens: frozenset[int]
    """What it is printed with, by ``id``: two values of one kind cannot stand in the same place."""


def typed(pointer: str, said: str) -> Value | None:
    """Return what a model wrote as a value of the field's type, None where it is no such value."""
    said = said.strip()
    kind = kind_of(pointer)
    if not said or len(said) > _LONGEST_TEXT:
        return None
    if kind is date:
        return _date(said)
    if kind is Decimal:
        return Decimal(said) if _DECIMAL.fullmatch(said) else None
    if _name(pointer) in _COMPACT:
        return re.sub(r"[^0-9A-Za-z]", "", said).upper() or None
    return said if any(character.isalnum() for character in said) else None


def _date(said: str) -> date | None:
    try:
        return date.fromisoformat(said) if len(said) == len("2024-03-01") else None
    except ValueError:
        return None


def find(pointer: str, value: Value, named: Sequence[str], shown: Excerpt, seen: Observations) -> Iterator[Place]:
    """Yield the places in the named lines where ``value`` is printed, in reading order; none where it is not.

    Args:
        pointer: of the value in the invoice.
        value: as ``typed`` returned it.
        named: ids of the lines that the model named. Lines that it was not shown do not count.
        shown: what it was shown.
        seen: the amounts and dates of all rows.
    """
    rows = [shown.rows[name] for name in dict.fromkeys(named) if name in shown.rows]
    name = _name(pointer)
    if isinstance(value, Decimal):
        yield from _amounts(value, rows, seen, either_sign=name in _POSITIVE)
    elif isinstance(value, date):
        yield from _dates(value, rows, seen)
    elif name == "currency":
        yield from _meaning(rows, lambda text: value in currencies_meant(text), longest=1)
    elif name == "country":
        yield from _meaning(rows, lambda text: value == country_code(text), longest=4)
        # A bare code ends an address; elsewhere IT and NO are words.
        for row in rows:
            for segment in row.segments:
                if segment.tokens[-1].text.strip("()-,.") == value:
                    yield _place(segment.tokens[-1:], row)
    else:
        yield from _texts(value, rows, parts=len(rows) if name in _SEVERAL_PARTS else 1)


def _name(pointer: str) -> str:
    return pointer.rpartition("/")[2]


def _amounts(value: Decimal, rows: Sequence[Row], seen: Observations, *, either_sign: bool) -> Iterator[Place]:
    for row in rows:
        for amount in seen.amounts_of(row):
            readings = amount.number.values
            if value in readings or (either_sign and -value in readings):
                yield _place(amount.tokens, row)


def _dates(value: date, rows: Sequence[Row], seen: Observations) -> Iterator[Place]:
    for row in rows:
        for found in seen.dates_of(row):
            if value in found.printed.values:
                yield _place(found.tokens, row)


def _meaning(rows: Sequence[Row], means: Callable[[str], bool], *, longest: int) -> Iterator[Place]:
    """Yield runs of at most ``longest`` words that mean the value."""
    for row in rows:
        for segment in row.segments:
            for start in range(len(segment.tokens)):
                for end in range(start + 1, min(len(segment.tokens), start + longest) + 1):
                    tokens = segment.tokens[start:end]
                    if means(" ".join(token.text for token in tokens)):
                        yield _place(tokens, row)


def _texts(value: str, rows: Sequence[Row], *, parts: int) -> Iterator[Place]:
    """Yield each place where ``value`` stands in one run of words; else that where it stands in ``parts`` runs at most."""
    wanted = _folded(value)
    if not wanted:
        return
    runs = [(row, units) for row in rows for segment in row.segments if (units := _units(segment))]
    whole = False
    for row, units in runs:
        for start in range(len(units)):
            end = _match(units, start, wanted)
            if end is not None:
                whole = True
                yield _place([token for _, token in units[start:end]], row)
    if whole or parts < 2:
        return
    taken: list[tuple[Row, list[Token]]] = []
    rest = wanted
    for row, units in runs:
        if len(taken) == parts or not rest:
            break
        longest = max(((_run(units, start, rest), start) for start in range(len(units))), key=lambda found: found[0][0])
        (length, end), start = longest
        if length:
            taken.append((row, [token for _, token in units[start:end]]))
            rest = rest[length:]
    if not rest and taken:
        tokens = [token for _, part in taken for token in part]
        pages = {row.sheet.number for row, _ in taken}
        first = [token for row, part in taken if row.sheet is taken[0][0].sheet for token in part]
        place = _place(tokens if len(pages) == 1 else first, taken[0][0])
        yield Place(
            " ".join(token.text for token in dict.fromkeys(tokens)), place.page, place.box, place.legible, place.tokens
        )


def _units(segment: Segment) -> list[tuple[str, Token]]:
    """Return the folded words of a run with the token of each: ``RE-2024/7`` has three."""
    return [
        (folded, token) for token in segment.tokens for word in _WORD.findall(token.text) if (folded := _folded(word))
    ]


def _folded(text: str) -> str:
    return "".join(filter(None, (fold(word) for word in _WORD.findall(text))))


def _match(units: Sequence[tuple[str, Token]], start: int, wanted: str) -> int | None:
    """Return where the units from ``start`` end that together are ``wanted``."""
    length, end = _run(units, start, wanted)
    return end if length == len(wanted) else None


def _run(units: Sequence[tuple[str, Token]], start: int, wanted: str) -> tuple[int, int]:
    """Return how many characters of ``wanted`` the units from ``start`` are, and where they end."""
    length, end = 0, start
    while end < len(units) and length < len(wanted) and wanted.startswith(units[end][0], length):
        length += len(units[end][0])
        end += 1
    return length, end


def _place(tokens: Sequence[Token], row: Row) -> Place:
    distinct = list(dict.fromkeys(tokens))
    return Place(
        text=" ".join(token.text for token in distinct),
        page=row.sheet.number,
        box=box_of(distinct),
        legible=min(token.confidence for token in distinct),
        tokens=frozenset(map(id, distinct)),
    )
