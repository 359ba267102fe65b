"""What invoices say in each language (``data/*.yaml``) and the countries they come from."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, Literal

import yaml

__all__ = ["COUNTRIES", "LANGUAGES", "Country", "Language", "Product", "RateClass", "language"]

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pt", "sv")

RateClass = Literal["standard", "reduced", "exempt"]


@dataclass(frozen=True, slots=True)
class Country:
    """Where a seller is registered: currency and VAT rates in per cent."""

    currency: str
    standard: Decimal
    reduced: Decimal
    eu: bool = True


def _country(standard: str, reduced: str, currency: str = "EUR", *, eu: bool = True) -> Country:
    return Country(currency, Decimal(standard), Decimal(reduced), eu)


COUNTRIES = {
    "AT": _country("20", "10"),
    "BE": _country("21", "6"),
    "CH": _country("8.1", "2.6", "CHF", eu=False),
    "DE": _country("19", "7"),
    "ES": _country("21", "10"),
    "FR": _country("20", "5.5"),
    "GB": _country("20", "5", "GBP", eu=False),
    "IE": _country("23", "13.5"),
    "IT": _country("22", "10"),
    "NL": _country("21", "9"),
    "PT": _country("23", "6"),
    "SE": _country("25", "12", "SEK"),
}


@dataclass(frozen=True, slots=True)
class Product:
    """What can be sold: unit by UN/ECE Recommendation 20, prices in the seller's own currency."""

    name: str
    unit: str
    lowest: Decimal
    highest: Decimal
    rate: RateClass
    more: str


@dataclass(frozen=True, slots=True)
class Language:
    """One language's wordings. ``text`` holds the sentences, ``lists`` the choices, as in the data file."""

    code: str
    locales: dict[str, str]
    forms: dict[str, list[str]]
    cities: dict[str, list[list[str]]]
    labels: dict[str, list[str]]
    units: dict[str, list[str]]
    lists: dict[str, list[str]]
    text: dict[str, str]
    products: tuple[Product, ...]

    def pick(self, rng: Random, what: str) -> str:
        """One of the choices called ``what``: a street, a closing phrase, a date pattern ..."""
        return rng.choice(self.lists[what])


@cache
def language(code: str) -> Language:
    """Load a language by its ISO 639-1 code.

    Raises:
        ValueError: there is no such language among ``LANGUAGES``.
    """
    if code not in LANGUAGES:
        raise ValueError(f"no language {code!r}; there are {', '.join(LANGUAGES)}")
    source = files("invoiceflow_samples") / "data" / f"{code}.yaml"
    data: dict[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
    countries = data.pop("countries")
    return Language(
        code=code,
        locales={key: value["locale"] for key, value in countries.items()},
        forms={key: value["forms"] for key, value in countries.items()},
        cities=data.pop("cities"),
        labels=data.pop("labels"),
        units=data.pop("units"),
        products=tuple(
            Product(name, unit, Decimal(str(lowest)), Decimal(str(highest)), rate, more)
            for name, unit, lowest, highest, rate, more in data.pop("products")
        ),
        lists={key: value for key, value in data.items() if isinstance(value, list)},
        text={key: value for key, value in data.items() if isinstance(value, str)},
    )
