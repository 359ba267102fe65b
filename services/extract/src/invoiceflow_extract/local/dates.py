"""Dates as invoices print them, with both readings kept where day and month could be swapped."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from babel import Locale

from invoiceflow_extract.local.folding import fold

__all__ = ["LANGUAGES", "PrintedDate", "day_first", "find_dates"]

LANGUAGES = ("en", "de", "fr", "nl", "es", "it", "pt", "pl", "sv", "da", "nb", "fi", "cs")
_YEARS = range(1950, 2100)
_NUMERIC = re.compile(
    r"(?<![\d.,/\-])(\d{1,4})\s?([./\-\u2010\u2011\u2012\u2013])\s?(\d{1,2})\s?\2\s?(\d{1,4})(?![\d/\-]|[.,]\d)"
)
_COMPACT = re.compile(r"(?<!\d)(20\d\d|19\d\d)(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)")
_CJK = re.compile(r"(\d{4})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?日")
_DAY_MONTH_YEAR = re.compile(
    r"(?<![\d.,])(\d{1,2})(?:st|nd|rd|th|er|\.|º|°)?[\s\-/.]{0,3}(?:of |de |den )?([^\W\d_]{3,12})\.?,?[\s\-/.,']{0,3}"
    r"(?:of |de |del )?(\d{4}|\d{2})(?!\d)"
)
_MONTH_DAY_YEAR = re.compile(
    r"(?<![^\W\d_])([^\W\d_]{3,12})\.?[\s\-/]{0,2}(\d{1,2})(?:st|nd|rd|th)?[\s,\-/.]{1,3}(\d{4}|\d{2})(?!\d)"
)
_YEAR_MONTH_DAY = re.compile(r"(?<!\d)(\d{4})[\s\-/.]{1,2}([^\W\d_]{3,12})\.?[\s\-/.]{1,2}(\d{1,2})(?!\d)")
_TWO_DIGITS = 2
_MONTHS = 12
_LAST_CENTURY = 70


@dataclass(frozen=True, slots=True)
class PrintedDate:
    """A date in a text: its readings (one, or day-first then month-first) and its span in the text."""

    values: tuple[date, ...]
    start: int
    end: int
    order: str | None = None
    """``day`` or ``month`` where only reading that part first makes a date."""

    def choose(self, *, day_first: bool) -> date:
        return self.values[0] if day_first or len(self.values) == 1 else self.values[1]


def find_dates(text: str) -> list[PrintedDate]:
    """Return the dates in ``text`` from left to right, none overlapping another."""
    found: list[PrintedDate] = []
    for pattern, reader in (
        (_NUMERIC, _numeric),
        (_CJK, _year_first),
        (_DAY_MONTH_YEAR, _day_month_year),
        (_MONTH_DAY_YEAR, _month_day_year),
        (_YEAR_MONTH_DAY, _year_month_day),
        (_COMPACT, _year_first),
    ):
        for match in pattern.finditer(text):
            values = reader(match)
            if values and not any(match.start() < other.end and other.start < match.end() for other in found):
                order = _order(match) if pattern is _NUMERIC else None
                found.append(PrintedDate(values, match.start(), match.end(), order))
    return sorted(found, key=lambda printed: printed.start)


def day_first(dates: Iterable[PrintedDate], *, default: bool) -> bool:
    """Return whether the document writes the day before the month, judged by its unambiguous dates."""
    orders = [printed.order for printed in dates]
    first, second = orders.count("day"), orders.count("month")
    return default if first == second else first > second


@lru_cache(maxsize=1)
def _months() -> dict[str, int]:
    names: dict[str, int] = {}
    for language in LANGUAGES:
        months = Locale.parse(language).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[context][width].items():
                    folded = fold(name)
                    if folded.isalpha():
                        names.setdefault(folded, number)
    names.update({"sept": 9, "okt": 10, "mrz": 3, "marz": 3, "mär": 3, "mai": 5, "maj": 5, "juni": 6, "juli": 7})
    return names


def _month(name: str) -> int | None:
    return _months().get(fold(name))


def _make(year: str, month: int | None, day: str) -> tuple[date, ...]:
    if month is None:
        return ()
    full = int(year)
    if len(year) == _TWO_DIGITS:
        full += 2000 if full < _LAST_CENTURY else 1900
    try:
        made = date(full, month, int(day))
    except ValueError:
        return ()
    return (made,) if made.year in _YEARS else ()


def _numeric(match: re.Match[str]) -> tuple[date, ...]:
    first, _, second, third = match.groups()
    if len(first) == 4:
        return _make(first, int(second), third) if len(third) <= _TWO_DIGITS else ()
    if len(first) > _TWO_DIGITS or len(third) not in {2, 4}:
        return ()
    by_day = _make(third, int(second), first)
    by_month = _make(third, int(first), second)
    return tuple(dict.fromkeys(by_day + by_month))


def _order(match: re.Match[str]) -> str | None:
    first, second = int(match[1]), int(match[3])
    if first > 31 or (first > _MONTHS) == (second > _MONTHS):
        return None
    return "day" if first > _MONTHS else "month"


def _year_first(match: re.Match[str]) -> tuple[date, ...]:
    return _make(match[1], int(match[2]), match[3])


def _day_month_year(match: re.Match[str]) -> tuple[date, ...]:
    return _make(match[3], _month(match[2]), match[1])


def _month_day_year(match: re.Match[str]) -> tuple[date, ...]:
    return _make(match[3], _month(match[1]), match[2])


def _year_month_day(match: re.Match[str]) -> tuple[date, ...]:
    return _make(match[1], _month(match[2]), match[3])
