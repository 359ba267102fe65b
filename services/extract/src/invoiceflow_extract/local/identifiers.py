"""Identifiers that carry their own proof or a fixed shape: VAT ids, IBANs, BICs, e-mail addresses, telephone numbers."""

import re
from collections.abc import Iterator
from string import ascii_uppercase

from stdnum import iban as iban_check
from stdnum.ch import uid as swiss_uid
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.gb import vat as british_vat
from stdnum.no import orgnr as norwegian_orgnr

__all__ = [
    "EMAIL",
    "PHONE",
    "VAT_PREFIXES",
    "compact",
    "find_bics",
    "find_ibans",
    "find_vat_ids",
    "iban_is_valid",
    "vat_is_valid",
]

VAT_PREFIXES = [
    "AT",
    "BE",
    "BG",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "EL",
    "ES",
    "FI",
    "FR",
    "GB",
    "HR",
    "HU",
    "IE",
    "IT",
    "LT",
    "LU",
    "LV",
    "MT",
    "NL",
    "PL",
    "PT",
    "RO",
    "SE",
    "SI",
    "SK",
    "XI",
    "CHE",
    "NO",
    "GR",
]
_VAT = re.compile(
    r"(?<![A-Za-z0-9])\(?((?:AT|BE|BG|CY|CZ|DE|DK|EE|EL|GR|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI|CHE|NO))\)?"
    r"[ \-.:]{0,2}([0-9A-Z](?:[ .\-]?[0-9A-Z]){6,13}(?: ?(?:MWST|TVA|IVA|MVA|HR/MWST))?)(?![A-Za-z0-9])"
)
_JOINTS = " \u00a0.-"
_SHORTEST_ACCOUNT = 10
_IBAN = re.compile(r"(?<![A-Za-z0-9])([A-Z]{2}[0-9OIlS]{2})((?:[ \u00a0.-]?[A-Z0-9]){8,30})")
_BIC = re.compile(r"(?<![A-Za-z0-9])([A-Z]{4}[ ]?[A-Z]{2}[ ]?[A-Z0-9]{2}(?:[ ]?[A-Z0-9]{3})?)(?![A-Za-z0-9])")
EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}@[A-Za-z0-9](?:[A-Za-z0-9\-]{0,62}\.)[A-Za-z0-9.\-]{2,60}")
PHONE = re.compile(r"(?<![\w/.,])(?:\+|00|\()?\(?\d[\d \-./()\u00a0]{5,22}\d(?![\w,])")
_REPAIRS = str.maketrans({"O": "0", "I": "1", "l": "1", "S": "5"})
_DIGITS = re.compile(r"\d")
_MIN_VAT_DIGITS = 7
_SUFFIXES = frozenset(["MWST", "TVA", "IVA", "MVA", "HR/MWST"])
"""What a Swiss or Norwegian number ends with to say that it is registered for VAT."""


def compact(text: str) -> str:
    """Return ``text`` without separators, in capitals."""
    return re.sub(r"[^0-9A-Za-z]", "", text).upper()


def vat_is_valid(vat_id: str) -> bool:
    """Return whether the check digits of ``vat_id`` (with country prefix) are right."""
    try:
        if vat_id.startswith("CHE"):
            swiss_uid.validate(vat_id[:12])
        elif vat_id.startswith("NO"):
            norwegian_orgnr.validate(vat_id.removeprefix("NO").removesuffix("MVA"))
        elif vat_id.startswith("GB"):
            british_vat.validate(vat_id)
        else:
            eu_vat.validate(vat_id)
    except ValidationError:
        return False
    return True


def iban_is_valid(iban: str) -> bool:
    """Return whether length and check digits of ``iban`` are right (ISO 13616)."""
    try:
        iban_check.validate(iban)
    except ValidationError:
        return False
    return True


