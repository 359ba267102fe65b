"""The characters of a born-digital PDF page, straight from pypdfium2.

pdfium hands over characters in the order of the content stream, with their box, origin and matrix. They are put
together to fragments here; ``invoiceflow_ocr.lines`` makes words and lines of them. One call per character and
value is what costs the time, so that angle and size are asked for only where a fragment begins, and what is asked
for every character is asked without ctypes' checks (``_unchecked``).
"""

import ctypes
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from invoiceflow_ocr.lines import WORD_GAP, Fragment

__all__ = ["Frame", "PageText", "read_characters"]

SPACES = frozenset(
    [0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
)
WITHOUT_SHAPE = frozenset([0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0xFEFF])
HYPHENS = frozenset([0x02, 0xAD])
"""pdfium's own mark for a hyphen at the end of a line, and the soft hyphen, which is printed when it stands there."""

LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}

REPLACEMENT = "\ufffd"
"""Stands for a character that means nothing."""

SMALLEST = 1.0
"""Characters of a smaller size in points cannot be read on the page; they are not part of what a person sees."""

INVISIBLE_MODES = (3, 7)
"""Text rendering modes that print nothing (ISO 32000-2, 9.3.6)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How page space maps to the page as a person sees it: ``x' = a*x + c*y + e``, ``y' = b*x + d*y + f``."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float
    width: float
    height: float

    @classmethod
    def of_box(cls, box: tuple[float, float, float, float], rotation: int) -> "Frame":
        """The visible box (left, bottom, right, top) of a page turned clockwise by ``rotation`` degrees (0, 90, 180, 270)."""
        left, bottom, right, top = box
        if rotation == 90:
            return cls(0, 1, 1, 0, -bottom, -left, top - bottom, right - left)
        if rotation == 180:
            return cls(-1, 0, 0, 1, right, -bottom, right - left, top - bottom)
        if rotation == 270:
            return cls(0, -1, -1, 0, top, right, top - bottom, right - left)
        return cls(1, 0, 0, -1, -left, top, right - left, top - bottom)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of page space is seen."""
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    def along(self, angle: float) -> "Frame":
        """The frame in which text that runs at ``angle`` (radians, clockwise from the right) is upright."""
        cos, sin = math.cos(angle), math.sin(angle)
        return Frame(
            self.a * cos + self.b * sin,
            self.b * cos - self.a * sin,
            self.c * cos + self.d * sin,
            self.d * cos - self.c * sin,
            self.e * cos + self.f * sin,
            self.f * cos - self.e * sin,
            self.width,
            self.height,
        )

    def angle_of(self, a: float, b: float) -> int:
        """The direction, in whole degrees clockwise from the right as seen, of text whose matrix begins with ``a b``."""
        across, down = self.a * a + self.c * b, self.b * a + self.d * b
        return round(math.degrees(math.atan2(down, across))) % 360


@dataclass(slots=True)
class PageText:
    """What the text layer of a page holds."""

    fragments: list[Fragment] = field(default_factory=list)
    """Text in the direction that was asked for, in points from the top left of the frame in which it is upright."""
    turned: Counter[int] = field(default_factory=Counter)
    """Characters that run in another direction: degrees to how many."""
    characters: int = 0
    """Characters without white space, in any direction."""
    unmapped: int = 0
    """Of these, how many mean nothing: no Unicode value, private use, control codes."""

    @property
    def upright(self) -> int:
        """How many characters run in the direction that was asked for."""
        return self.characters - self.turned.total()


def read_characters(text_page: Any, frame: Frame, *, angle: int = 0, hidden: bool | None = None) -> PageText:
    """Collect the characters that run at ``angle`` (degrees, as seen) into fragments.

    Args:
        text_page: a raw ``FPDF_TEXTPAGE``.
        frame: how the page is seen.
        angle: fragments are made of text in this direction; other directions are only counted.
        hidden: None where no character of the page can be hidden; otherwise whether to take the
            characters that print nothing (True) or those that print (False).
    """
    import pypdfium2.raw as pdfium  # noqa: PLC0415 - a child that only meets Office files needs no pdfium

    collector = _Collector(pdfium, text_page, frame, angle)
    get_unicode, is_generated = _unchecked(pdfium.FPDFText_GetUnicode), pdfium.FPDFText_IsGenerated
    for index in range(pdfium.FPDFText_CountChars(text_page)):
        code = get_unicode(text_page, index)
        if code in SPACES:
            # A space that pdfium made up says no more than the gap does.
            collector.end_fragment(spaced=not is_generated(text_page, index))
        elif code in WITHOUT_SHAPE or (hidden is not None and _is_hidden(pdfium, text_page, index) is not hidden):
            continue
        else:
            collector.add(index, code)
    collector.result.fragments = [f for f in collector.result.fragments if f.text.strip(REPLACEMENT)]
    return collector.result


