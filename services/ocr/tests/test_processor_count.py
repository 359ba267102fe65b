"""Counts of threads and readers follow the container's limits, not the host's size."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from invoiceflow_ocr.processors import available_processors, readers_that_fit


@pytest.fixture(autouse=True)
def eight_processors_and_as_many_gib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 8 << 18}.__getitem__)
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


@pytest.mark.parametrize(
    ("limit", "readers"), [(str(5 << 30), 5), (str(1 << 29), 1), (str(1 << 62), 8), ("max", 8), (None, 8)]
)
@pytest.mark.parametrize("file", ["memory.max", "memory/memory.limit_in_bytes"])
def test_no_more_readers_are_started_than_the_memory_holds(
    tmp_path: Path, file: str, limit: str | None, readers: int
) -> None:
    if limit is not None:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(limit)

    assert readers_that_fit(1 << 30, tmp_path) == readers


def test_no_more_readers_are_started_than_there_are_processors(tmp_path: Path) -> None:
    assert readers_that_fit(1, tmp_path) == 8


SHORTAGE = """
import resource, sys
from pathlib import Path
from invoiceflow_ocr.processors import memory_is_short
used = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmData" in line)
resource.setrlimit(resource.RLIMIT_DATA, ((used << 10) + (int(sys.argv[1]) << 20),) * 2)
print(memory_is_short())
"""


@pytest.mark.parametrize(("left", "short"), [("400", "True"), ("900", "False")])
def test_memory_is_short_just_before_the_limit(left: str, short: str) -> None:
    told = subprocess.run([sys.executable, "-c", SHORTAGE, left], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == short
