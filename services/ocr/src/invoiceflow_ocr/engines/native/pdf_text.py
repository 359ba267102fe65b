"""The characters of a born-digital PDF page, straight from pypdfium2.

pdfium hands over characters in the order of the content stream, with their box, origin and matrix. They are put
together to fragments here; ``invoiceflow_ocr.lines`` makes words and lines of them. One call per character and
value is what costs the time (about half a microsecond each), so that angle and size are asked for only where a
fragment begins.
"""

import ctypes
import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from invoiceflow_ocr.lines import Fragment

__all__ = ["Frame", "PageText", "read_characters"]

SPACES = frozenset(
    [0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
)
INVISIBLE = frozenset([0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xFFFE, 0xFFFF])
HYPHENS = frozenset([0x02, 0xAD])
"""pdfium's own mark for a hyphen at the end of a line, and the soft hyphen, which is printed when it stands there."""

LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}

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
    def of_box(cls, left: float, bottom: float, right: float, top: float, rotation: int) -> "Frame":
        """The visible box of a page turned clockwise by ``rotation`` degrees (0, 90, 180, 270)."""
        if rotation == 90:
            return cls(0, 1, 1, 0, -bottom, -left, top - bottom, right - left)
        if rotation == 180:
            return cls(-1, 0, 0, 1, right, -bottom, right - left, top - bottom)
        if rotation == 270:
            return cls(0, -1, -1, 0, top, right, top - bottom, right - left)
        return cls(1, 0, 0, -1, -left, top, right - left, top - bottom)

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
    """Upright text, in points from the top left."""
    turned: dict[int, int] = field(default_factory=dict)
    """Characters that run in another direction: degrees to how many."""
    characters: int = 0
    """Visible characters without white space, in any direction."""
    unmapped: int = 0
    """Of these, how many have no meaning: no Unicode mapping, private use, control codes."""
    hidden: int = 0
    """Characters that print nothing (rendering mode 3); read only if asked for."""


def read_characters(text_page: Any, frame: Frame, *, angle: int = 0, hidden: bool | None = None) -> PageText:
    """Collect the characters that run at ``angle`` (degrees, as seen) into fragments.

    Args:
        text_page: a raw ``FPDF_TEXTPAGE``.
        frame: how the page is seen.
        angle: fragments are made of text in this direction; other directions are only counted.
        hidden: None where no character of the page can be hidden; otherwise whether to take the
            characters that print nothing (True) or those that print (False).
    """
    import pypdfium2.raw as pdfium  # noqa: PLC0415 - children that only meet Office files need no pdfium

    result = PageText()
    upright = frame.along(math.radians(angle)) if angle else frame
    a, b, c, d, e, f = upright.a, upright.b, upright.c, upright.d, upright.e, upright.f
    box, matrix = pdfium.FS_RECTF(), pdfium.FS_MATRIX()
    origin_x, origin_y = ctypes.c_double(), ctypes.c_double()
    box_ref, matrix_ref = ctypes.byref(box), ctypes.byref(matrix)
    x_ref, y_ref = ctypes.byref(origin_x), ctypes.byref(origin_y)
    get_unicode, get_box, get_origin = (
        pdfium.FPDFText_GetUnicode,
        pdfium.FPDFText_GetLooseCharBox,
        pdfium.FPDFText_GetCharOrigin,
    )
    is_unmapped = pdfium.FPDFText_HasUnicodeMapError
    turned: Counter[int] = Counter()
    fragments = result.fragments
    current: Fragment | None = None
    size = previous_x = previous_width = last_left = last_right = 0.0
    last_code = 0
    for index in range(pdfium.FPDFText_CountChars(text_page)):
        code = get_unicode(text_page, index)
        if code in SPACES:
            if current is not None and not pdfium.FPDFText_IsGenerated(text_page, index):
                current.spaced = True
            current = None
            continue
        if code in INVISIBLE and code not in HYPHENS:
            continue
        if hidden is not None and _is_hidden(pdfium, text_page, index) is not hidden:
            result.hidden += not hidden
            continue
        get_box(text_page, index, box_ref)
        get_origin(text_page, index, x_ref, y_ref)
        x, y = origin_x.value, origin_y.value
        x, y = a * x + c * y + e, b * x + d * y + f
        left, right = a * box.left + c * box.bottom + e, a * box.right + c * box.top + e
        if left > right:
            left, right = right, left
        if (
            current is not None
            and abs(left - last_left) < 0.01
            and abs(right - last_right) < 0.01
            and abs(y - current.baseline) < 0.1 * size
        ):
            # A ligature comes as several characters with the box of its one glyph.
            if code != last_code or code == 0x66:
                current.text += LIGATURES.get(code) or chr(code)
                result.characters += 1
                last_code = code
            continue
        follows = (
            current is not None
            and abs(y - current.baseline) <= 0.1 * size
            and -0.3 * size <= left - current.x1 <= 0.16 * size
        )
        if not follows or current is None:
            pdfium.FPDFText_GetMatrix(text_page, index, matrix_ref)
            direction = frame.angle_of(matrix.a, matrix.b)
            if direction not in {angle, (angle + 1) % 360, (angle - 1) % 360}:
                result.characters += 1
                turned[direction] += 1
                current = None
                continue
            size = pdfium.FPDFText_GetFontSize(text_page, index) * math.hypot(matrix.c, matrix.d)
            if size < SMALLEST:
                current = None
                continue
        result.characters += 1
        if code < 0x20 or 0xE000 <= code <= 0xF8FF or code == 0xFFFD or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000:
            if code in HYPHENS:
                code = 0x2D
            else:
                result.unmapped += 1
                code = 0xFFFD
        elif is_unmapped(text_page, index) == 1:
            result.unmapped += 1
        text = LIGATURES.get(code) or chr(code)
        if follows and current is not None:
            if abs(x - previous_x) < 0.5 * previous_width and current.text[-1] == text and text != "f":
                continue
            current.text += text
            current.x1 = max(current.x1, right)
        else:
            top, bottom = b * box.left + d * box.top + f, b * box.right + d * box.bottom + f
            if top > bottom:
                top, bottom = bottom, top
            if not 0.5 * size <= bottom - top <= 2 * size:
                top, bottom = y - 0.8 * size, y + 0.2 * size
            current = Fragment(text, left, right, top, bottom, y, size)
            fragments.append(current)
        previous_x, previous_width = x, right - left
        last_left, last_right, last_code = left, right, code
    result.turned = dict(turned)
    return result


def _is_hidden(pdfium: Any, text_page: Any, index: int) -> bool:
    text_object = pdfium.FPDFText_GetTextObject(text_page, index)
    return bool(text_object) and pdfium.FPDFTextObj_GetTextRenderMode(text_object) in INVISIBLE_MODES
