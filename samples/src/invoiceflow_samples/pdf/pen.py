"""Drawing on A4 pages in points from the top left, and the look that a document keeps throughout."""

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

import reportlab
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

__all__ = ["HEIGHT", "WIDTH", "Fonts", "Look", "Pen", "random_look"]

WIDTH, HEIGHT = 595.28, 841.89
"""A4 in points."""

_INK = HexColor(0x1A1A1A)
_GREY = HexColor(0x666666)


@dataclass(frozen=True, slots=True)
class Fonts:
    """A family. Vera ships with reportlab and is embedded; the others are the standard fonts of every viewer."""

    regular: str
    bold: str


_FAMILIES = {
    "helvetica": Fonts("Helvetica", "Helvetica-Bold"),
    "times": Fonts("Times-Roman", "Times-Bold"),
    "courier": Fonts("Courier", "Courier-Bold"),
    "vera": Fonts("Vera", "VeraBd"),
}
_ACCENTS = (0x1F4E79, 0x2E6F40, 0x8C2F39, 0x37474F, 0x5B3A8C, 0xB5651D, 0x00696B, 0x333333, 0xC0392B, 0x2457C5)


@dataclass(frozen=True, slots=True)
class Look:
    """Fonts, size and colour of one document, and the shape of its logo."""

    fonts: Fonts
    size: float
    accent: Color
    logo: Literal["bars", "disc", "diamond", "frame", "none"]
    margin: float


def random_look(rng: Random, *, embedded: bool = False) -> Look:
    """A look by chance; ``embedded`` keeps to fonts whose outlines are inside the file, as PDF/A asks."""
    family = rng.choices(("helvetica", "vera", "times", "courier"), weights=(55, 22, 18, 5))[0]
    if embedded:
        family = "vera"
    size = rng.choice([8.5, 9, 9, 9.5])
    return Look(
        fonts=_FAMILIES[family],
        size=size - (1 if family in {"vera", "courier"} else 0),
        accent=HexColor(rng.choice(_ACCENTS)),
        logo=rng.choice(["bars", "disc", "diamond", "frame", "none"]),
        margin=rng.choice([42, 50, 56.7]),
    )


def _register_vera() -> None:
    folder = Path(reportlab.__file__).parent / "fonts"
    for name in ("Vera", "VeraBd"):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))


class Pen:
    """Writes on the pages of one document; ``y`` runs down from the top edge."""

    def __init__(self, look: Look, *, pages: int = 1, title: str = "", author: str = "") -> None:
        _register_vera()
        self.look = look
        self.page = 1
        self.pages = pages
        self.furniture: Callable[[], None] = lambda: None
        self._buffer = io.BytesIO()
        self._canvas = Canvas(self._buffer, pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1)
        self._canvas.setTitle(title)
        self._canvas.setAuthor(author)

    def finish(self) -> bytes:
        self.furniture()
        self._canvas.save()
        return self._buffer.getvalue()

    def next_page(self) -> None:
        self.furniture()
        self._canvas.showPage()
        self.page += 1

    def _font(self, *, bold: bool) -> str:
        return self.look.fonts.bold if bold else self.look.fonts.regular

    def width_of(self, text: str, size: float | None = None, *, bold: bool = False) -> float:
        return float(pdfmetrics.stringWidth(text, self._font(bold=bold), size or self.look.size))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float | None = None,
        bold: bool = False,
        color: Color = _INK,
        align: Literal["left", "right", "center"] = "left",
    ) -> None:
        """One line of text with its baseline at ``y``; ``x`` is its left edge, right edge or middle."""
        size = size or self.look.size
        self._canvas.setFont(self._font(bold=bold), size)
        self._canvas.setFillColor(color)
        place = {"left": self._canvas.drawString, "right": self._canvas.drawRightString}
        place.get(align, self._canvas.drawCentredString)(x, HEIGHT - y, text)

    def wrap(self, text: str, width: float, size: float | None = None, *, bold: bool = False) -> list[str]:
        """Break at spaces into lines no wider than ``width`` (a single long word may be)."""
        lines: list[str] = []
        for word in text.split():
            if lines and self.width_of(f"{lines[-1]} {word}", size, bold=bold) <= width:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
        return lines or [""]

    def paragraph(
        self,
        x: float,
        y: float,
        text: str,
        width: float,
        *,
        size: float | None = None,
        bold: bool = False,
        color: Color = _INK,
    ) -> float:
        """Wrapped text; answers the baseline after the last line."""
        size = size or self.look.size
        for line in self.wrap(text, width, size, bold=bold):
            self.text(x, y, line, size=size, bold=bold, color=color)
            y += size * 1.35
        return y

    def stack(
        self, x: float, y: float, lines: Iterable[str], *, size: float | None = None, color: Color = _INK
    ) -> float:
        """Lines one below the other; answers the baseline after the last."""
        size = size or self.look.size
        for line in lines:
            self.text(x, y, line, size=size, color=color)
            y += size * 1.35
        return y

    def rule(self, x1: float, y1: float, x2: float, y2: float, *, color: Color = _GREY, width: float = 0.5) -> None:
        self._canvas.setStrokeColor(color)
        self._canvas.setLineWidth(width)
        self._canvas.line(x1, HEIGHT - y1, x2, HEIGHT - y2)

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: Color | None = None,
        stroke: Color | None = None,
        radius: float = 0,
    ) -> None:
        """A rectangle with its top left corner at ``x``, ``y``."""
        if fill is not None:
            self._canvas.setFillColor(fill)
        if stroke is not None:
            self._canvas.setStrokeColor(stroke)
            self._canvas.setLineWidth(0.6)
        self._canvas.roundRect(
            x, HEIGHT - y - height, width, height, radius, stroke=stroke is not None, fill=fill is not None
        )

    def tint(self, strength: float) -> Color:
        """The accent colour thinned with white; 0 is white, 1 the accent itself."""
        accent = self.look.accent
        return Color(*(1 - strength * (1 - part) for part in (accent.red, accent.green, accent.blue)))

    def logo(self, x: float, y: float, size: float = 34) -> None:
        """The seller's mark, a plain shape without words."""
        accent, light = self.look.accent, self.tint(0.45)
        if self.look.logo == "bars":
            for place, share in enumerate((0.5, 0.75, 1.0)):
                part = size / 4
                self.box(x + place * size / 3, y + size * (1 - share), part, size * share, fill=accent)
        elif self.look.logo == "disc":
            self.box(x, y, size, size, fill=accent, radius=size / 2)
            self.box(x + size * 0.3, y + size * 0.3, size * 0.4, size * 0.4, fill=light, radius=size * 0.2)
        elif self.look.logo == "diamond":
            path = self._canvas.beginPath()
            middle = HEIGHT - y - size / 2
            path.moveTo(x, middle)
            path.lineTo(x + size / 2, middle + size / 2)
            path.lineTo(x + size, middle)
            path.lineTo(x + size / 2, middle - size / 2)
            path.close()
            self._canvas.setFillColor(accent)
            self._canvas.drawPath(path, stroke=0, fill=1)
        elif self.look.logo == "frame":
            self.box(x, y, size, size, stroke=accent)
            self.box(x + 4, y + 4, size - 8, size - 8, fill=light)
