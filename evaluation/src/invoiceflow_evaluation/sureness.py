"""How far an engine's confidence can be trusted, and how right what passes without review is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from invoiceflow_evaluation.aggregate import Scored
from invoiceflow_evaluation.pipeline import Extracted
from invoiceflow_evaluation.pointers import POINTERS
from invoiceflow_evaluation.reliability import Bin, Claim, expected_calibration_error, reliability
from invoiceflow_evaluation.scoring import HEADER, Outcome

__all__ = ["Sureness", "as_figures", "sureness"]


@dataclass(frozen=True)
class Sureness:
    """The header values of a group of documents: what was claimed of them, and what held."""

    values: int
    error: float | None
    """Expected calibration error; None without values."""
    bins: tuple[Bin, ...]
    documents: int
    passed: int
    """Documents that no person would have looked at."""
    passed_values: int
    passed_right: int

    @property
    def passed_share(self) -> float | None:
        """Right among the header values of what passed; None where nothing did."""
        return self.passed_right / self.passed_values if self.passed_values else None


def sureness(documents: Iterable[tuple[Scored, Extracted]]) -> Sureness:
    """Return what was claimed of the documents' header values, and what held."""
    group = list(documents)
    claims = [claim for scored, extracted in group for claim in _claims(scored, extracted)]
    passed = [one for one in group if one[1].invoice is not None and not one[1].needs_review]
    given = [
        field.outcome is Outcome.CORRECT
        for scored, _ in passed
        for name, field in scored.score.fields.items()
        if name in HEADER and field.given is not None
    ]
    return Sureness(
        values=len(claims),
        error=expected_calibration_error(claims),
        bins=reliability(claims),
        documents=len(group),
        passed=len(passed),
        passed_values=len(given),
        passed_right=sum(given),
    )


def _claims(scored: Scored, extracted: Extracted) -> Iterator[Claim]:
    for name, field in scored.score.fields.items():
        evidence = extracted.evidence.get(POINTERS[name])
        if name in HEADER and field.given is not None and evidence is not None:
            yield Claim(evidence.confidence, field.outcome is Outcome.CORRECT)


def as_figures(found: Sureness) -> dict[str, Any]:
    """Return it for JSON."""
    return {
        "values": found.values,
        "calibration_error": None if found.error is None else round(found.error, 4),
        "bins": [
            {
                "from": one.low,
                "to": one.high,
                "values": one.claims,
                "claimed": round(one.confidence, 4),
                "right": round(one.right, 4),
            }
            for one in found.bins
        ],
        "documents": found.documents,
        "passed": found.passed,
        "passed_values": found.passed_values,
        "passed_right": found.passed_right,
    }
