"""What a PDF page consists of besides visible text: pictures, drawings, text that prints nothing."""

import ctypes
from dataclasses import dataclass, field
from typing import Any

from invoiceflow_ocr.engines.native.pdf_text import INVISIBLE_MODES, Frame

__all__ = ["Area", "Survey", "survey"]

MAX_OBJECTS = 20_000
"""A drawing may have millions; what matters shows long before."""

MAX_DEPTH = 8

Matrix = tuple[float, float, float, float, float, float]
IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in points from the top left of the page as seen."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def size(self) -> float:
        return (self.x1 - self.x0) * (self.y1 - self.y0)


@dataclass(slots=True)
class Survey:
    """What stands on the page."""

    pictures: list[Area] = field(default_factory=list)
    hidden_text: bool = False
    drawn: bool = False
    """Whether anything but text would show."""


def survey(page: Any, frame: Frame) -> Survey:
    """Look through the page's objects, also those inside form XObjects."""
    import pypdfium2.raw as pdfium  # noqa: PLC0415

    found = Survey()
    seen = 0
    left, bottom, right, top = ctypes.c_float(), ctypes.c_float(), ctypes.c_float(), ctypes.c_float()
    raw_matrix = pdfium.FS_MATRIX()
    holders: list[tuple[Any, bool, Matrix, int]] = [(page, False, IDENTITY, 0)]
    while holders and seen < MAX_OBJECTS:
        holder, is_form, matrix, depth = holders.pop()
        count = (pdfium.FPDFFormObj_CountObjects if is_form else pdfium.FPDFPage_CountObjects)(holder)
        get = pdfium.FPDFFormObj_GetObject if is_form else pdfium.FPDFPage_GetObject
        for index in range(min(count, MAX_OBJECTS - seen)):
            seen += 1
            item = get(holder, index)
            kind = pdfium.FPDFPageObj_GetType(item)
            if kind == pdfium.FPDF_PAGEOBJ_TEXT:
                found.hidden_text |= pdfium.FPDFTextObj_GetTextRenderMode(item) in INVISIBLE_MODES
                continue
            if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < MAX_DEPTH:
                pdfium.FPDFPageObj_GetMatrix(item, raw_matrix)
                inner = (raw_matrix.a, raw_matrix.b, raw_matrix.c, raw_matrix.d, raw_matrix.e, raw_matrix.f)
                holders.append((item, True, _product(inner, matrix), depth + 1))
                continue
            found.drawn = True
            if kind == pdfium.FPDF_PAGEOBJ_IMAGE and pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top):
                area = _seen((left.value, bottom.value, right.value, top.value), matrix, frame)
                if area is not None:
                    found.pictures.append(area)
    return found


def _product(inner: Matrix, outer: Matrix) -> Matrix:
    a, b, c, d, e, f = inner
    g, h, i, j, k, m = outer
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _seen(bounds: tuple[float, float, float, float], matrix: Matrix, frame: Frame) -> Area | None:
    """The part of a rectangle that lies on the visible page, or None."""
    left, bottom, right, top = bounds
    a, b, c, d, e, f = matrix
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    seen = [frame.point(x, y) for x, y in corners]
    xs, ys = [x for x, _ in seen], [y for _, y in seen]
    area = Area(max(0.0, min(xs)), max(0.0, min(ys)), min(frame.width, max(xs)), min(frame.height, max(ys)))
    return area if area.x0 < area.x1 and area.y0 < area.y1 else None
