"""How many processors this container may use, which is not how many the host has."""

import math
import os
from pathlib import Path

__all__ = ["available_processors"]


def available_processors(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the processors that the scheduler and the CPU quota of cgroup v2 or v1 allow, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota_v2(cgroup / "cpu.max") or _quota_v1(
        cgroup / "cpu" / "cpu.cfs_quota_us", cgroup / "cpu" / "cpu.cfs_period_us"
    )
    return max(1, min(allowed, math.ceil(quota)) if quota else allowed)


def _quota_v2(file: Path) -> float | None:
    try:
        quota, period = file.read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else int(quota) / int(period)


def _quota_v1(quota_file: Path, period_file: Path) -> float | None:
    try:
        quota, period = int(quota_file.read_text()), int(period_file.read_text())
    except (OSError, ValueError):
        return None
    return quota / period if quota > 0 and period > 0 else None
