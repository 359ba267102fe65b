"""What a scanner and a telephone's camera make of a page."""

import io
from random import Random

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

__all__ = ["photograph", "scan"]


def _pages(pdf: bytes, dpi: int) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=dpi / 72).to_pil().convert("RGB") for page in document]
    finally:
        document.close()


def _noise(shape: tuple[int, ...], sigma: float, rng: Random) -> NDArray[np.float32]:
    source = np.random.Generator(np.random.PCG64(rng.getrandbits(64)))
    return (source.standard_normal(shape, dtype=np.float32) * sigma).astype(np.float32)


def _to_image(pixels: NDArray[np.float32]) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _jpeg(image: Image.Image, quality: int, dpi: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, dpi=(dpi, dpi))
    return buffer.getvalue()


def _scanned_page(page: Image.Image, rng: Random) -> Image.Image:
    skew = rng.choice([-1, 1]) * rng.uniform(0.3, 1.8)
    grey = page.convert("L").rotate(skew, Image.Resampling.BICUBIC, fillcolor=252)
    grey = grey.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.7)))
    pixels = np.asarray(grey, dtype=np.float32)
    contrast, floor = rng.uniform(0.82, 0.95), rng.uniform(6, 22)
    pixels = pixels * contrast + floor + _noise(pixels.shape, rng.uniform(2.5, 6), rng)
    specks = np.random.Generator(np.random.PCG64(rng.getrandbits(64)))
    for _ in range(rng.randint(10, 60)):
        y, x = int(specks.integers(0, pixels.shape[0] - 3)), int(specks.integers(0, pixels.shape[1] - 3))
        pixels[y : y + int(specks.integers(1, 3)), x : x + int(specks.integers(1, 3))] -= 110
    return _to_image(pixels)


def scan(pdf: bytes, rng: Random, *, dpi: int = 150) -> bytes:
    """An image-only PDF of the same pages: skewed, grainy, a little soft, with specks of dust."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(595.28, 841.89), invariant=1)
    for page in _pages(pdf, dpi):
        image = _jpeg(_scanned_page(page, rng), rng.choice([45, 55, 65]), dpi)
        canvas.drawImage(ImageReader(io.BytesIO(image)), 0, 0, 595.28, 841.89)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _perspective(
    target: list[tuple[float, float]], source: list[tuple[float, float]]
) -> tuple[float, float, float, float, float, float, float, float]:
    """Coefficients for Pillow's transform, which maps places of the result back to places of the source."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
        values += [u, v]
    a, b, c, d, e, f, g, h = (float(value) for value in np.linalg.solve(np.array(rows), np.array(values)))
    return a, b, c, d, e, f, g, h


def photograph(pdf: bytes, rng: Random, *, dpi: int = 170) -> bytes:
    """A JPEG of the first page on a desk: in perspective, unevenly lit, warm, slightly out of focus."""
    page = _pages(pdf, dpi)[0]
    width, height = page.size
    border = int(width * 0.07)
    size = (width + 2 * border, height + 2 * border)

    def corner(x: float, y: float) -> tuple[float, float]:
        return x + rng.uniform(-0.5, 0.5) * border, y + rng.uniform(-0.5, 0.5) * border

    target = [
        corner(border, border),
        corner(size[0] - border, border),
        corner(size[0] - border, size[1] - border),
        corner(border, size[1] - border),
    ]
    source = [(0.0, 0.0), (float(width), 0.0), (float(width), float(height)), (0.0, float(height))]
    coefficients = _perspective(target, source)
    sheet = page.transform(size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    cover = Image.new("L", page.size, 255).transform(
        size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC
    )
    desk = np.empty((size[1], size[0], 3), dtype=np.float32)
    desk[:] = rng.choice([(96, 72, 52), (70, 74, 80), (128, 104, 78)])
    desk += _noise((size[1], 1, 1), 7, rng)  # the grain of the wood
    paper = np.asarray(sheet, dtype=np.float32)
    mask = np.asarray(cover, dtype=np.float32)[:, :, None] / 255
    pixels = paper * mask + desk * (1 - mask)

    across = np.linspace(-1, 1, size[0], dtype=np.float32)[None, :]
    down = np.linspace(-1, 1, size[1], dtype=np.float32)[:, None]
    tilt_x, tilt_y = rng.uniform(-0.14, 0.14), rng.uniform(-0.14, 0.14)
    light = 0.86 + tilt_x * across + tilt_y * down - 0.07 * (across**2 + down**2)
    warmth = np.array([1.03, 1.0, rng.uniform(0.88, 0.97)], dtype=np.float32)
    pixels = pixels * light[:, :, None] * warmth + _noise(pixels.shape, 3, rng)
    image = _to_image(pixels).filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 0.8)))
    return _jpeg(image, 68, dpi)
