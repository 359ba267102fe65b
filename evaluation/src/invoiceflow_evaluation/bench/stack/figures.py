"""The figures as plain data: what is kept as JSON, and what the page is made from."""

from collections.abc import Mapping
from typing import Any

from invoiceflow_evaluation.bench.distribution import Distribution
from invoiceflow_evaluation.bench.stack.light import Waits
from invoiceflow_evaluation.bench.stack.measuring import Soak, StackFigures
from invoiceflow_evaluation.bench.stack.runs import Run

__all__ = ["soak_figures", "stack_figures"]

Json = dict[str, Any]


def stack_figures(found: StackFigures) -> Json:
    """Return everything that was measured."""
    return {
        "read_model": found.read_model,
        "docling": found.docling,
        "rapidocr": found.rapidocr,
        "einvoices": [_run(run) for run in found.einvoices],
        "text": {readers: _run(run) for readers, run in found.text.items()},
        "scans": {readers: _run(run) for readers, run in found.scans.items()},
        "light": {kind: _waits(waits) for kind, waits in found.light.items()},
        "loaded": {kind: _run(run) for kind, run in found.loaded.items()},
    }


def soak_figures(found: Soak) -> Json:
    """Return everything that was measured."""
    return {
        "part": found.part,
        "rates": [run.rate_shown for run in found.runs],
        "memory": found.memory,
        "growth": found.growth(),
    }


def _run(run: Run) -> Json:
    return {
        "documents": run.documents,
        "rate_accepted": run.rate_accepted,
        "rate_extracted": run.rate_extracted,
        "rate_shown": run.rate_shown,
        "accepted": _distribution(run.accepted),
        "extracted": _distribution(run.extracted),
        "cpu_ms": run.cpu_seconds * 1000 / run.documents,
        "client_cpu_ms": run.client_cpu_seconds * 1000 / run.documents,
        "services": _per_document(run),
    }


def _per_document(run: Run) -> Mapping[str, Json]:
    return {
        service: {
            "cpu_ms": used.cpu_seconds * 1000 / run.documents,
            "received_kb": used.received_bytes / 1000 / run.documents,
            "sent_kb": used.sent_bytes / 1000 / run.documents,
            "memory_mib": used.memory_bytes / 2**20,
        }
        for service, used in sorted(run.usage.items())
    }


def _waits(waits: Waits) -> Json:
    return {
        "documents": len(waits.seen.values),
        "accepted": _distribution(waits.accepted),
        "extracted": _distribution(waits.extracted),
        "seen": _distribution(waits.seen),
    }


def _distribution(values: Distribution) -> Json:
    return {name: seconds * 1000 for name, seconds in values.summary().items()} | {
        "p95": values.percentile(95) * 1000,
    }
