"""The fitted table: how much each signal counts, and how right is what passes from which confidence on.

A value's log-odds are the sum of a constant, its family's own share and its signals, each times its weight; so why a value
got its confidence can be read from a handful of addends. The table is ``calibration.json``, written by ``make calibrate``.
"""

import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from invoiceflow_contracts.extraction import Method
from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.calibration.signals import signals
from invoiceflow_extract.reading import Reading

__all__ = ["Calibration", "Passing", "shipped"]

_LEAST, _MOST = 0.01, 0.995
"""No value read from a page is impossible, and none is beyond doubt."""


class Passing(BaseModel):
    """Of documents whose confidence is at least ``confidence``, the share of header values that is right."""

    model_config = ConfigDict(frozen=True)

    confidence: float = Field(ge=0, le=1)
    precision: float = Field(ge=0, le=1)


class Calibration(BaseModel):
    """Weights in log-odds, and the table that review is decided by."""

    model_config = ConfigDict(frozen=True)

    constant: float
    signals: Mapping[str, float]
    families: Mapping[str, float]
    """A family that is not listed counts 0."""
    passing: tuple[Passing, ...]
    """By rising confidence; the precision rises with it."""

    def addends(self, family: str, found: Mapping[str, float]) -> dict[str, float]:
        """Return what a value's log-odds are made of, by the names of the signals; ``constant`` holds the family's share."""
        weighed = {name: self.signals[name] * value for name, value in found.items() if name in self.signals}
        return {"constant": self.constant + self.families.get(family, 0.0), **weighed}

    def confidence(self, family: str, found: Mapping[str, float]) -> float:
        """Return the chance that a value of ``family`` with these signals is right."""
        log_odds = sum(self.addends(family, found).values())
        return round(min(_MOST, max(_LEAST, 1 / (1 + math.exp(-log_odds)))), 3)

    def apply(self, reading: Reading, layout: Layout) -> Reading:
        """Return the reading with the chance of being right in place of the local engine's scores."""
        evidence = dict(reading.evidence)
        for pointer, family, found in signals(reading, layout):
            if evidence[pointer].method is Method.LOCAL:
                sure = self.confidence(family, found)
                evidence[pointer] = evidence[pointer].model_copy(update={"confidence": sure})
        return Reading(reading.invoice, evidence)

    def threshold(self, target_precision: float) -> float:
        """Return the confidence from which a document passes, so that its header values are right at that rate.

        Above 1, so that no page passes, where no confidence reached the rate on the documents it was fitted on.
        """
        enough = (row.confidence for row in self.passing if row.precision >= target_precision)
        return min(enough, default=math.inf)


@cache
def shipped() -> Calibration:
    """Return the table that comes with the package."""
    text = (files("invoiceflow_extract.calibration") / "calibration.json").read_text(encoding="utf-8")
    return Calibration.model_validate_json(text)
