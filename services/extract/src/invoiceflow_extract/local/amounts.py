"""Numbers as invoices print them, read without guessing their locale too early.

``1.234`` may be a thousand or a bit more than one: both readings are kept, the likelier first,
and the rest of the document (its unambiguous numbers, its sums) decides.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Number", "parse_number", "prevailing_mark"]

_SPACES = " \u00a0\u202f\u2009"
_SIGN = "-\u2212\u2013\u2010\u2011\u2012"
_CORE = re.compile(r"[0-9][0-9.,'’`´ \u00a0\u202f\u2009]{0,30}")
_APOSTROPHES = str.maketrans(dict.fromkeys("’`´", "'"))
_CODES = (
    "EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|ISK|RSD|TRY|UAH|RUB|CNY|JPY|KRW|INR|IDR|MYR|SGD|THB|VND|PHP|AUD|NZD|ZAR|"
    "NGN|KES|EGP|MAD|ILS|AED|SAR|QAR|KWD|MXN|BRL|ARS|CLP|COP|PEN|HKD|TWD|PKR|CAD"
)
_CURRENCY = rf"(?:{_CODES}|US\$|CA\$|C\$|A\$|R\$|[$€£¥₹₽₺₪฿₩]|K[cč]|z[lł]|kr\.?|Fr\.?|Ft|lei|Rs\.?|euros?|Euro|EURO|e)"
_PRINTED = re.compile(
    rf"^(?P<open>\()?\s*(?P<sign1>[{_SIGN}+])?\s*(?P<cur1>{_CURRENCY})?\s*(?P<sign2>[{_SIGN}+])?\s*"
    rf"(?P<core>[0-9](?:[0-9.,'’`´{_SPACES}]{{0,30}}[0-9])?|[.,][0-9]{{1,4}})(?P<dash>[.,]\s?[{_SIGN}—]{{1,2}})?"
    rf"\s*(?P<sign3>[{_SIGN}])?\s*(?P<cur2>{_CURRENCY})?\s*(?P<sign4>[{_SIGN}])?\s*(?P<close>\))?\s*(?P<percent>%)?"
    r"\s*(?P<credit>CR|Cr)?\*{0,3}[.;:]?$"
)
_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Number:
    """A printed number: its possible values (likeliest first) and what stands beside it."""

    values: tuple[Decimal, ...]
    text: str
    currency: str | None = None
    percent: bool = False
    mark: str | None = None
    """The decimal mark where it is certain, ``.`` or ``,``."""
    places: int = 0
    """Decimal places of the likeliest value."""

    @property
    def value(self) -> Decimal:
        return self.values[0]

    @property
    def money_like(self) -> bool:
        """Whether it looks like an amount: two decimals or a currency, and no per cent sign."""
        return not self.percent and (self.places == _DECIMALS or self.currency is not None)


def parse_number(text: str, mark: str | None = None) -> Number | None:
    """Read ``text`` as one number with sign, currency and per cent sign; ``None`` where it is not one.

    ``mark`` is the document's decimal mark, where known; it orders the readings of an ambiguous number.
    """
    if len(text) > 48:
        return None
    match = _PRINTED.match(text.strip())
    if match is None:
        return None
    core = match["core"].translate(_APOSTROPHES)
    readings = _readings(core, mark)
    if not readings:
        return None
    signs = [match[name] for name in ("sign1", "sign2", "sign3", "sign4") if match[name]]
    if len(signs) > 1:
        return None
    negative = (bool(signs) and signs[0] != "+") or bool(match["open"] and match["close"]) or bool(match["credit"])
    values = tuple(dict.fromkeys(-value if negative else value for value, _ in readings))
    certain = {used for _, used in readings}
    return Number(
        values=values,
        text=text,
        currency=match["cur1"] or match["cur2"],
        percent=bool(match["percent"]),
        mark=certain.pop() if len(certain) == 1 else None,
        places=max(0, -int(values[0].as_tuple().exponent)),
    )


def prevailing_mark(numbers: Iterable[Number]) -> str | None:
    """Return the decimal mark that the unambiguous numbers use, ``None`` where they do not say."""
    points = commas = 0
    for number in numbers:
        points += number.mark == "."
        commas += number.mark == ","
    if points == commas:
        return None
    return "." if points > commas else ","


def _grouped(parts: list[str]) -> bool:
    """Whether digit groups follow the habits of grouping: three digits each (or Indian: twos before the last three)."""
    head, *rest = parts
    if not rest or not 1 <= len(head) <= 3 or head == "0":
        return False
    return all(len(part) == 3 for part in rest) or (
        len(rest) > 1 and len(head) <= 2 and len(rest[-1]) == 3 and all(len(part) == 2 for part in rest[:-1])
    )


def _readings(core: str, mark: str | None) -> list[tuple[Decimal, str | None]]:
    """Return (value, decimal mark used) for each way to read ``core``, likeliest first."""
    for space in _SPACES[1:]:
        core = core.replace(space, " ")
    marks = [character for character in core if character in ".,"]
    groupers = {character for character in core if character in " '"}
    if not marks:
        if not groupers:
            return [(Decimal(core), None)]
        grouper = groupers.pop()
        return [(Decimal(core.replace(grouper, "")), None)] if not groupers and _grouped(core.split(grouper)) else []
    last = marks[-1]
    whole, _, fraction = core.rpartition(last)
    if " " in fraction or "'" in fraction:
        return []
    others = {character for character in whole if character in ".,"} | groupers
    decimal = _decimal_reading(whole, fraction, last, others)
    grouping = _grouping_reading(core, last, marks, groupers)
    found = [reading for reading in (decimal, grouping) if reading is not None]
    if len(found) == 2:
        grouping_first = mark != last if mark is not None else True
        return [found[1], found[0]] if grouping_first else found
    return found


def _decimal_reading(whole: str, fraction: str, last: str, others: set[str]) -> tuple[Decimal, str] | None:
    if last in others or len(others) > 1:
        return None
    if others:
        grouper = next(iter(others))
        if not _grouped(whole.split(grouper)):
            return None
        whole = whole.replace(grouper, "")
    if len(whole) > 1 and whole.startswith("0"):
        return None
    return Decimal(f"{whole or '0'}.{fraction}"), last


def _grouping_reading(core: str, last: str, marks: list[str], groupers: set[str]) -> tuple[Decimal, str | None] | None:
    if groupers or set(marks) != {last} or not _grouped(core.split(last)):
        return None
    other = {".": ",", ",": "."}[last]
    return Decimal(core.replace(last, "")), other if len(marks) > 1 else None
