"""VAT identifiers and account numbers that pass their checks and belong to nobody in particular."""

import string
from random import Random

__all__ = ["bic", "iban", "vat_id"]

_BE_BANKS = ("001", "063", "210", "310", "363", "735")  # a checker knows the bank codes in use
_IE_LETTERS = "WABCDEFGHIJKLMNOPQRSTUV"


def _digits(rng: Random, count: int, *, first_not_zero: bool = True) -> str:
    head = str(rng.randint(1, 9)) if first_not_zero else str(rng.randint(0, 9))
    return head + "".join(str(rng.randint(0, 9)) for _ in range(count - 1))


def _weighted(digits: str, weights: range | tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def _luhn_sum(digits: str) -> int:
    """The Luhn sum of ``digits`` when one check digit is still to follow."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return total


def _luhn(digits: str) -> str:
    return str(-_luhn_sum(digits) % 10)


def _iso7064_mod_11_10(digits: str) -> str:
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def _vat_de(rng: Random) -> str:
    body = _digits(rng, 8)
    return body + _iso7064_mod_11_10(body)


def _vat_at(rng: Random) -> str:
    body = _digits(rng, 7, first_not_zero=False)
    return f"U{body}{_at_check(body)}"


def _at_check(body: str) -> int:
    total = 0
    for place, digit in enumerate(body):
        value = int(digit) * (1 if place % 2 == 0 else 2)
        total += value - 9 if value > 9 else value
    return (96 - total) % 10


def _vat_fr(rng: Random) -> str:
    body = _digits(rng, 8)
    siren = body + _luhn(body)
    return f"{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def _vat_nl(rng: Random) -> str:
    while True:
        body = _digits(rng, 8)
        check = _weighted(body, range(9, 1, -1)) % 11
        if check < 10:
            return f"{body}{check}B0{rng.randint(1, 3)}"


def _vat_be(rng: Random) -> str:
    body = "0" + str(rng.randint(4, 8)) + _digits(rng, 6, first_not_zero=False)
    return f"{body}{97 - int(body) % 97:02d}"


def _vat_it(rng: Random) -> str:
    body = _digits(rng, 7, first_not_zero=False) + f"{rng.randint(1, 100):03d}"
    return body + _luhn(body)


def _vat_es(rng: Random) -> str:
    body = f"{rng.randint(1, 52):02d}" + _digits(rng, 5, first_not_zero=False)
    return rng.choice("AB") + body + _luhn(body)


def _vat_gb(rng: Random) -> str:
    body = _digits(rng, 7)
    return f"{body}{97 - _weighted(body, range(8, 1, -1)) % 97:02d}"


def _vat_ie(rng: Random) -> str:
    body = _digits(rng, 7)
    return body + _IE_LETTERS[_weighted(body, range(8, 1, -1)) % 23]


def _vat_pt(rng: Random) -> str:
    body = "5" + _digits(rng, 7, first_not_zero=False)
    check = 11 - _weighted(body, range(9, 1, -1)) % 11
    return body + str(check if check < 10 else 0)


def _vat_se(rng: Random) -> str:
    body = "55" + _digits(rng, 7)
    return f"{body}{_luhn(body)}01"


def _vat_ch(rng: Random) -> str:
    while True:
        body = _digits(rng, 8)
        check = -_weighted(body, (5, 4, 3, 2, 7, 6, 5, 4)) % 11
        if check < 10:
            return f"E{body}{check}MWST"


_VAT = {
    "AT": _vat_at,
    "BE": _vat_be,
    "CH": _vat_ch,
    "DE": _vat_de,
    "ES": _vat_es,
    "FR": _vat_fr,
    "GB": _vat_gb,
    "IE": _vat_ie,
    "IT": _vat_it,
    "NL": _vat_nl,
    "PT": _vat_pt,
    "SE": _vat_se,
}


def vat_id(country: str, rng: Random) -> str | None:
    """A VAT identifier with its country prefix and valid check digits; ``None`` where the country has no VAT."""
    make = _VAT.get(country)
    return country + make(rng) if make else None


def _bban_be(rng: Random) -> str:
    body = rng.choice(_BE_BANKS) + _digits(rng, 7, first_not_zero=False)
    return f"{body}{int(body) % 97 or 97:02d}"


def _bban_es(rng: Random) -> str:
    bank, account = _digits(rng, 8, first_not_zero=False), _digits(rng, 10, first_not_zero=False)

    def check(digits: str) -> str:
        value = 11 - _weighted(digits, (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11
        return {10: "1", 11: "0"}.get(value, str(value))

    return bank + check("00" + bank) + check(account) + account


def _bban_fr(rng: Random) -> str:
    bank, branch, account = _digits(rng, 5), _digits(rng, 5), _digits(rng, 11, first_not_zero=False)
    key = 97 - (89 * int(bank) + 15 * int(branch) + 3 * int(account)) % 97
    return f"{bank}{branch}{account}{key:02d}"


_IT_ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)


def _bban_it(rng: Random) -> str:
    body = _digits(rng, 22, first_not_zero=False)
    total = sum(_IT_ODD[int(digit)] if place % 2 == 0 else int(digit) for place, digit in enumerate(body))
    return string.ascii_uppercase[total % 26] + body


def _bban_pt(rng: Random) -> str:
    body = _digits(rng, 19)
    return f"{body}{98 - int(body) * 100 % 97:02d}"


def _bban(country: str, rng: Random) -> str:
    own = {"BE": _bban_be, "ES": _bban_es, "FR": _bban_fr, "IT": _bban_it, "PT": _bban_pt}.get(country)
    if own:
        return own(rng)
    letters, digits = {
        "AT": (0, 16),
        "CH": (0, 17),
        "DE": (0, 18),
        "GB": (4, 14),
        "IE": (4, 14),
        "NL": (4, 10),
        "SE": (0, 20),
    }[country]
    return "".join(rng.choice(string.ascii_uppercase) for _ in range(letters)) + _digits(rng, digits)


def iban(country: str, rng: Random) -> str:
    """An IBAN of the country's own structure with valid check digits (ISO 13616), without spaces."""
    bban = _bban(country, rng)
    number = int("".join(str(int(char, 36)) for char in f"{bban}{country}00"))
    return f"{country}{98 - number % 97:02d}{bban}"


def bic(country: str, rng: Random) -> str:
    """An identifier in the form of a BIC (ISO 9362)."""
    return "".join(rng.choice(string.ascii_uppercase) for _ in range(4)) + country + rng.choice("23456789ABCD") + "X"