def find_vat_ids(text: str) -> Iterator[tuple[str, int, int, bool]]:
    """Yield (VAT id, start, end, whether its checksum holds) for each in ``text``."""
    for match in _VAT.finditer(text):
        body = match.group(2)
        if len(_DIGITS.findall(body)) < _MIN_VAT_DIGITS:
            continue
        whole = compact(match.group(1) + body)
        # A blank may separate the id from a word behind it: the longest prefix that proves itself wins.
        pieces = body.split(" ")
        for count in range(len(pieces), 0, -1):
            part = " ".join(pieces[:count])
            candidate = compact(match.group(1) + part)
            if vat_is_valid(candidate):
                yield candidate, match.start(), match.start(2) + len(part), True
                break
        else:
            while len(pieces) > 1 and not _DIGITS.search(pieces[-1]) and pieces[-1] not in _SUFFIXES:
                pieces.pop()
            part = " ".join(pieces)
            whole = compact(match.group(1) + part)
            if len(_DIGITS.findall(part)) >= _MIN_VAT_DIGITS:
                yield whole, match.start(), match.start(2) + len(part), False


def find_ibans(text: str) -> Iterator[tuple[str, int, int, bool]]:
    """Yield (IBAN, start, end, whether its checksum holds); O/0 and I/1 are repaired where that makes it hold."""
    for match in _IBAN.finditer(text):
        country = match.group(0)[:2]
        length = _iban_length(country)
        characters = 0
        end = match.start()
        for end in range(match.start(), match.end()):
            characters += text[end].isalnum()
            if length is not None and characters == length:
                break
        candidate = compact(text[match.start() : end + 1])
        if length is None or len(candidate) != length:
            # No country's account, and still what the page prints: changed digits must be seen to be wrong.
            printed = match.group(0).rstrip(ascii_uppercase + _JOINTS)
            if len(compact(printed)) >= _SHORTEST_ACCOUNT:
                yield compact(printed), match.start(), match.start() + len(printed), False
            continue
        if iban_is_valid(candidate):
            yield candidate, match.start(), end + 1, True
            continue
        repaired = country + text[match.start() + 2 : end + 1].translate(_REPAIRS)
        repaired = compact(repaired)
        if iban_is_valid(repaired):
            yield repaired, match.start(), end + 1, True
        else:
            yield candidate, match.start(), end + 1, False


def _iban_length(country: str) -> int | None:
    return _IBAN_LENGTHS.get(country)


_IBAN_LENGTHS = {
    pair[:2]: int(pair[2:])
    for pair in [
        "AD24",
        "AE23",
        "AL28",
        "AT20",
        "AZ28",
        "BA20",
        "BE16",
        "BG22",
        "BH22",
        "BR29",
        "BY28",
        "CH21",
        "CR22",
        "CY28",
        "CZ24",
        "DE22",
        "DK18",
        "DO28",
        "EE20",
        "EG29",
        "ES24",
        "FI18",
        "FO18",
        "FR27",
        "GB22",
        "GE22",
        "GI23",
        "GL18",
        "GR27",
        "GT28",
        "HR21",
        "HU28",
        "IE22",
        "IL23",
        "IQ23",
        "IS26",
        "IT27",
        "JO30",
        "KW30",
        "KZ20",
        "LB28",
        "LC32",
        "LI21",
        "LT20",
        "LU20",
        "LV21",
        "LY25",
        "MC27",
        "MD24",
        "ME22",
        "MK19",
        "MR27",
        "MT31",
        "MU30",
        "NL18",
        "NO15",
        "PK24",
        "PL28",
        "PS29",
        "PT25",
        "QA29",
        "RO24",
        "RS22",
        "SA24",
        "SC31",
        "SD18",
        "SE24",
        "SI19",
        "SK24",
        "SM27",
        "ST25",
        "SV28",
        "TL23",
        "TN24",
        "TR26",
        "UA29",
        "VA22",
        "VG24",
        "XK20",
    ]
}


def find_bics(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (BIC, start, end); the country part must exist, so that not every capitalised word passes (ISO 9362)."""
    for match in _BIC.finditer(text):
        candidate = match.group(1).replace(" ", "")
        if candidate[4:6] in _IBAN_LENGTHS or candidate[4:6] in {"US", "CA", "AU", "JP", "CN", "IN", "NZ", "SG", "HK"}:
            yield candidate, match.start(), match.end()
