"""A file on its way: from the disk through the pipeline to an invoice."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from invoiceflow_standalone.cli.resources import Document, InvoiceView, Problem

__all__ = ["Outcome", "Shipment"]

Outcome = Literal["waiting", "sending", "under_way", "sent", "extracted", "known", "failed", "refused", "unfinished"]
"""waiting, sending and under_way pass; the others are final. sent: accepted, and not waited for. known: these bytes
were extracted before. failed: given up by a stage. refused: not accepted. unfinished: still under way when the
command stopped waiting."""


@dataclass(eq=False)
class Shipment:
    """A document that is sent, and what became of it."""

    path: Path
    outcome: Outcome = "waiting"
    document_id: UUID | None = None
    known: bool = False
    document: Document | None = None
    invoice: InvoiceView | None = None
    further: tuple[InvoiceView, ...] = ()
    """The other invoices of a file that holds several."""
    problem: Problem | None = None
    seconds: float | None = None
    """From the begin of the upload until its end was seen."""

    @property
    def over(self) -> bool:
        return self.outcome not in {"waiting", "sending", "under_way"}

    @property
    def well(self) -> bool:
        """Whether a script may go on with it."""
        return self.outcome in {"extracted", "known", "sent"}

    def as_json(self) -> dict[str, Any]:
        """Return the line that ``--json`` prints; amounts are strings."""
        return {
            "file": str(self.path),
            "outcome": self.outcome,
            "document_id": str(self.document_id) if self.document_id else None,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "error": self.problem.model_dump() if self.problem else None,
            **_as_json(self.invoice),
            "further": [{"id": str(each.id), **_as_json(each)} for each in self.further],
        }


def _as_json(view: InvoiceView | None) -> dict[str, Any]:
    return {
        "invoice": view.invoice.model_dump(mode="json") if view else None,
        "findings": [finding.model_dump(mode="json") for finding in view.findings] if view else [],
        "confidence": view.confidence if view else None,
        "needs_review": view.needs_review if view else None,
        "low_confidence": list(view.low_confidence) if view else [],
    }
