import io
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pytest
from docx import Document
from PIL import Image

from invoiceflow_samples import Sample
from invoiceflow_samples.language import language

Truth = dict[str, dict[str, Any]]


def named(truth: Truth, part: str) -> dict[str, Any]:
    return next(row for file, row in truth.items() if part in file)


def words(data: bytes) -> list[str]:
    with pypdfium2.PdfDocument(data) as pdf:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in pdf]


def picture(data: bytes) -> np.ndarray[Any, Any]:
    if data.startswith(b"%PDF"):
        with pypdfium2.PdfDocument(data) as pdf:
            return np.asarray(pdf[0].render(scale=1).to_pil().convert("L"), dtype=np.int16)
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L"), dtype=np.int16)


def cells(data: bytes) -> list[str]:
    document = Document(io.BytesIO(data))
    return [cell.text for table in document.tables for row in table.rows for cell in row.cells]


def test_every_document_has_its_truth_and_no_other(truth: Truth, documents: Path) -> None:
    assert set(truth) == {f"documents/{path.name}" for path in documents.iterdir()}


@pytest.mark.parametrize(
    "feature",
    [
        "one_line", "many_lines", "several_rates", "line_discounts", "allowance", "charge", "credit_note",
        "foreign_currency", "exempt", "reverse_charge", "prepaid",
    ],
)  # fmt: skip
def test_the_set_shows(feature: str, truth: Truth) -> None:
    assert any(feature in row["features"] for row in truth.values())


def test_the_set_speaks_many_languages_in_many_layouts(truth: Truth) -> None:
    assert len(truth) >= 12
    assert {row["language"] for row in truth.values()} >= {"en", "de", "fr", "nl", "es", "it"}
    assert len({row["layout"] for row in truth.values() if row["kind"] == "pdf-text"}) >= 4
    assert {row["kind"] for row in truth.values()} == {"pdf-text", "pdf-scan", "image", "xml-ubl", "xml-cii", "office"}
    assert any(row["kind"] == "pdf-text" and "profile" in row["truth"] for row in truth.values())


def test_eighty_lines_fill_three_pages_with_header_and_subtotal_carried_forward(documents: Path, truth: Truth) -> None:
    row = named(truth, "eighty-lines")
    pages = words((documents / Path(row["file"]).name).read_bytes())
    assert row["truth"]["line_count"] == 80
    assert len(pages) == 3
    for key in ("description", "quantity", "amount"):
        heading = next(label for label in language("de").labels[key] if label in pages[0])
        assert all(heading in page for page in pages)
    assert all("Übertrag" in page for page in pages)


def test_the_wrong_total_is_on_the_page_as_the_truth_has_it(documents: Path, truth: Truth) -> None:
    row = named(truth, "wrong-total")
    facts = row["truth"]
    assert row["defect"] == "gross_total"
    assert float(facts["grand_total"]) != float(facts["tax_basis_total"]) + float(facts["tax_total"])
    shown = words((documents / Path(row["file"]).name).read_bytes())[0]
    assert f"{float(facts['grand_total']):,.2f}" in shown


def test_an_exemption_is_explained_on_the_page(documents: Path, truth: Truth) -> None:
    row = named(truth, "exempt")
    assert "exenta de IVA" in words((documents / Path(row["file"]).name).read_bytes())[0]


def test_the_set_stays_small(documents: Path) -> None:
    assert sum(path.stat().st_size for path in documents.iterdir()) < 3_000_000


@pytest.mark.slow
def test_the_generator_makes_what_is_checked_in(documents: Path, truth: Truth, fresh: dict[str, Sample]) -> None:
    """Not byte by byte: compressors and picture codecs differ between platforms, what a reader sees does not."""
    assert {file: sample.truth for file, sample in fresh.items()} == truth
    for file, sample in fresh.items():
        stored = (documents / sample.name).read_bytes()
        kind = truth[file]["kind"]
        if kind.startswith("xml"):
            assert sample.data == stored, file
        elif kind == "office":
            assert cells(sample.data) == cells(stored), file
        elif kind == "pdf-text":
            assert words(sample.data) == words(stored), file
        else:
            ours, theirs = picture(sample.data), picture(stored)
            assert ours.shape == theirs.shape, file
            assert float(np.abs(ours - theirs).mean()) < 4, file
