"""Fitting the confidence: right chances, no layout on both sides, damage that leaves the truth standing."""

import random
from collections.abc import Sequence

import pytest

from invoiceflow_contracts.layout import Box, Engine, Layout, Line, Page, Word
from invoiceflow_evaluation.calibration import fitting
from invoiceflow_evaluation.calibration.damage import damaged
from invoiceflow_evaluation.calibration.examples import Example, Labelled, Source, examples_of
from invoiceflow_evaluation.calibration.figures import groups, trade_offs
from invoiceflow_evaluation.calibration.fitting import Judged, cross_validated, fit, passing
from invoiceflow_evaluation.reliability import Claim, expected_calibration_error, reliability
from invoiceflow_evaluation.reliability_plot import reliability_plot
from invoiceflow_evaluation.truth import TruthRow
from invoiceflow_extract.calibration import Calibration

REAL = Source("labelled", 1.0)


def test_the_calibration_error_is_the_distance_between_what_was_said_and_what_came_true() -> None:
    honest = [Claim(0.75, right=number < 3) for number in range(4)]
    boasting = [Claim(0.95, right=number < 3) for number in range(4)]
    assert expected_calibration_error(honest) == pytest.approx(0.0)
    assert expected_calibration_error(boasting) == pytest.approx(0.2)
    assert expected_calibration_error([*honest, *boasting]) == pytest.approx(0.1)
    assert expected_calibration_error([]) is None


def test_weights_decide_within_a_bin_and_between_them() -> None:
    heavy = [Claim(0.75, right=True, weight=3.0), Claim(0.75, right=False, weight=1.0)]
    assert expected_calibration_error(heavy) == pytest.approx(0.0)
    (one,) = reliability(heavy)
    assert (one.claims, one.low, one.high) == (2, 0.7, 0.8)


def test_a_certain_claim_is_in_the_last_bin() -> None:
    assert reliability([Claim(1.0, right=True)])[0].low == 0.9


def example(score: float, *, right: bool, header: bool = True) -> Example:
    return Example("/number", "number", {"score": score}, right, header)


def document(layout: str, examples: Sequence[Example], *, stopped: bool = False) -> Labelled:
    key = (("/number", "number", examples[0].signals),)
    return Labelled(REAL, layout, tuple(examples), key, stopped)


def world(documents: int, seed: int = 3) -> list[Labelled]:
    """Documents whose values are right as often as the logistic function of their score says."""
    rng = random.Random(seed)
    made = []
    for number in range(documents):
        scores = [rng.uniform(-2, 4) for _ in range(10)]
        made.append(
            document(f"layout {number}", [example(s, right=rng.random() < 1 / (1 + 2.718281828**-s)) for s in scores])
        )
    return made


def test_the_fit_finds_the_weight_that_made_the_world() -> None:
    table = fit(world(400))
    assert table.signals["score"] == pytest.approx(1.0, abs=0.15)
    assert table.constant + table.families["number"] == pytest.approx(0.0, abs=0.25)


def test_chances_for_unseen_layouts_come_true() -> None:
    claims = [Claim(chance, each.right) for judged in cross_validated(world(200)) for each, chance in judged.values]
    error = expected_calibration_error(claims)
    assert error is not None
    assert error < 0.04


