"""Joining what several readers say about one document."""

from collections.abc import Callable, Mapping
from typing import Any

from invoiceflow_contracts.invoice import Invoice
from invoiceflow_extract.reading import Reading

__all__ = ["REQUIRED", "fill"]

REQUIRED = frozenset({"/number", "/issue_date", "/currency", "/seller/name", "/buyer/name", "/totals/gross"})
"""What no invoice can do without, whatever its profile."""

_LISTS = ("notes", "taxes", "allowances_charges", "lines")


def fill(first: Reading, second: Reading, *, wanted: Callable[[str], bool] = lambda _: True) -> Reading:
    """Return ``first`` with what it lacks taken from ``second``; each value keeps the evidence of its reader.

    A list (notes, taxes, lines) is taken whole or not at all: rows of two readers do not mix.

    Args:
        first: wins wherever it has a value.
        second: fills the gaps.
        wanted: of the pointers that ``first`` lacks, which may be filled; of a list, its own pointer such as ``/lines``.
    """
    taken: set[str] = set()
    joined = _join(_said(first), _said(second), "", wanted, taken)
    added = {
        pointer: evidence
        for pointer, evidence in second.evidence.items()
        if pointer not in first.evidence and _belongs(pointer, taken)
    }
    return Reading(Invoice.model_validate(joined), {**first.evidence, **added})


def _said(reading: Reading) -> dict[str, Any]:
    """Return what the reader said. The type alone has a default, which counts as said where there is evidence for it."""
    said = reading.invoice.model_dump(exclude_defaults=True)
    if "/type" in reading.evidence:
        said["type"] = reading.invoice.type
    return said


def _join(
    mine: Mapping[str, Any], theirs: Mapping[str, Any], at: str, wanted: Callable[[str], bool], taken: set[str]
) -> dict[str, Any]:
    joined = dict(mine)
    for name, value in theirs.items():
        pointer = f"{at}/{name}"
        if isinstance(value, dict):
            joined[name] = _join(mine.get(name, {}), value, pointer, wanted, taken)
        elif name not in mine and wanted(pointer):
            joined[name] = value
            taken.add(pointer)
    return joined


def _belongs(pointer: str, taken: set[str]) -> bool:
    """Whether the evidence at ``pointer`` is of a value, or of an element of a list, that was taken."""
    head = pointer.split("/", 2)[1]
    return f"/{head}" in taken if head in _LISTS else pointer in taken