class _Collector:
    """Puts characters together to fragments, in the order in which they come."""

    def __init__(self, pdfium: Any, text_page: Any, frame: Frame, angle: int) -> None:
        self.result = PageText()
        self._pdfium = pdfium
        self._text_page = text_page
        self._frame = frame
        self._angle = angle
        self._upright = frame.along(math.radians(angle)) if angle else frame
        self._box, self._matrix = pdfium.FS_RECTF(), pdfium.FS_MATRIX()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._arguments = (ctypes.byref(self._box), ctypes.byref(self._x), ctypes.byref(self._y))
        self._get_box = _unchecked(pdfium.FPDFText_GetLooseCharBox)
        self._get_origin = _unchecked(pdfium.FPDFText_GetCharOrigin)
        self._fragment: Fragment | None = None
        self._last = (0.0, 0.0, 0)
        """Left and right edge and code of the last character."""

    def end_fragment(self, *, spaced: bool) -> None:
        if self._fragment is not None and spaced:
            self._fragment.spaced = True
        self._fragment = None

    def add(self, index: int, code: int) -> None:
        frame, box = self._upright, self._box
        box_ref, x_ref, y_ref = self._arguments
        self._get_box(self._text_page, index, box_ref)
        self._get_origin(self._text_page, index, x_ref, y_ref)
        x, y = self._x.value, self._y.value
        baseline = frame.b * x + frame.d * y + frame.f
        left = frame.a * box.left + frame.c * box.bottom + frame.e
        right = frame.a * box.right + frame.c * box.top + frame.e
        if self._angle % 90:
            left, right = self._slanted_edges(index)
        elif left > right:
            left, right = right, left
        fragment = self._fragment
        if fragment is not None and abs(baseline - fragment.baseline) <= 0.1 * fragment.size:
            last_left, last_right, last_code = self._last
            if abs(left - last_left) < 0.01 and abs(right - last_right) < 0.01:
                # A ligature comes as several characters in the box of its one glyph; "ff" is the only one to repeat.
                if code != last_code or code == ord("f"):
                    fragment.text += self._text(code)
                    self._last = (left, right, code)
                return
            if code == last_code and abs(left - last_left) < 0.5 * (last_right - last_left):
                return  # printed twice, a little apart, for a bold face
            if -0.3 * fragment.size <= left - fragment.x1 <= WORD_GAP * fragment.size:
                fragment.text += self._text(code)
                fragment.x1 = max(fragment.x1, right)
                self._last = (left, right, code)
                return
        self._begin(index, code, left, right, baseline)

    def _slanted_edges(self, index: int) -> tuple[float, float]:
        """Where a slanted character begins and ends along its line, from its origin and the box around its box."""
        frame, box = self._upright, self._box
        begin = frame.a * self._x.value + frame.c * self._y.value + frame.e
        self._pdfium.FPDFText_GetMatrix(self._text_page, index, ctypes.byref(self._matrix))
        size = self._pdfium.FPDFText_GetFontSize(self._text_page, index) * math.hypot(self._matrix.c, self._matrix.d)
        # The sides of a box of w by h around which stands one of W by H: w + h = (W + H) / (|cos| + |sin|).
        slant = math.radians(self._angle)
        both = (box.right - box.left + box.top - box.bottom) / (abs(math.cos(slant)) + abs(math.sin(slant)))
        return begin, begin + min(max(both - 1.1 * size, 0.2 * size), 1.2 * size)

    def _begin(self, index: int, code: int, left: float, right: float, baseline: float) -> None:
        self._fragment = None
        if not self._is_on_page():
            return
        self._pdfium.FPDFText_GetMatrix(self._text_page, index, ctypes.byref(self._matrix))
        direction = self._frame.angle_of(self._matrix.a, self._matrix.b)
        if abs((direction - self._angle + 180) % 360 - 180) > 1:
            self.result.characters += 1
            self.result.turned[direction] += 1
            return
        size = self._pdfium.FPDFText_GetFontSize(self._text_page, index) * math.hypot(self._matrix.c, self._matrix.d)
        if size < SMALLEST:
            return
        frame, box = self._upright, self._box
        top = frame.b * box.left + frame.d * box.top + frame.f
        bottom = frame.b * box.right + frame.d * box.bottom + frame.f
        if top > bottom:
            top, bottom = bottom, top
        if self._angle % 90 or not 0.5 * size <= bottom - top <= 2 * size:
            # Type 3 fonts and slanted text have no usable height; these are the usual ascent and descent.
            top, bottom = baseline - 0.8 * size, baseline + 0.2 * size
        self._fragment = Fragment(self._text(code), left, right, top, bottom, baseline, size)
        self.result.fragments.append(self._fragment)
        self._last = (left, right, code)

    def _is_on_page(self) -> bool:
        x, y = self._frame.point(self._x.value, self._y.value)
        return -1 <= x <= self._frame.width + 1 and -1 <= y <= self._frame.height + 1

    def _text(self, code: int) -> str:
        self.result.characters += 1
        if 0x20 < code < 0x7F:
            return chr(code)
        if code in HYPHENS:
            return "-"
        if (
            code < 0x20
            or 0x7F <= code < 0xA0
            or 0xD800 <= code < 0xF900  # surrogates and private use
            or code >= 0xF0000
            or 0xFFFD <= code <= 0xFFFF
        ):
            self.result.unmapped += 1
            return REPLACEMENT
        return LIGATURES.get(code) or chr(code)


def _unchecked(function: Any) -> Any:
    """The same function of pdfium, without comparing each argument with its prototype, which takes longer than the call.

    Every argument must be an object of ctypes, or an integer for an ``int``.
    """
    address: Any = ctypes.cast(function, ctypes.c_void_p).value
    return ctypes.CFUNCTYPE(function.restype)(address)


def _is_hidden(pdfium: Any, text_page: Any, index: int) -> bool:
    text_object = pdfium.FPDFText_GetTextObject(text_page, index)
    return bool(text_object) and pdfium.FPDFTextObj_GetTextRenderMode(text_object) in INVISIBLE_MODES
