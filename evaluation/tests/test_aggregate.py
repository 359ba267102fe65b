import pytest

from invoiceflow_contracts.invoice import Invoice
from invoiceflow_evaluation.aggregate import Scored, by_language, by_layout, lane, lanes, macro, summarise
from invoiceflow_evaluation.scoring import Counts, score
from invoiceflow_evaluation.truth import TruthRow


def scored(
    layout: str, number: str | None, kind: str = "pdf-text", language: str = "en", *, e_invoice: bool = False
) -> Scored:
    row = TruthRow.model_validate(
        {"file": "a.pdf", "kind": kind, "layout": layout, "language": language, "truth": {"invoice_number": "1"}}
    )
    return Scored(row, score(row, Invoice(number=number)), e_invoice)


def test_a_frequent_layout_weighs_no_more_than_a_rare_one() -> None:
    documents = [scored("frequent", "1") for _ in range(9)] + [scored("rare", "2")]
    summary = summarise(documents)
    assert summary.header.f1 == 0.5
    assert summary.fields["invoice_number"].recall == 0.5
    assert summary.header.counts == Counts(9, 10, 10)
    assert (summary.documents, summary.layouts, summary.all_right) == (10, 2, 9)


def test_precision_is_taken_over_the_layouts_that_gave_a_value() -> None:
    figures = macro([("a", Counts(1, 1, 1)), ("b", Counts(0, 0, 1)), ("c", Counts())])
    assert figures.precision == 1.0
    assert figures.recall == 0.5
    assert figures.f1 == 0.5
    assert (figures.layouts, figures.documents) == (2, 2)


def test_nothing_measured_gives_no_figure() -> None:
    figures = macro([])
    assert (figures.precision, figures.recall, figures.f1) == (None, None, None)


def test_text_pdfs_with_and_without_an_e_invoice_are_two_lanes() -> None:
    assert lane(scored("a", "1", e_invoice=True)) == "pdf-text + e-invoice"
    assert lane(scored("a", "1")) == "pdf-text"
    assert lane(scored("a", "1", "image")) == "image"


def test_groups_hold_their_own_documents() -> None:
    documents = [scored("a", "1"), scored("b", "2", "image", "de"), scored("b", None, "image", "de")]
    assert {name: summary.documents for name, summary in lanes(documents).items()} == {"image": 2, "pdf-text": 1}
    assert {name: summary.header.f1 for name, summary in by_language(documents).items()} == {
        "de": pytest.approx(0.0),
        "en": pytest.approx(1.0),
    }
    assert by_layout(documents)["b"].fields["invoice_number"].counts == Counts(0, 1, 2)
