"""What is not right of a document, one value after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from invoiceflow_contracts.extraction import Evidence
from invoiceflow_evaluation.aggregate import Scored
from invoiceflow_evaluation.pipeline import Extracted
from invoiceflow_evaluation.pointers import POINTERS
from invoiceflow_evaluation.scoring import Outcome

__all__ = ["GOOD", "Mistake", "mistakes"]

GOOD = frozenset({Outcome.CORRECT, Outcome.ABSENT})
"""Outcomes that are no mistakes."""


@dataclass(frozen=True)
class Mistake:
    """A value that is not right, or a document that failed (``field`` is *document* then) or a line (*lines*)."""

    file: str
    field: str
    outcome: str
    expected: str | None
    given: str | None
    evidence: Evidence | None = None
    """Where the value stands that was given."""


def mistakes(scored: Scored, extracted: Extracted) -> Iterator[Mistake]:
    """Yield what is not right of a document: its fields, then lines that are missing, then lines that are not right."""
    file, score, invoice = scored.row.file, scored.score, extracted.invoice
    if extracted.failure is not None or invoice is None:
        yield Mistake(file, "document", "failed", None, extracted.failure)
        return
    for name, field in score.fields.items():
        if field.outcome not in GOOD:
            evidence = extracted.evidence.get(POINTERS[name])
            yield Mistake(file, name, field.outcome.value, field.expected, field.given, evidence)
    for label in score.unmatched_lines:
        yield Mistake(file, "lines", "missing", _line(label.quantity, label.description, label.line_total), None)
    for line in score.surplus_lines:
        index = invoice.lines.index(line)
        places = (extracted.evidence.get(f"/lines/{index}/{name}") for name in ("net", "description"))
        given = _line(line.quantity, line.description, line.net)
        yield Mistake(file, "lines", "wrong", None, given, next(filter(None, places), None))


def _line(quantity: Any, description: str | None, amount: Any) -> str:
    return f"{quantity} | {description!r} | {amount}"
