"""Text and numbers as keys: what is compared, searched and sorted, in the same way by every store."""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal

__all__ = ["decimal_key", "fold", "name_key", "number_key", "time_key", "vat_id_key", "words"]

_LETTERS = {
    "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ŋ": "n", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th",
}  # fmt: skip
"""Letters that people type without their stroke or as two, though Unicode does not decompose them."""


class _Plain(dict[int, str]):
    """For ``str.translate``: characters without their strokes, and combining ones as nothing. Filled as they occur."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = "" if unicodedata.combining(character) else _LETTERS.get(character, character)
        self[code] = plain
        return plain


_PLAIN = _Plain()

_WORD = re.compile(r"[^\W_]+")
_LONGEST_WORD = 64
_EXPONENT_OFFSET = 500
_COMPLEMENT = str.maketrans("0123456789", "9876543210")


def fold(text: str) -> str:
    """Return ``text`` without case and accents: ``Łódź Straße`` becomes ``lodz strasse``."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return decomposed.translate(_PLAIN)


def words(text: str) -> list[str]:
    """Return the folded runs of letters and digits of ``text`` in their order, each cut to 64 characters."""
    return [word[:_LONGEST_WORD] for word in _WORD.findall(fold(text))]


def name_key(name: str | None) -> str | None:
    """Return what names are sorted by: their words."""
    return " ".join(words(name)) or None if name else None


def number_key(number: str | None) -> str | None:
    """Return an invoice number without case and white space, so that ``re 2024-7`` finds ``RE2024-7``."""
    return "".join(number.casefold().split()) or None if number else None


def vat_id_key(vat_id: str | None) -> str | None:
    """Return a VAT identifier without the spaces, dots and hyphens that people put in."""
    return "".join(char for char in vat_id.upper() if char.isalnum()) or None if vat_id else None


def time_key(at: datetime) -> str:
    """Return an aware time as text of fixed width whose order is that of time."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def decimal_key(value: Decimal) -> str:
    """Return text whose byte order is the numerical order, for finite numbers of any precision below 10^499.

    The sign, then the exponent of the first digit, then the digits; of negative numbers the nines' complement with
    an end mark above every digit, so that -1.5 comes after -1.55. ``1.50`` and ``1.5`` have the same key.
    """
    digits = "".join(map(str, value.as_tuple().digits)).strip("0")
    if not digits:
        return "1"
    magnitude = f"{value.adjusted() + _EXPONENT_OFFSET:03d}{digits}"
    return f"0{magnitude.translate(_COMPLEMENT)}~" if value.is_signed() else f"2{magnitude}"
