"""Finding a known value on a page, in whatever format it is printed there."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from invoiceflow_contracts.layout import Layout

__all__ = ["PrintedText"]

_NUMBER = re.compile(r"\d(?:[\d.,'’ \u00a0\u202f]{0,28}\d)?")
_TOKEN = re.compile(r"\d+|[^\W\d_]{3,}")
_LANGUAGES_ALWAYS = ("en",)


class PrintedText:
    """The text of a document, prepared to be asked whether it shows a value.

    It answers generously: a value that could be what is printed counts as shown, because a false alarm costs a person's
    time and the question is only whether the page says something else.
    """

    def __init__(self, layout: Layout) -> None:
        self._lines = [line.text for page in layout.pages for line in page.lines]
        self._lines += [cell.text for page in layout.pages for table in page.tables for cell in table.cells]
        self._folded = _fold("".join(self._lines))
        self._languages = tuple(dict.fromkeys((*layout.languages, *_LANGUAGES_ALWAYS)))
        self._months = _month_names(self._languages)
        self._amounts: set[Decimal] | None = None

    @property
    def is_empty(self) -> bool:
        return not self._folded

    def shows_text(self, value: str) -> bool:
        """Whether the value's letters and digits stand there in a row, whatever is between them."""
        return _fold(value) in self._folded

    def shows_currency(self, code: str) -> bool:
        """Whether the currency's code or one of its signs stands there."""
        signs = _signs(code, self._languages)
        return code in self._folded or any(sign in line for sign in signs for line in self._lines)

    def shows_amount(self, value: Decimal) -> bool:
        """Whether the amount stands there, with any decimal mark and grouping; the sign is not looked at."""
        if self._amounts is None:
            self._amounts = {amount for line in self._lines for amount in _amounts(line)}
        return abs(value) in self._amounts

    def shows_date(self, value: date) -> bool:
        """Whether day, month (as a number or by name) and year stand in one line."""
        compact = {f"{value:%Y%m%d}", f"{value:%d%m%Y}", f"{value:%m%d%Y}", f"{value:%d%m%y}", f"{value:%y%m%d}"}
        for line in self._lines:
            tokens = _TOKEN.findall(line)
            if compact.intersection(tokens):
                return True
            numbers = [int(token) for token in tokens if token.isdigit()]
            if not {value.year, value.year % 100}.intersection(numbers) or value.day not in numbers:
                continue
            if value.month in numbers and (value.month != value.day or numbers.count(value.day) > 1):
                return True
            if any(_fold(token).lower() in self._months.get(value.month, ()) for token in tokens):
                return True
        return False


def _fold(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if character.isalnum()).upper()


def _amounts(line: str) -> Iterator[Decimal]:
    for match in _NUMBER.finditer(line):
        text = match.group()
        parts = re.split(r"[ \u00a0\u202f]+", text)
        # A space may group digits or part two numbers: every run of parts is tried.
        for start in range(len(parts)):
            for end in range(start + 1, min(len(parts), start + 4) + 1):
                yield from _readings("".join(parts[start:end]))


def _readings(text: str) -> Iterator[Decimal]:
    digits = re.sub(r"[.,'’]", "", text)
    if not digits or len(digits) > 20:
        return
    yield Decimal(digits)
    mark = max(text.rfind("."), text.rfind(","))
    if mark >= 0:
        decimals = re.sub(r"\D", "", text[mark + 1 :])
        yield Decimal(f"{digits[: len(digits) - len(decimals)] or '0'}.{decimals or '0'}")


@lru_cache(maxsize=256)
def _signs(code: str, languages: tuple[str, ...]) -> frozenset[str]:
    """Return how the currency is written in short: its sign in the page's languages, and everywhere else."""
    signs = set()
    for language in languages:
        try:
            locale = Locale.parse(language)
        except (UnknownLocaleError, ValueError):
            continue
        signs |= {locale.currency_symbols.get(code, code)}
    return frozenset(signs)


@lru_cache(maxsize=64)
def _month_names(languages: tuple[str, ...]) -> dict[int, frozenset[str]]:
    names: dict[int, set[str]] = {month: set() for month in range(1, 13)}
    for language in languages:
        try:
            months = Locale.parse(language).months
        except (UnknownLocaleError, ValueError):
            continue
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, name in months[context][width].items():
                    names[month].update(_fold(part).lower() for part in re.findall(r"[^\W\d_]{3,}", name))
    return {month: frozenset(given) for month, given in names.items()}
