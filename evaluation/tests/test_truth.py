from pathlib import Path

import pytest

from invoiceflow_evaluation.truth import TruthError, load


def write(folder: Path, *rows: str) -> Path:
    (folder / "a.pdf").write_bytes(b"%PDF")
    (folder / "truth.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return folder


def test_rows_come_in_order_and_blank_lines_do_not_matter(tmp_path: Path) -> None:
    row = '{"file": "a.pdf", "kind": "pdf-text", "layout": "%s", "truth": {"grand_total": "1.00"}, "licence": "MIT"}'
    rows = load(write(tmp_path, row % "one", "", row % "two"))
    assert [row.layout for row in rows] == ["one", "two"]
    assert rows[0].truth.grand_total == "1.00"


def test_a_document_without_a_named_layout_is_its_own(tmp_path: Path) -> None:
    (row,) = load(write(tmp_path, '{"file": "a.pdf", "kind": "xml-ubl", "truth": {}}'))
    assert row.layout == "a.pdf"
    assert row.language == "und"


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (['{"file": "a.pdf", "kind": "A fax", "truth": {}}'], "line 1: kind"),
        (['{"file": "b.pdf", "kind": "image", "truth": {}}'], "no file 'b.pdf'"),
        (["{"], "line 1"),
        ([], "no rows"),
    ],
)
def test_a_wrong_folder_says_where_it_is_wrong(tmp_path: Path, rows: list[str], says: str) -> None:
    with pytest.raises(TruthError, match=says):
        load(write(tmp_path, *rows))


def test_a_folder_without_labels_says_so(tmp_path: Path) -> None:
    with pytest.raises(TruthError, match=r"truth\.jsonl"):
        load(tmp_path)
