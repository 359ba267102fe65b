"""How much a recognised page is turned, so that its rows can be told apart.

One degree moves the right end of a row by more than the distance of two rows of small print.
"""

from collections import Counter
from statistics import median

from invoiceflow_contracts.layout import Page

__all__ = ["slope_of"]

_STEEPEST = 0.06  # about three and a half degrees; what is steeper is straightened before it is read
_STEPS = 60
_BIN = 0.4  # of the usual line height
_GAIN = 1.04  # by which a slope must be better than none
_FEWEST = 12  # lines that tell anything


def slope_of(page: Page) -> float:
    """Return by how many points the rows of ``page`` fall for each point to the right.

    Of all slopes the one is best that puts most lines at one height with others.
    """
    boxes = [line.box for line in page.lines]
    if len(boxes) < _FEWEST:
        return 0.0
    points = [((box.x0 + box.x1) / 2 * page.width, (box.y0 + box.y1) / 2 * page.height) for box in boxes]
    size = max(1.0, _BIN * median(box.height for box in boxes) * page.height)
    slopes = [_STEEPEST * step / _STEPS for step in range(-_STEPS, _STEPS + 1)]
    scores = {slope: _together(points, slope, size) for slope in slopes}
    best = max(slopes, key=lambda slope: (scores[slope], -abs(slope)))
    return best if scores[best] > _GAIN * scores[0.0] else 0.0


def _together(points: list[tuple[float, float]], slope: float, size: float) -> float:
    """Return how many pairs of ``points`` share a row when rows have ``slope``, whatever the rows' phase."""
    score = 0.0
    for phase in (0.0, 0.5):
        rows = Counter(int((y - slope * x) / size + phase) for x, y in points)
        score += sum(count * count for count in rows.values())
    return score
