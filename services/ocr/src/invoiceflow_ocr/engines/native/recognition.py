"""From the picture of a page to words: orientation, resolution, crops, words with their boxes."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from invoiceflow_ocr.engines.native.networks import Networks, Reading
from invoiceflow_ocr.engines.native.word_cutting import cut
from invoiceflow_ocr.lines import Fragment

__all__ = ["Recogniser", "Recognition", "text_height"]

LEAST_CONFIDENCE = 0.5
"""Lines that are read with less are pictures or dirt."""

READABLE_HEIGHT = 9.0
"""Rows of a small letter with which the detector fits its boxes closely; with 5.5 it still finds the lines, but looser
boxes make the letters in them smaller, and one word in forty is lost."""

SHARP_HEIGHT = 11.0
"""Rows of a small letter with which a picture may be made smaller before it is read."""

LARGEST_SIDE = 2000
"""Pictures with more pixels are made smaller, unless their letters are small."""

UNSURE = 0.75
"""A page that is read with less confidence may be upside down."""

PROBES = 6
"""So many of the longest lines tell whether a page is upside down."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was read on a picture."""

    fragments: list[Fragment]
    """Words in pixels of the picture once it is turned upright and its skew is taken out."""
    aside: list[list[Fragment]]
    """Lines that run up or down the page, in pixels of the upright picture."""
    rotation: int
    """Clockwise degrees by which the picture was turned: 0, 90, 180, 270."""
    skew: float
    """Degrees clockwise by which lines run off the horizontal."""
    width: int
    """Columns of the upright picture."""
    height: int


class Recogniser:
    """Reads pictures; loads its models with the first one."""

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads
        self._networks: Networks | None = None

    def warm_up(self) -> None:
        """Load the models."""
        self._loaded()

    def read(self, image: Any, *, known: Sequence[tuple[float, float, float, float]] | None = None) -> Recognition:
        """Read a picture (BGR, rows by columns by 3).

        Args:
            image: the picture.
            known: rectangles in pixels whose text is known already: nothing is read there. A picture of which
                anything is known, be it only that no text is, is taken to be upright.
        """
        networks = self._loaded()
        image, shrunk = _sized(image)
        scale = _detection_scale(image)
        boxes = networks.detect(image, scale)
        rotation = 0
        if known is not None:
            boxes = _uncovered(boxes, image.shape[:2], [tuple(side * shrunk for side in area) for area in known])
        elif _is_sideways(boxes):
            image, rotation = _turned(image, 90), 90
            boxes = networks.detect(image, scale)
        upright, vertical = _by_direction(boxes)
        crops = [_crop(image, box) for box in upright]
        readings = networks.read(crops)
        if known is None and _is_upside_down(networks, crops, readings):
            image, rotation = _turned(image, 180), rotation + 180
            upright, vertical = _opposite(upright, image.shape), _opposite(vertical, image.shape)
            crops = [_crop(image, box) for box in upright]
            readings = networks.read(crops)
        skew = _skew(upright)
        fragments = [
            fragment
            for box, crop, reading in zip(upright, crops, readings, strict=True)
            if reading.confidence >= LEAST_CONFIDENCE
            for fragment in cut(reading, crop, _edges(box, skew))
        ]
        aside = [line for box in vertical if (line := _read_vertical(networks, image, box))]
        height, width = image.shape[:2]
        return Recognition(
            fragments=[fragment.scaled(1 / shrunk) for fragment in fragments],
            aside=[[fragment.scaled(1 / shrunk) for fragment in line] for line in aside],
            rotation=rotation,
            skew=skew,
            width=round(width / shrunk),
            height=round(height / shrunk),
        )

    def _loaded(self) -> Networks:
        if self._networks is None:
            self._networks = Networks(self._threads)
        return self._networks


def text_height(image: Any) -> float:
    """Return how many rows small letters of the page have (a low quartile over its dark spots), 0 where there are none."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    _, ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    if ink.mean() > 127:  # light text on a dark page
        ink = 255 - ink
    _, _, spots, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    widths, heights, areas = spots[1:, cv2.CC_STAT_WIDTH], spots[1:, cv2.CC_STAT_HEIGHT], spots[1:, cv2.CC_STAT_AREA]
    letters = heights[(heights >= 4) & (heights <= 100) & (widths >= 2) & (widths <= 3 * heights) & (areas >= 10)]
    return float(np.percentile(letters, 25)) if len(letters) >= 10 else 0.0


def _sized(image: Any) -> tuple[Any, float]:
    """The picture, made smaller where it has more pixels than its letters need; and by how much."""
    import cv2  # noqa: PLC0415

    longest = max(image.shape[:2])
    if longest <= LARGEST_SIDE:
        return image, 1.0
    letters = text_height(image)
    shrunk = min(1.0, max(LARGEST_SIDE / longest, SHARP_HEIGHT / letters if letters else 0.0))
    if shrunk > 0.9:
        return image, 1.0
    return cv2.resize(image, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA), shrunk


def _detection_scale(image: Any) -> float:
    """How far the picture may shrink before its lines are lost."""
    letters = text_height(image)
    longest = max(image.shape[:2])
    wanted = READABLE_HEIGHT / letters if letters else 1.0
    return float(
        min(max(wanted, 736 / longest if longest > 736 else 1.0), 2.0, 2200 / longest if longest > 2200 else 2.0)
    )


def _is_sideways(boxes: Sequence[Any]) -> bool:
    """Whether most of the text stands on end."""
    lying = standing = 0.0
    for box in boxes:
        across, down = _sides(box)
        if across > 1.5 * down:
            lying += across
        elif down > 1.5 * across:
            standing += down
    return standing > 2 * lying


def _is_upside_down(networks: Networks, crops: Sequence[Any], readings: Sequence[Reading]) -> bool:
    letters = sum(len(reading.text) for reading in readings)
    if letters < 8 or sum(sum(reading.confidences) for reading in readings) / letters >= UNSURE:
        return False
    probes = sorted(range(len(crops)), key=lambda index: -crops[index].shape[1])[:PROBES]
    turned = networks.read([crops[index][::-1, ::-1] for index in probes])
    as_is = statistics.fmean(readings[index].confidence for index in probes)
    return statistics.fmean(reading.confidence for reading in turned) > as_is + 0.1


def _by_direction(boxes: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Boxes of lines that lie, and of those that stand; a single narrow character does not stand."""
    lying: list[Any] = []
    standing: list[Any] = []
    heights = [down for across, down in map(_sides, boxes) if across > down]
    usual = statistics.median(heights) if heights else math.inf
    for box in boxes:
        across, down = _sides(box)
        (standing if down >= 1.5 * across and down > 2 * usual else lying).append(box)
    return lying, standing


