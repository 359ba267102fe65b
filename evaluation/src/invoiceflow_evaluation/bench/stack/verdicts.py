"""What the stack has to reach, and whether it did."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

__all__ = ["Verdict", "soak_verdicts", "stack_verdicts"]

EINVOICES_A_SECOND = 60.0
TEXT_RATIO, SCAN_RATIO = 1.0, 1.5
LIGHT_MEDIAN_MS, LIGHT_P99_MS = 300.0, 1000.0
SOAK_GROWTH = 1.2
OURS = ("ingest", "ocr", "extract", "query", "gateway")
"""Whose memory is ours to answer for: Kafka, MinIO and MongoDB hold what they were given, and fill caches up to their limits."""


@dataclass(frozen=True)
class Verdict:
    """A target and what was found."""

    what: str
    target: str
    found: str
    met: bool


def stack_verdicts(figures: Mapping[str, Any]) -> list[Verdict]:
    """Return how the figures of the stack stand to their targets."""
    docling, rapidocr = max(figures["docling"]), max(figures["rapidocr"])
    einvoices = median(run["rate_shown"] for run in figures["einvoices"])
    text = max(run["rate_shown"] for run in figures["text"].values())
    scans = max(run["rate_shown"] for run in figures["scans"].values())
    waits = figures["light"]["text"]
    return [
        Verdict(
            "e-invoices a second, end to end",
            f"at least {EINVOICES_A_SECOND:g}",
            f"{einvoices:.1f}",
            einvoices >= EINVOICES_A_SECOND,
        ),
        Verdict(
            "text pages a second, end to end, over bare docling alone",
            f"at least {TEXT_RATIO:g} times",
            f"{text / docling:.2f} times",
            text / docling >= TEXT_RATIO,
        ),
        Verdict(
            "scanned pages a second, end to end, over bare RapidOCR alone",
            f"at least {SCAN_RATIO:g} times",
            f"{scans / rapidocr:.2f} times",
            scans / rapidocr >= SCAN_RATIO,
        ),
        *(
            Verdict(
                f"upload to invoice.extracted of a text page at light load, {name}",
                f"at most {limit:g} ms",
                f"{waits['extracted'][name]:.0f} ms",
                waits["extracted"][name] <= limit,
            )
            for name, limit in (("p50", LIGHT_MEDIAN_MS), ("p99", LIGHT_P99_MS))
        ),
    ]


def soak_verdicts(figures: Mapping[str, Any]) -> list[Verdict]:
    """Return how the memory of each of our services has grown."""
    return [
        Verdict(
            f"memory of {service} at the end over that after the first {figures['part']}",
            f"at most {SOAK_GROWTH:g} times",
            f"{growth:.2f} times",
            growth <= SOAK_GROWTH,
        )
        for service, growth in figures["growth"].items()
        if service in OURS
    ]