def test_a_layout_is_fitted_on_or_measured_on_and_never_both(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[set[str]] = []
    measured: list[set[str]] = []

    def spying_fit(documents: Sequence[Labelled]) -> Calibration:
        fitted.append({each.layout for each in documents})
        measured.append(set())
        return fit(documents)

    def spying_judge(one: Labelled, table: Calibration, weight: float) -> Judged:
        measured[-1].add(one.layout)
        return judge(one, table, weight)

    judge = fitting.judge
    monkeypatch.setattr(fitting, "fit", spying_fit)
    monkeypatch.setattr(fitting, "judge", spying_judge)
    documents = world(30)
    twins = [document(each.layout, each.examples) for each in documents]
    judged = cross_validated([*documents, *twins])
    assert len(judged) == 60
    assert all(not seen & unseen for seen, unseen in zip(fitted, measured, strict=True))
    assert set().union(*measured) == {each.layout for each in documents}


def judged(confidence: float, right: int, wrong: int) -> Judged:
    examples = [example(1.0, right=True)] * right + [example(1.0, right=False)] * wrong
    one = document(str(confidence), examples)
    return Judged(one, tuple((each, confidence) for each in examples), confidence, 1.0)


def test_passing_says_how_right_the_documents_from_a_confidence_on_are() -> None:
    rows = passing([judged(0.5, 5, 5), judged(0.8, 9, 1), judged(0.95, 10, 0)])
    assert [(row.confidence, row.precision) for row in rows] == [(0.5, 0.8), (0.8, 0.95), (0.95, 1.0)]


def test_a_dip_among_a_few_documents_opens_no_gate_below_it() -> None:
    rows = passing([judged(0.5, 10, 0), judged(0.8, 0, 10), judged(0.95, 10, 0)])
    assert [(row.confidence, row.precision) for row in rows] == [(0.5, 0.6667), (0.95, 1.0)]


def test_what_is_stopped_by_a_finding_says_nothing_about_passing() -> None:
    stopped = fitting.judge(document("a", [example(3.0, right=False)], stopped=True), fit(world(20)), 1.0)
    assert stopped.confidence == 0
    assert passing([stopped]) == []


def test_values_that_are_no_header_fields_do_not_count_as_passed() -> None:
    one = document("a", [example(1.0, right=True), example(1.0, right=False, header=False)])
    rows = passing([Judged(one, tuple((each, 0.9) for each in one.examples), 0.9, 1.0)])
    assert [row.precision for row in rows] == [1.0]


def test_the_figures_are_those_of_the_documents() -> None:
    members = [judged(0.9, 9, 1), judged(0.4, 4, 6)]
    (group,) = groups(members)
    assert (group.documents, group.values, round(group.error, 3)) == (2, 20, 0.0)
    table = fit(world(20), passing(members))
    (trade,) = trade_offs(members, table, [0.9])
    assert (trade.threshold, trade.passed, trade.right, trade.values) == (0.9, 1, 9, 10)


def test_the_plot_shows_each_series_once() -> None:
    svg = reliability_plot("Plot", {"a & b": reliability([Claim(0.75, right=True)]), "c": ()})
    assert svg.count("<polyline") == 2
    assert "a &amp; b" in svg


TEXT = ["Invoice number 4711", "Nordwind Handel", "Thank you kindly for everything", "Total 119.00"]
ROW = TruthRow.model_validate(
    {
        "file": "a.pdf",
        "kind": "pdf-text",
        "truth": {"invoice_number": "4711", "seller_name": "Nordwind Handel", "grand_total": "119.00"},
    }
)


def layout() -> Layout:
    lines = tuple(
        Line(
            words=tuple(
                Word(text=word, box=Box(0.1 + 0.12 * column, 0.1 + 0.1 * row, 0.2 + 0.12 * column, 0.12 + 0.1 * row))
                for column, word in enumerate(text.split())
            )
        )
        for row, text in enumerate(TEXT)
    )
    made = Page(number=1, width=600, height=800, source="text", lines=lines)
    return Layout(engine=Engine(name="test", version="1"), pages=(made,))


def test_damage_leaves_what_is_labelled_and_every_number_and_spares_nothing_else() -> None:
    texts = [[line.text for line in damaged(layout(), ROW, random.Random(seed)).pages[0].lines] for seed in range(100)]
    assert all("Nordwind Handel" in each for each in texts)
    assert all(any(text.endswith("4711") for text in each) for each in texts)
    assert any("Invoice number 4711" not in each for each in texts)
    assert any(len(each) == 3 for each in texts)
    assert any(len(each) == 4 and TEXT[2] not in each for each in texts)


def test_an_example_is_a_value_that_was_labelled_and_given() -> None:
    one = examples_of(ROW, layout(), REAL)
    found = {each.pointer: each for each in one.examples}
    assert found["/number"].right
    assert found["/totals/gross"].right
    assert one.stopped  # no date, no currency
    other = ROW.model_copy(update={"truth": ROW.truth.model_copy(update={"invoice_number": "4712"})})
    wrong = {each.pointer: each for each in examples_of(other, layout(), REAL).examples}
    assert not wrong["/number"].right
