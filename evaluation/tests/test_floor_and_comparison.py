"""Figures held against a floor and against other runs, and the page that shows what went wrong."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from invoiceflow_contracts.extraction import Evidence, Method
from invoiceflow_contracts.invoice import Invoice, Party
from invoiceflow_contracts.layout import Box
from invoiceflow_evaluation.aggregate import Scored
from invoiceflow_evaluation.beside import beside, changed_documents
from invoiceflow_evaluation.error_page import error_page
from invoiceflow_evaluation.floor import below, raised, read_floor, write_floor
from invoiceflow_evaluation.pipeline import Extracted
from invoiceflow_evaluation.report import Measured, as_json
from invoiceflow_evaluation.scoring import score
from invoiceflow_evaluation.sureness import sureness
from invoiceflow_evaluation.truth import TruthRow

SCRIPT = "<script>alert(1)</script>"
BOX = Box(0.1, 0.1, 0.3, 0.12)


def measured(number: str, *, confidence: float = 0.9, review: bool = False, file: str = "a.pdf") -> Measured:
    truth = {"invoice_number": "A-1", "seller_name": "Nordwind"}
    row = TruthRow.model_validate({"file": file, "kind": "pdf-text", "language": "en", "layout": "x", "truth": truth})
    invoice = Invoice(number=number, seller=Party(name="Nordwind"))
    evidence = {
        pointer: Evidence(method=Method.LOCAL, text=number, confidence=confidence, page=1, box=BOX)
        for pointer in ("/number", "/seller/name")
    }
    return Measured(
        Scored(row, score(row, invoice)),
        Extracted(invoice, evidence=evidence, needs_review=review, seconds={"extract": 0.01}),
    )


def run(**changes: Any) -> dict[str, Any]:
    return as_json([measured(**changes)])


def test_what_passes_without_review_is_counted_with_how_right_it_is() -> None:
    one, other = measured("A-1"), measured("B-2", review=True)
    found = sureness((each.scored, each.extracted) for each in (one, other))
    assert (found.passed, found.documents) == (1, 2)
    assert (found.passed_right, found.passed_values) == (2, 2)
    assert found.error == pytest.approx(0.15)  # 0.9 was claimed of four values, and three are right


def test_a_figure_below_the_floor_is_said_in_a_sentence() -> None:
    good, bad = run(number="A-1"), run(number="B-2")
    floor = raised({}, good)
    assert list(below(floor, good)) == []
    assert list(below(floor, bad)) == ["pdf-text: header is 0.5000, below the floor of 1.0."]


def test_a_lane_that_is_not_measured_any_more_is_no_success() -> None:
    assert list(below({"image": {"header": 0.5}}, run(number="A-1"))) == [
        "image: header is not measured any more; the floor is 0.5."
    ]


def floors() -> st.SearchStrategy[Mapping[str, Mapping[str, float]]]:
    bound = st.floats(0, 1).map(lambda value: round(value, 4))
    return st.dictionaries(
        st.sampled_from(["pdf-text", "image"]), st.fixed_dictionaries({"header": bound, "lines": bound})
    )


@given(floors(), st.sampled_from(["A-1", "B-2"]))
def test_a_floor_only_rises(floor: Mapping[str, Mapping[str, float]], number: str) -> None:
    higher = raised(floor, run(number=number))
    for lane, bounds in floor.items():
        for name, bound in bounds.items():
            assert higher[lane][name] >= bound


def test_a_floor_is_read_as_it_was_written(tmp_path: Path) -> None:
    floor = raised({}, run(number="A-1"))
    write_floor(tmp_path / "floor.json", floor)
    assert read_floor(tmp_path / "floor.json") == floor
    assert read_floor(tmp_path / "none.json") == {}


def test_runs_are_shown_beside_each_other_with_the_fields_that_differ() -> None:
    console = Console(width=200, record=True, file=None)
    console.print(beside(["now", "before"], [run(number="A-1"), run(number="B-2")]))
    shown = console.export_text()
    (row,) = [line for line in shown.splitlines() if "invoice_number" in line]
    assert "1.000" in row
    assert "0.000" in row
    assert "seller_name" not in shown


def test_documents_that_got_better_or_worse_are_named() -> None:
    good, bad = run(number="A-1"), run(number="B-2")
    (line,) = changed_documents(good, bad)
    assert line.startswith("better: a.pdf: invoice_number: wrong -> correct")
    (line,) = changed_documents(bad, good)
    assert line.startswith("worse: ")
    assert list(changed_documents(good, good)) == []


def test_the_page_shows_each_error_beside_its_place_and_believes_no_text(tmp_path: Path) -> None:
    from PIL import Image  # noqa: PLC0415

    Image.new("RGB", (300, 400), "white").save(tmp_path / "a.png")
    page = error_page(tmp_path, [measured(SCRIPT, file="a.png")])
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page
    assert "data:image/webp;base64," in page
    assert "<dd>A-1</dd>" in page
    assert page.count("<article") == 1


def test_a_document_without_pictures_is_listed_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<Invoice/>", encoding="utf-8")
    assert "no picture" in error_page(tmp_path, [measured("B-2", file="a.xml")])


def test_the_floor_of_the_repository_can_be_read() -> None:
    floor = json.loads((Path(__file__).parents[1] / "floor.json").read_text(encoding="utf-8"))
    assert floor["xml-ubl"] == {"header": 1.0, "lines": 1.0}
