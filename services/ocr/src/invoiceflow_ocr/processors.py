"""What this container may use of its host's processors and memory."""

import math
import os
import resource
from pathlib import Path

__all__ = ["available_memory", "available_processors", "memory_is_short", "readers_that_fit"]

CGROUP = Path("/sys/fs/cgroup")

MOST_READERS = 64

SHORT = 512 << 20
"""Bytes that a model may ask for at once."""


def readers_that_fit(memory_bytes: int, cgroup: Path = CGROUP) -> int:
    """Return how many child processes this container has room for, each with a processor and so much memory; at least 1."""
    return max(1, min(available_processors(cgroup), available_memory(cgroup) // memory_bytes, MOST_READERS))


def available_memory(cgroup: Path = CGROUP) -> int:
    """Return the bytes that the memory limit of cgroup v2 or v1 allows, at most those the host has."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for file in (cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes"):
        try:
            return min(installed, int(file.read_text()))
        except (OSError, ValueError):  # not that version, or "max"
            continue
    return installed


def memory_is_short() -> bool:
    """Return whether this process has nearly all the private memory that it may have (``RLIMIT_DATA``)."""
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if limit == resource.RLIM_INFINITY:
        return False
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:  # not Linux
        return False
    return any(
        line.startswith("VmData:") and int(line.split()[1]) * 1024 > limit - SHORT for line in status.splitlines()
    )


def available_processors(cgroup: Path = CGROUP) -> int:
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
