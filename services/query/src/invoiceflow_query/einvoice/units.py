"""From units as they are printed to UN/ECE Recommendation 20 codes (BT-130)."""

import json
from functools import cache
from importlib.resources import files

from invoiceflow_query.einvoice.code_lists import code_list

__all__ = ["ONE", "OTHER", "unit_code"]

ONE = "C62"
"""A thing that is counted; what stands where a line names no unit."""
OTHER = "ZZ"
"""Mutually defined: a unit that has no code known here."""


def unit_code(unit: str | None) -> str:
    """Return the code of ``unit``: itself where it is one, else what the word means in any of the languages that are known.

    A word in lower or mixed case is looked up first: ``Stk`` on a page is a piece, while the code ``STK`` is a stick.
    """
    if unit is None:
        return ONE
    word = unit.strip().rstrip(".").casefold()
    is_code = unit in code_list("unit")
    if is_code and unit == unit.upper():
        return unit
    return _words().get(word) or (unit if is_code else OTHER)


@cache
def _words() -> dict[str, str]:
    """Return each word of ``unit_words.json`` with its code."""
    text = files("invoiceflow_query.einvoice").joinpath("unit_words.json").read_text(encoding="utf-8")
    return {word: code for code, words in json.loads(text).items() for word in words}
