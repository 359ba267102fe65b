"""A handful of measurements in a few numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Distribution"]


@dataclass(frozen=True)
class Distribution:
    """Measurements of one thing, in ascending order; at least one."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> "Distribution":
        """Return the distribution of ``values``.

        Raises:
            ValueError: there are none.
        """
        if not values:
            raise ValueError("nothing was measured")
        return cls(tuple(sorted(values)))

    def percentile(self, percent: float) -> float:
        """Return the smallest measurement that ``percent`` of all do not exceed (nearest rank); always one that was made."""
        rank = max(1, math.ceil(percent / 100 * len(self.values)))
        return self.values[rank - 1]

    @property
    def median(self) -> float:
        return self.percentile(50)

    def summary(self) -> dict[str, float]:
        """Return minimum, median, 90th and 99th percentile, and maximum."""
        return {
            "min": self.values[0],
            "p50": self.median,
            "p90": self.percentile(90),
            "p99": self.percentile(99),
            "max": self.values[-1],
        }
