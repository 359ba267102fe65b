"""How far stated chances are from what came true."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Bin", "Claim", "expected_calibration_error", "reliability"]

BINS = 10


@dataclass(frozen=True, slots=True)
class Claim:
    """A value that was reported with a confidence, and whether it was right; ``weight``: how much it counts."""

    confidence: float
    right: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Bin:
    """The claims between two confidences: how many, their weight, what they claimed on average, and what was right."""

    low: float
    high: float
    claims: int
    weight: float
    confidence: float
    right: float


def reliability(claims: Iterable[Claim]) -> tuple[Bin, ...]:
    """Return the ten bins of equal width that hold claims."""
    groups: dict[int, list[Claim]] = {}
    for claim in claims:
        groups.setdefault(min(BINS - 1, int(claim.confidence * BINS)), []).append(claim)
    return tuple(_bin(number, group) for number, group in sorted(groups.items()))


def _bin(number: int, group: Sequence[Claim]) -> Bin:
    weight = sum(claim.weight for claim in group)
    return Bin(
        low=number / BINS,
        high=(number + 1) / BINS,
        claims=len(group),
        weight=weight,
        confidence=sum(claim.weight * claim.confidence for claim in group) / weight,
        right=sum(claim.weight * claim.right for claim in group) / weight,
    )


def expected_calibration_error(claims: Iterable[Claim]) -> float | None:
    """Return the mean distance between confidence and share of right values over the bins, weighted; None without claims."""
    bins = reliability(claims)
    if not bins:
        return None
    return sum(each.weight * abs(each.confidence - each.right) for each in bins) / sum(each.weight for each in bins)
