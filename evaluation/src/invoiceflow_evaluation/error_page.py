"""A page that shows each error beside the picture of its place, so that a person sees what went wrong."""

import io
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw, UnidentifiedImageError

from invoiceflow_contracts.extraction import Evidence
from invoiceflow_evaluation.aggregate import lane
from invoiceflow_evaluation.mistakes import Mistake, mistakes
from invoiceflow_evaluation.report import Measured

__all__ = ["error_page"]

_WIDTH = 900
"""Pixels of a page, before it is cut."""
_WHOLE = 360
_MARGIN = 0.06
"""Of the page around a place, above and below."""

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222; background: #fff }
article { border-top: 1px solid #ccc; padding: 1rem 0; display: grid; grid-template-columns: minmax(18rem, 1fr) 2fr; gap: 1.5rem }
img { max-width: 100%; border: 1px solid #bbb } dt { color: #666 } dd { margin: 0 0 .4rem; overflow-wrap: anywhere }
label { margin-right: 1.5rem } .wrong, .spurious { color: #a40000 } .missing { color: #8a5a00 }
"""
_SCRIPT = """
const choose = () => { const lane = document.getElementById('lane').value, field = document.getElementById('field').value; let shown = 0;
for (const one of document.querySelectorAll('article')) { one.hidden = (lane && one.dataset.lane !== lane) || (field && one.dataset.field !== field); shown += !one.hidden }
document.getElementById('count').textContent = shown };
for (const one of document.querySelectorAll('select')) one.addEventListener('change', choose); choose();
"""


def error_page(folder: Path, measured: Sequence[Measured]) -> str:
    """Return the page, whole in itself: pictures are in it, and nothing is fetched."""
    found = [(lane(one.scored), mistake) for one in measured for mistake in mistakes(one.scored, one.extracted)]
    pictures = _Pictures(folder)
    articles = "\n".join(_article(where, mistake, pictures) for where, mistake in found)
    choices = _choice("lane", {where for where, _ in found}) + _choice("field", {mistake.field for _, mistake in found})
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>What was not read right</title><style>{_STYLE}</style><h1>What was not read right</h1>"
        f'<p>{choices}<span id="count">{len(found)}</span> values of {len(measured)} documents</p>{articles}'
        f"<script>{_SCRIPT}</script></html>\n"
    )


def _choice(name: str, values: Iterable[str]) -> str:
    options = "".join(f"<option>{escape(value)}</option>" for value in sorted(values))
    return f'<label>{name} <select id="{name}"><option value="">all</option>{options}</select></label>'


def _article(where: str, error: Mistake, pictures: "_Pictures") -> str:
    evidence = error.evidence
    facts = [("document", error.file), ("expected", error.expected), ("read", error.given)]
    if evidence is not None:
        facts += [
            ("printed as", evidence.text),
            ("confidence", f"{evidence.confidence:.2f}"),
            ("method", evidence.method.value),
            ("alternatives", ", ".join(evidence.alternatives)),
            ("repaired", evidence.repaired),
        ]
    listed = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts if value)
    picture = pictures.of(error.file, evidence)
    shown = f'<img loading="lazy" alt="the place on the page" src="{picture}">' if picture else "<p>no picture</p>"
    return (
        f'<article data-lane="{escape(where)}" data-field="{escape(error.field)}"><div><h2>{escape(error.field)}: '
        f'<span class="{error.outcome}">{error.outcome}</span></h2><dl>{listed}</dl></div><div>{shown}</div></article>'
    )


class _Pictures:
    """Pages of documents as pictures, each drawn once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: tuple[str, int] | None = None
        self._page: Image.Image | None = None

    def of(self, file: str, evidence: Evidence | None) -> str | None:
        """Return the place as a data URL: cut out with a frame, or the whole page small where no place is known."""
        page, box = (evidence.page or 1, evidence.box) if evidence is not None else (1, None)
        if self._last != (file, page):
            self._last, self._page = (file, page), _drawn(self._folder / file, page)
        if self._page is None:
            return None
        picture = self._page.copy()
        width, height = picture.size
        if box is None:
            picture.thumbnail((_WHOLE, _WHOLE * 2))
        else:
            frame = (box.x0 * width - 3, box.y0 * height - 3, box.x1 * width + 3, box.y1 * height + 3)
            ImageDraw.Draw(picture).rectangle(frame, outline=(200, 0, 0), width=2)
            top, bottom = max(0.0, box.y0 - _MARGIN), min(1.0, box.y1 + _MARGIN)
            picture = picture.crop((0, int(top * height), width, int(bottom * height)))
        data = io.BytesIO()
        picture.save(data, "WEBP", quality=60)
        return f"data:image/webp;base64,{b64encode(data.getvalue()).decode()}"


def _drawn(path: Path, page: int) -> Image.Image | None:
    """Return a page as a picture, None where the document has none (Office files, XML) or it cannot be drawn."""
    try:
        if path.suffix.lower() == ".pdf":
            with pypdfium2.PdfDocument(path) as document:
                drawn = document[page - 1]
                picture: Image.Image = drawn.render(scale=_WIDTH / drawn.get_width()).to_pil().convert("RGB")
                return picture
        with Image.open(path) as picture:
            picture.seek(page - 1)
            return picture.convert("RGB").resize((_WIDTH, round(picture.height * _WIDTH / picture.width)))
    except (pypdfium2.PdfiumError, UnidentifiedImageError, OSError, EOFError, IndexError, ValueError):
        return None
