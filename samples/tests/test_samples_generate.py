import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from docx import Document
from PIL import Image

from invoiceflow_samples import LANGUAGES, Kind, Sample, generate
from invoiceflow_samples.__main__ import main
from invoiceflow_samples.pdf.render import TEMPLATES

CHEAP = [Kind.PDF_TEXT, Kind.FACTURX, Kind.XML_UBL, Kind.XML_CII, Kind.OFFICE]


def words(data: bytes) -> str:
    with pypdfium2.PdfDocument(data) as pdf:
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in pdf).split())


def digest(samples: list[Sample]) -> list[str]:
    return [hashlib.sha256(sample.data).hexdigest() for sample in samples]


def test_the_same_seed_gives_the_same_bytes_and_truth() -> None:
    first, second = list(generate(5, 10, CHEAP)), list(generate(5, 10, CHEAP))
    assert digest(first) == digest(second)
    assert [sample.truth for sample in first] == [sample.truth for sample in second]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Kind.PDF_SCAN, Kind.IMAGE])
def test_the_same_seed_gives_the_same_noise(kind: Kind) -> None:
    assert digest(list(generate(5, 1, [kind]))) == digest(list(generate(5, 1, [kind])))


def test_another_seed_gives_other_documents() -> None:
    assert not set(digest(list(generate(1, 5, CHEAP)))) & set(digest(list(generate(2, 5, CHEAP))))


def test_a_longer_run_begins_with_the_shorter_one() -> None:
    assert digest(list(generate(8, 3, CHEAP))) == digest(list(generate(8, 6, CHEAP)))[:3]


def test_many_documents_use_every_language_and_layout() -> None:
    rows = [sample.truth for sample in generate(1, 150)]
    assert {row["language"] for row in rows} == set(LANGUAGES)
    assert {row["layout"] for row in rows} == {f"invoiceflow:{name}" for name in TEMPLATES}


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_a_page_shows_what_the_truth_calls_printed(template: str) -> None:
    for sample in generate(11, 12, templates=[template]):
        shown = words(sample.data)
        truth, printed = sample.truth["truth"], sample.truth["printed"]
        for key in ("invoice_number", "seller_name", "buyer_name", "seller_vat_id", "buyer_vat_id", "order_reference"):
            if printed.get(key):
                assert truth[key] in shown, (sample.name, key)
        if printed.get("iban"):
            assert truth["iban"] in shown.replace(" ", "")
        for line in truth["lines"]:
            assert line["description"] in shown, sample.name


def test_what_is_not_printed_is_not_on_the_page() -> None:
    for sample in generate(12, 40):
        shown = words(sample.data)
        truth, printed = sample.truth["truth"], sample.truth["printed"]
        if printed.get("buyer_vat_id") is False:
            assert truth["buyer_vat_id"] not in shown
        if printed.get("iban") is False:
            assert truth["iban"] not in shown.replace(" ", "")


def test_no_text_runs_off_the_page_or_over_other_text() -> None:
    for sample in generate(21, 30):
        with pypdfium2.PdfDocument(sample.data) as pdf:
            for page in pdf:
                text = page.get_textpage()
                boxes = [text.get_rect(number) for number in range(text.count_rects())]
                for left, bottom, right, top in boxes:
                    assert left > 5, sample.name
                    assert right < 590, sample.name
                    assert bottom > 8, sample.name
                    assert top < 836, sample.name
                for number, (left, bottom, right, top) in enumerate(boxes):
                    for other in boxes[number + 1 :]:
                        apart = min(right, other[2]) - max(left, other[0]) < 1.5
                        assert apart or min(top, other[3]) - max(bottom, other[1]) < 2.5, sample.name


def test_a_word_file_holds_its_lines_in_a_table() -> None:
    sample = next(generate(3, 1, [Kind.OFFICE]))
    document = Document(io.BytesIO(sample.data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert sample.truth["truth"]["invoice_number"] in cells
    for line in sample.truth["truth"]["lines"]:
        assert any(cell.startswith(line["description"]) for cell in cells)


@pytest.mark.slow
def test_a_scan_has_no_text() -> None:
    sample = next(generate(2, 1, [Kind.PDF_SCAN]))
    assert words(sample.data) == ""
    assert sample.truth["kind"] == "pdf-scan"


@pytest.mark.slow
def test_a_photo_is_one_picture_larger_than_the_page() -> None:
    sample = next(generate(2, 1, [Kind.IMAGE]))
    assert sample.media_type == "image/jpeg"
    with Image.open(io.BytesIO(sample.data)) as picture:
        assert picture.width > 1400


def test_the_command_line_writes_documents_and_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "load"
    assert main(["--out", str(folder), "--seed", "4", "--count", "4", "--kinds", "xml-ubl", "pdf-text"]) == 0
    rows: list[dict[str, Any]] = [
        json.loads(line) for line in (tmp_path / "truth.jsonl").read_text("utf-8").splitlines()
    ]
    assert [row["kind"] for row in rows] == ["xml-ubl", "pdf-text", "xml-ubl", "pdf-text"]
    assert all((tmp_path / row["file"]).stat().st_size > 0 for row in rows)
    assert capsys.readouterr().out.startswith("4 documents")
