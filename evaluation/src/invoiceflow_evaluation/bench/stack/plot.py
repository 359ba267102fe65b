"""A bar chart as SVG, readable on light and on dark pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from statistics import median
from typing import Any

__all__ = ["Bar", "bar_chart", "stack_plot"]

_WIDTH, _LABELS, _ROW, _BAR, _TOP = 760, 250, 26, 16, 34
_OURS, _THEIRS = "#2f6fb3", "#9a9a9a"


@dataclass(frozen=True)
class Bar:
    """One bar."""

    label: str
    value: float
    ours: bool = True


def stack_plot(figures: Mapping[str, Any]) -> str:
    """Return the chart of documents a second, each kind in a scale of its own."""
    einvoices = [Bar("e-invoices", median(run["rate_shown"] for run in figures["einvoices"]))]
    text = [Bar(f"text pages, {readers} OCR workers", run["rate_shown"]) for readers, run in figures["text"].items()]
    text.append(Bar("bare docling alone", max(figures["docling"]), ours=False))
    scans = [
        Bar(f"scanned pages, {readers.partition('/')[0]} OCR workers", run["rate_shown"])
        for readers, run in figures["scans"].items()
        if readers.endswith("/0")
    ]
    scans.append(Bar("bare RapidOCR alone", max(figures["rapidocr"]), ours=False))
    return bar_chart("Documents a second, end to end", [einvoices, text, scans])


def bar_chart(title: str, groups: Sequence[Sequence[Bar]]) -> str:
    """Return the SVG: a group below the other, the longest bar of each over the whole width."""
    parts: list[str] = []
    top = _TOP
    for group in groups:
        longest = max(bar.value for bar in group)
        for bar in group:
            width = max(1.0, (_WIDTH - _LABELS - 80) * bar.value / longest)
            middle = top + _BAR - 4
            parts += [
                f'<text x="{_LABELS - 8}" y="{middle}" text-anchor="end">{escape(bar.label)}</text>',
                f'<rect x="{_LABELS}" y="{top}" width="{width:.1f}" height="{_BAR}" fill="{_OURS if bar.ours else _THEIRS}"/>',
                f'<text x="{_LABELS + width + 6:.1f}" y="{middle}">{bar.value:.3g}</text>',
            ]
            top += _ROW
        top += _ROW // 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        "<style>text{font:13px sans-serif;fill:#444}@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>\n"
        f'<text x="8" y="18" font-weight="bold">{escape(title)}</text>\n' + "\n".join(parts) + "\n</svg>\n"
    )
