import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer import Typer
from typer.testing import CliRunner

from invoiceflow_evaluation.bench.__main__ import bench
from invoiceflow_evaluation.bench.distribution import Distribution
from invoiceflow_evaluation.bench.documents import generated, in_folder
from invoiceflow_evaluation.bench.environment import environment
from invoiceflow_evaluation.bench.throughput import Comparison

times = st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=50)


@given(times, st.floats(0, 100))
def test_a_percentile_is_a_measurement_that_so_many_do_not_exceed(values: list[float], percent: float) -> None:
    found = Distribution.of(values).percentile(percent)
    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * len(values) - 1e-9


@given(times)
def test_a_summary_is_in_order(values: list[float]) -> None:
    summary = list(Distribution.of(values).summary().values())
    assert summary == sorted(summary)
    assert (summary[0], summary[-1]) == (min(values), max(values))


def test_the_median_of_a_few_is_the_one_in_the_middle() -> None:
    assert Distribution.of([5.0, 1.0, 3.0]).median == 3.0


def test_nothing_measured_is_no_distribution() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Distribution.of([])


def test_two_sides_are_compared_by_their_median_turns() -> None:
    assert Comparison(ours=(10.0, 30.0, 20.0), theirs=(4.0, 5.0, 400.0)).ratio == 4.0


@pytest.mark.parametrize("scanned", [False, True])
def test_the_documents_are_the_same_in_every_run_and_each_is_another(*, scanned: bool) -> None:
    one, other = generated(2, scanned=scanned), generated(2, scanned=scanned)
    assert one == other
    assert len({material.data for material in one}) == 2


def test_a_folder_gives_each_page_once_to_the_side_it_belongs_to(tmp_path: Path) -> None:
    (text,), (scan,) = generated(1, scanned=False), generated(1, scanned=True)
    (tmp_path / "more").mkdir()
    for name, data in {
        "text.pdf": text.data,
        "again.pdf": text.data,
        "more/scan.pdf": scan.data,
        "noise.pdf": b"%PDF-1.7 and nothing else",
        "other.txt": b"x",
    }.items():
        (tmp_path / name).write_bytes(data)
    assert [material.data for material in in_folder(tmp_path, 9, scanned=False)] == [text.data]
    assert [material.data for material in in_folder(tmp_path, 9, scanned=True)] == [scan.data]
    assert in_folder(tmp_path, 0, scanned=False) == []


def test_the_conditions_name_the_machine_and_the_versions() -> None:
    conditions = environment()
    assert int(conditions["processors available"]) >= 1
    assert conditions["pypdfium2"][0].isdigit()
    assert conditions["python"].startswith("3.")


@pytest.mark.slow
def test_the_latency_of_the_embedded_default_is_measured(tmp_path: Path) -> None:
    app = Typer()
    app.command()(bench)
    figures_file = tmp_path / "figures.json"
    result = CliRunner().invoke(app, ["--part", "latency", "--count", "5", "--json", str(figures_file)])
    assert result.exit_code == 0, result.output
    stages = json.loads(figures_file.read_text(encoding="utf-8"))["latency"]
    assert len(stages) == 5
    assert all(0 < stage["min"] <= stage["p50"] <= stage["max"] for stage in stages.values())
    assert "target at most 400 ms" in result.output


@pytest.mark.slow
def test_what_an_e_invoice_costs_is_measured(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    app = Typer()
    app.command()(bench)
    result = CliRunner().invoke(app, ["--part", "einvoice", "--count", "5", "--json", str(figures)])
    assert result.exit_code == 0, result.output
    costs = json.loads(figures.read_text(encoding="utf-8"))["einvoice"]
    assert [(cost["syntax"], cost["lines"]) for cost in costs] == [("UBL", 50), ("CII", 50), ("UBL", 500), ("CII", 500)]
    assert all(cost["cpu_seconds"] > 0 for cost in costs)


def test_too_few_documents_are_said_in_a_sentence(tmp_path: Path) -> None:
    app = Typer()
    app.command()(bench)
    result = CliRunner().invoke(app, ["--part", "text", "--dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "only 0 documents of that kind were found" in result.output
