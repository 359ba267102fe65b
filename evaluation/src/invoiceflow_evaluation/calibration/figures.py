"""What the cross-validation found, as figures."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from invoiceflow_evaluation.calibration.examples import Example
from invoiceflow_evaluation.calibration.fitting import Judged
from invoiceflow_evaluation.reliability import Bin, Claim, expected_calibration_error, reliability
from invoiceflow_extract.calibration import Calibration

__all__ = ["Group", "TradeOff", "groups", "trade_offs"]


@dataclass(frozen=True, slots=True)
class Group:
    """The documents of one source, with the calibration of their header values before and after."""

    source: str
    documents: int
    layouts: int
    values: int
    right: float
    error_before: float
    error: float
    bins_before: tuple[Bin, ...]
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class TradeOff:
    """What passes at a target: of ``documents`` those at or above ``threshold``, and how right their header values are."""

    target: float
    threshold: float
    source: str
    documents: int
    passed: int
    values: int
    right: int


def groups(judged: Sequence[Judged]) -> tuple[Group, ...]:
    """Return the figures by source, in the order of the sources."""
    return tuple(_group(source, members) for source, members in _by_source(judged).items())


def _by_source(judged: Iterable[Judged]) -> Mapping[str, list[Judged]]:
    sources: dict[str, list[Judged]] = {}
    for one in judged:
        sources.setdefault(one.document.source.name, []).append(one)
    return sources


def _group(source: str, members: Sequence[Judged]) -> Group:
    after = [Claim(chance, example.right, one.weight) for one in members for example, chance in _header(one)]
    before = [
        Claim(_score(example.signals), example.right, one.weight) for one in members for example, _ in _header(one)
    ]
    return Group(
        source=source,
        documents=len(members),
        layouts=len({one.document.layout for one in members}),
        values=len(after),
        right=sum(claim.weight * claim.right for claim in after) / sum(claim.weight for claim in after),
        error_before=expected_calibration_error(before) or 0.0,
        error=expected_calibration_error(after) or 0.0,
        bins_before=reliability(before),
        bins=reliability(after),
    )


def _header(one: Judged) -> Iterator[tuple[Example, float]]:
    return ((example, chance) for example, chance in one.values if example.header)


def _score(found: Mapping[str, float]) -> float:
    return 1 / (1 + math.exp(-found.get("score", 0.0)))


def trade_offs(judged: Sequence[Judged], table: Calibration, targets: Sequence[float]) -> Iterator[TradeOff]:
    """Yield for each target and source what passes, by chances of fits that had not seen the layout."""
    for target in targets:
        threshold = table.threshold(target)
        for source, members in _by_source(judged).items():
            passed = [one for one in members if one.confidence and one.confidence >= threshold]
            header = [example.right for one in passed for example, _ in _header(one)]
            yield TradeOff(target, threshold, source, len(members), len(passed), len(header), sum(header))
