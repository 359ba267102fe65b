"""Which scenarios with which seeds, from the environment (set by ``make faults``)."""

import os
from collections.abc import Collection

__all__ = ["chosen_numbers", "chosen_seeds"]


def chosen_seeds() -> list[int]:
    """INVOICEFLOW_FAULTS_SEEDS: how many, beginning with 1, or from which to which (``4-6``)."""
    first, _, last = (os.environ.get("INVOICEFLOW_FAULTS_SEEDS") or "1").rpartition("-")
    return list(range(int(first or 1), int(last) + 1))


def chosen_numbers(known: Collection[int], quick: Collection[int]) -> list[int]:
    """INVOICEFLOW_FAULTS_SCENARIOS: numbers and ranges such as ``1-5,12``, or ``all``; where not set, the quick ones."""
    text = os.environ.get("INVOICEFLOW_FAULTS_SCENARIOS", "")
    if not text:
        return sorted(quick)
    if text == "all":
        return sorted(known)
    numbers: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        numbers |= set(range(int(first), int(last or first) + 1))
    if unknown := numbers - set(known):
        raise ValueError(f"there are no scenarios {sorted(unknown)}")
    return sorted(numbers)
