"""Whether characters make sense: a text layer may hold anything while the page shows something else.

Fonts without a usable encoding give shifted letters or symbols, and the text layer of an old scanner may be poor.
Both are told from real text by the shape of the words alone, so that no language is preferred.
"""

import re
from collections.abc import Iterable

__all__ = ["sense"]

_WORD = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*")
_NUMBER = re.compile(r"[-+(]?[#$£€¥]?\d[\d.,:/'’%°‐‑–−-]*[)%€$£+-]?")
_CODE = re.compile(r"[A-Z\d][A-Z\d./:_#@-]*")
_EDGES = "\"'“”„«»‘’()[]{}<>.,;:!?*•|·/\\#&+=-‐‑–—−_…@%€$£¥°№§"
_VOWELS = re.compile(r"[aeiouyáàâäãåæéèêëěęíìîïıóòôöõøőœúùûüůűýÿąėįų]", re.IGNORECASE)
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]+")
_CASE = re.compile(r"(?:[^\W\d_]*[a-zß-ÿ][A-Z]){3}|[a-z][A-Z]{2,}[a-z]")


def sense(words: Iterable[str]) -> float:
    """Return which share of the characters belongs to words that could be real: 0 to 1, 1 where there are none."""
    total = good = 0
    for word in words:
        total += len(word)
        if _plausible(word):
            good += len(word)
    return good / total if total else 1.0


def _plausible(word: str) -> bool:
    core = word.strip(_EDGES)
    if not core:
        return len(word) <= 2 or len(set(word)) == 1  # a bullet, a dash, a row of dots; not "%&'"
    if core.isalpha():
        return _plausible_letters(core)  # most words
    if _NUMBER.fullmatch(core) or (_CODE.fullmatch(core) and any(c.isdigit() for c in core)):
        return True
    parts = [part for part in re.split(r"[/@.,:;&+_()‐‑–−\-]+", core) if part]
    return all(_plausible_part(part) for part in parts)


def _plausible_part(part: str) -> bool:
    if part.isdigit() or _NUMBER.fullmatch(part):
        return True
    if not _WORD.fullmatch(part):
        # Letters and digits mixed are codes in capitals; "lnv0ice" is a misreading.
        return part.isalnum() and part.upper() == part
    return _plausible_letters(part)


def _plausible_letters(part: str) -> bool:
    if not _LATIN.fullmatch(part):
        return True  # other scripts have no case or vowels to go by
    if _CASE.search(part):
        return False
    return len(part) < 5 or _VOWELS.search(part) is not None
