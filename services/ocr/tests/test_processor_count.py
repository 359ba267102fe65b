"""Thread counts follow the container's limit, not the host's size."""

import os
from pathlib import Path

import pytest

from invoiceflow_ocr.processors import available_processors


@pytest.fixture(autouse=True)
def eight_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(8)))


@pytest.mark.parametrize(
    ("limit", "processors"), [("200000 100000", 2), ("150000 100000", 2), ("50000 100000", 1), ("max 100000", 8)]
)
def test_the_quota_of_cgroup_2_counts(tmp_path: Path, limit: str, processors: int) -> None:
    (tmp_path / "cpu.max").write_text(limit)

    assert available_processors(tmp_path) == processors


@pytest.mark.parametrize(("quota", "processors"), [("300000", 3), ("-1", 8)])
def test_the_quota_of_cgroup_1_counts(tmp_path: Path, quota: str, processors: int) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")

    assert available_processors(tmp_path) == processors


def test_without_a_quota_all_that_the_scheduler_allows_are_used(tmp_path: Path) -> None:
    assert available_processors(tmp_path) == 8
