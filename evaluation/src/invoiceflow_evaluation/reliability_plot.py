"""A reliability diagram as SVG, readable on light and on dark pages."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from invoiceflow_evaluation.reliability import Bin

__all__ = ["reliability_plot"]

_SIZE, _LEFT, _TOP = 360, 64, 40
_COLOURS = ("#9a9a9a", "#2f6fb3", "#c0602b", "#3d8b57")


def reliability_plot(title: str, series: Mapping[str, Sequence[Bin]]) -> str:
    """Return the SVG: confidence to the right, share of right values upwards; a dot's area is the number of values."""
    parts = [*_frame(), *(part for number, item in enumerate(series.items()) for part in _series(number, *item))]
    width, height = _LEFT + _SIZE + 250, _TOP + _SIZE + 52
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        "<style>text{font:13px sans-serif;fill:#444}line,rect{stroke:#999;fill:none}"
        "@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>\n"
        f'<text x="8" y="18" font-weight="bold">{escape(title)}</text>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _frame() -> Iterator[str]:
    bottom, right = _TOP + _SIZE, _LEFT + _SIZE
    yield f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIZE}" height="{_SIZE}"/>'
    yield f'<line x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{_TOP}" stroke-dasharray="4 4"/>'
    for step in range(0, 11, 2):
        at = step / 10
        yield f'<text x="{_LEFT + at * _SIZE:.0f}" y="{bottom + 18}" text-anchor="middle">{at:.1f}</text>'
        yield f'<text x="{_LEFT - 8}" y="{bottom - at * _SIZE + 4:.0f}" text-anchor="end">{at:.1f}</text>'
    yield f'<text x="{_LEFT + _SIZE / 2:.0f}" y="{bottom + 40}" text-anchor="middle">confidence</text>'
    yield f'<text x="14" y="{_TOP + _SIZE / 2:.0f}" text-anchor="middle" transform="rotate(-90 14 {_TOP + _SIZE / 2:.0f})">right</text>'


def _series(number: int, name: str, bins: Sequence[Bin]) -> Iterator[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    points = [(_LEFT + each.confidence * _SIZE, _TOP + (1 - each.right) * _SIZE, each.claims) for each in bins]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    yield f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    for x, y, claims in points:
        radius = min(14.0, max(2.0, claims**0.5 / 2))
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{colour}" fill-opacity="0.6"><title>{claims}</title></circle>'
    y = _TOP + 16 + 22 * number
    yield f'<circle cx="{_LEFT + _SIZE + 20}" cy="{y - 4}" r="5" fill="{colour}"/>'
    yield f'<text x="{_LEFT + _SIZE + 32}" y="{y}">{escape(name)}</text>'
