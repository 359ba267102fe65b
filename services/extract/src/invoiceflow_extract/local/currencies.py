"""The currency: by code, by symbol, and for shared symbols by the country the rest of the page points to."""

import re
from collections import Counter
from functools import lru_cache

from babel.numbers import get_territory_currencies, list_currencies

__all__ = ["currencies_meant", "currency_of", "find_currency_codes"]

_CODE = re.compile(r"(?<![A-Za-z])([A-Z]{3})(?![A-Za-z])")
_UNIQUE = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₺": "TRY", "₪": "ILS", "฿": "THB", "₩": "KRW", "zł": "PLN",
    "zl": "PLN", "Kč": "CZK", "Kc": "CZK", "Ft": "HUF", "lei": "RON", "R$": "BRL", "US$": "USD", "CA$": "CAD",
    "C$": "CAD", "A$": "AUD", "Fr.": "CHF", "Fr": "CHF", "euro": "EUR", "euros": "EUR", "Euro": "EUR", "EURO": "EUR",
    "Rs.": "INR", "Rs": "INR", "¥": "JPY", "₱": "PHP",
}  # fmt: skip
_SHARED = {
    "$": {"US": "USD", "CA": "CAD", "AU": "AUD", "NZ": "NZD", "SG": "SGD", "MX": "MXN", "HK": "HKD"},
    "kr": {"SE": "SEK", "NO": "NOK", "DK": "DKK"},
}
_SHARED_DEFAULTS = {"$": "USD"}
_LANGUAGE_CURRENCIES = {"sv": "SEK", "nb": "NOK", "da": "DKK"}


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    return frozenset(code for code in list_currencies() if not code.startswith("X"))


def find_currency_codes(text: str) -> list[str]:
    """Return the ISO 4217 codes in ``text`` of currencies in use somewhere."""
    return [code for code in _CODE.findall(text) if code in _codes() and code in _current()]


@lru_cache(maxsize=1)
def _current() -> frozenset[str]:
    countries = [
        "US",
        "CA",
        "GB",
        "IE",
        "DE",
        "AT",
        "CH",
        "FR",
        "BE",
        "NL",
        "LU",
        "ES",
        "PT",
        "IT",
        "PL",
        "CZ",
        "SK",
        "HU",
        "RO",
        "BG",
        "GR",
        "SE",
        "NO",
        "DK",
        "FI",
        "IS",
        "EE",
        "LV",
        "LT",
        "HR",
        "SI",
        "RS",
        "TR",
        "UA",
        "RU",
        "CN",
        "JP",
        "KR",
        "IN",
        "ID",
        "MY",
        "SG",
        "TH",
        "VN",
        "PH",
        "AU",
        "NZ",
        "ZA",
        "NG",
        "KE",
        "EG",
        "MA",
        "IL",
        "AE",
        "SA",
        "QA",
        "KW",
        "MX",
        "BR",
        "AR",
        "CL",
        "CO",
        "PE",
        "HK",
        "TW",
        "PK",
        "BD",
        "LK",
    ]
    return frozenset(code for country in countries for code in get_territory_currencies(country))


def currency_of(beside_amounts: Counter[str], in_text: Counter[str], country: str | None, language: str) -> str | None:
    """Return the ISO code of the invoice's currency.

    ``beside_amounts`` counts symbols and codes printed with amounts, ``in_text`` codes elsewhere.
    """
    votes: Counter[str] = Counter()
    for mark, count in beside_amounts.items():
        if mark in _UNIQUE:
            votes[_UNIQUE[mark]] += 3 * count
        elif mark in _codes():
            votes[mark] += 3 * count
        elif mark.rstrip(".") in _SHARED:
            symbol = mark.rstrip(".")
            owners = _SHARED[symbol]
            named = [code for code in in_text if code in owners.values()]
            code = (
                named[0]
                if named
                else owners.get(country or "", _LANGUAGE_CURRENCIES.get(language, _SHARED_DEFAULTS.get(symbol, "")))
            )
            if code:
                votes[code] += 3 * count
    for code, count in in_text.items():
        votes[code] += count
    return votes.most_common(1)[0][0] if votes else None


def currencies_meant(word: str) -> frozenset[str]:
    """Return the ISO codes that a printed code or sign can mean: every dollar for ``$``, none for other words."""
    bare = re.sub(r"^[\d.,()+-]+|[\d.,()+-]+$", "", word)
    for written in (word, bare):
        if written in _UNIQUE:
            return frozenset({_UNIQUE[written]})
        if written.rstrip(".") in _SHARED:
            return frozenset(_SHARED[written.rstrip(".")].values())
    return frozenset({bare}) & _codes()