def _uncovered(boxes: Sequence[Any], shape: Sequence[int], known: Sequence[tuple[float, ...]]) -> list[Any]:
    """The boxes of which less than a third lies under what is known."""
    import numpy as np  # noqa: PLC0415

    covered = np.zeros(shape, dtype=np.float32)
    for x0, y0, x1, y1 in known:
        covered[max(0, int(y0)) : max(0, int(y1) + 1), max(0, int(x0)) : max(0, int(x1) + 1)] = 1
    free = []
    for box in boxes:
        x0, y0, x1, y1 = (max(0, int(side)) for side in (*box.min(axis=0), *box.max(axis=0)))
        if covered[y0 : y1 + 1, x0 : x1 + 1].mean() < 1 / 3:
            free.append(box)
    return free


def _sides(box: Any) -> tuple[float, float]:
    """Length along the line and across it."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = box.tolist()
    across = max(math.hypot(bx - ax, by - ay), math.hypot(cx - dx, cy - dy))
    down = max(math.hypot(dx - ax, dy - ay), math.hypot(cx - bx, cy - by))
    return max(1.0, across), max(1.0, down)


def _crop(image: Any, box: Any) -> Any:
    """The part of the picture in the box, straightened."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    across, down = (max(2, int(side)) for side in _sides(box))
    target = np.array([[0, 0], [across, 0], [across, down], [0, down]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(box, target)
    return cv2.warpPerspective(image, matrix, (across, down), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC)


def _turned(image: Any, clockwise: int) -> Any:
    import numpy as np  # noqa: PLC0415

    return np.ascontiguousarray(np.rot90(image, -clockwise // 90))


def _opposite(boxes: Sequence[Any], shape: Sequence[int]) -> list[Any]:
    """The boxes on the picture turned by 180 degrees."""
    import numpy as np  # noqa: PLC0415

    size = np.array([shape[1], shape[0]], dtype=np.float32)
    return [np.roll(size - box, 2, axis=0) for box in boxes]


def _skew(boxes: Sequence[Any]) -> float:
    """The median slope of long lines, in degrees."""
    slopes = []
    for box in boxes:
        across, down = _sides(box)
        if across > 4 * down:
            (ax, ay), (bx, by), (cx, cy), (dx, dy) = box.tolist()
            slopes.append(math.degrees(math.atan2((by + cy - ay - dy) / 2, (bx + cx - ax - dx) / 2)))
    skew = statistics.median(slopes) if slopes else 0.0
    return skew if 0.05 < abs(skew) < 20 else 0.0


def _edges(box: Any, skew: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a box once the skew is taken out."""
    cos, sin = math.cos(math.radians(skew)), math.sin(math.radians(skew))
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = ((x * cos + y * sin, y * cos - x * sin) for x, y in box.tolist())
    return (ax + dx) / 2, (ay + by) / 2, (bx + cx) / 2, (cy + dy) / 2


def _read_vertical(networks: Networks, image: Any, box: Any) -> list[Fragment]:
    """Read a line that stands, upwards and downwards, and take what is surer."""
    crop = _crop(image, box)
    crops = (_turned(crop, 90), _turned(crop, 270))
    upwards, downwards = networks.read(crops)
    if max(upwards.confidence, downwards.confidence) < LEAST_CONFIDENCE:
        return []
    (x0, y0), (x1, y1) = box.min(axis=0).tolist(), box.max(axis=0).tolist()
    if upwards.confidence >= downwards.confidence:
        words = cut(upwards, crops[0], (-y1, x0, -y0, x1))
        spans = [(-word.x1, -word.x0) for word in words]
    else:
        words = cut(downwards, crops[1], (y0, x0, y1, x1))
        spans = [(word.x0, word.x1) for word in words]
    return [
        Fragment(word.text, x0, x1, start, end, end, word.size, confidence=word.confidence)
        for word, (start, end) in zip(words, spans, strict=True)
    ]
