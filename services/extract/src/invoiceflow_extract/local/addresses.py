"""Postal addresses: which lines are one, and its parts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale

from invoiceflow_extract.local.dates import LANGUAGES
from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.vocabulary import vocabulary

__all__ = ["PostalAddress", "country_code", "is_address_line", "parse_address"]

_POSTCODE = re.compile(
    r"(?:^|(?<=[\s,(]))(?:(?:[A-Z]{1,3})-)?(?P<code>\d{5}(?:-\d{4})?|\d{4}\s?[A-Z]{2}|\d{3}\s\d{2}|\d{2}-\d{3}"
    r"|\d{4}-\d{3}|\d{4}|\d{6}|[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d|[A-Z]\d{2}\s?[A-Z\d]{4})(?=$|[\s,.)])"
)
_PREFIX = re.compile(r"(?:^|\s)(A|B|CH|D|DK|E|F|FIN|I|L|N|NL|P|PL|S|CZ)-\d{4,5}")
_PREFIXES = {"A": "AT", "B": "BE", "D": "DE", "E": "ES", "F": "FR", "FIN": "FI", "I": "IT", "L": "LU", "N": "NO"}
_PREFIXES |= {"P": "PT", "S": "SE", "CH": "CH", "DK": "DK", "NL": "NL", "PL": "PL", "CZ": "CZ"}
_HOUSE = re.compile(r"^\d{1,5}[a-zA-Z]?[,\s]+[^\W\d_]")
_HOUSE_ONLY = re.compile(
    r"^\d{4,5}\s+[^\W\d_].{0,60}\b(?:st|street|ave|avenue|road|rd|blvd|lane|way|drive|dr)\b", re.IGNORECASE
)
_NUMBER_LAST = re.compile(r"[^\W\d_][.,]?\s+(?:n[°º.]?\s*)?\d{1,5}\s?[a-zA-Z]?(?:[-/]\d{1,4}[a-zA-Z]?)?,?$")
_MOST_WORDS = 7


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """The parts of an address; ``None`` for what it does not say."""

    street: str | None = None
    city: str | None = None
    postcode: str | None = None
    country: str | None = None


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    names: dict[str, str] = {}
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2 and code.isalpha():
                names.setdefault(fold(str(name)), code)
    names.update(
        {"usa": "US", "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "unitedstatesofamerica": "US"}
    )
    names.update(
        {"holland": "NL", "thenetherlands": "NL", "czechrepublic": "CZ", "ceskarepublika": "CZ", "deutschland": "DE"}
    )
    return names


def country_code(text: str) -> str | None:
    """Return the ISO 3166-1 code of the country that ``text`` names in any of the languages."""
    return _countries().get(fold(text))


def is_address_line(text: str) -> bool:
    """Return whether ``text`` reads as a street, a town with its postcode or a country."""
    words = text.split()
    if not words or len(words) > 2 * _MOST_WORDS:
        return False
    if _POSTCODE.search(text) or country_code(text) is not None:
        return True
    if len(words) > _MOST_WORDS:
        return False
    if _HOUSE.match(text) or _NUMBER_LAST.search(text):
        return True
    folded = [fold(word) for word in words]
    return (any(word in vocabulary().street_words for word in folded[:1] + folded[1:]) and len(words) > 1) or any(
        len(word) > 6 and word.endswith(tuple(vocabulary().street_endings)) for word in folded
    )


def parse_address(lines: Sequence[str]) -> PostalAddress:
    """Return the parts of the address in ``lines`` (without the name)."""
    streets: list[str] = []
    city = postcode = country = None
    for line in lines:
        for part in _parts(line):
            code = country_code(part.strip("()"))
            if code is not None and country is None and len(part) > 1:
                country = code
                continue
            match = _POSTCODE.search(part)
            if (
                match
                and postcode is None
                and (streets or len(lines) == 1 or match.end() < len(part))
                and not _HOUSE_ONLY.match(part)
            ):
                postcode = match["code"]
                prefix = _PREFIX.search(part)
                country = country or (_PREFIXES[prefix[1]] if prefix else None)
                rest = (part[: match.start()] + " " + part[match.end() :]).strip(" ,-()")
                inner = re.sub(r"\(([^)]*)\)", "", rest).strip(" ,")
                city = inner or city
                continue
            if postcode is None and len(streets) < 3 and "@" not in part:
                streets.append(part.strip(" ,"))
    if postcode is None:
        return PostalAddress(country=country)
    if city is None and len(streets) > 1:
        city = streets.pop()
    return PostalAddress(", ".join(filter(None, streets)) or None, city, postcode, country)


def _parts(line: str) -> list[str]:
    cleaned = re.sub(r"\(([^)]*)\)", r", \1", line)
    return [part.strip() for part in re.split(r",\s+|\s[|·•]\s", cleaned) if part.strip()]
