"""What the engine and the kernel say of the containers of a stack."""

import json
from collections.abc import Collection
from typing import Any

from faultsuite.oracle import Container
from faultsuite.stack import SERVICES, FaultStack, docker

__all__ = ["Watch"]

OURS_ALONE = {"toxiproxy", "unavailable"}
"""Containers of the suite and not of the stack."""

PEAK_AND_KILLS = """
cd /sys/fs/cgroup
if [ -e memory.peak ]; then cat memory.peak; grep -w oom_kill memory.events; fi
if [ -e memory/memory.max_usage_in_bytes ]; then cat memory/memory.max_usage_in_bytes; grep -w oom_kill memory/memory.oom_control; fi
"""
"""In version 2 and in version 1 of control groups."""


class Watch:
    """Knows which containers ran when it began, and since when."""

    def __init__(self, stack: FaultStack) -> None:
        self._stack = stack
        self._started = {name: one["State"]["StartedAt"] for name, one in self._running().items()}

    def report(self, meant_to_restart: Collection[str]) -> list[Container]:
        """Return what became of every container; those of some services were made to restart."""
        running = self._running()
        found = [
            self._report(
                name,
                one,
                restarted=self._started.get(name) != one["State"]["StartedAt"],
                meant=_service(one) in meant_to_restart,
            )
            for name, one in running.items()
        ]
        gone = [Container(name, running=False) for name in sorted(self._started.keys() - running.keys())]
        return found + gone

    def _running(self) -> dict[str, dict[str, Any]]:
        label = f"label=com.docker.compose.project={self._stack.project}"
        names = docker("ps", "--format", "{{.Names}}", "--filter", label).split()
        return {
            one["Name"].removeprefix("/"): one
            for one in json.loads(docker("inspect", *names))
            if _service(one) not in OURS_ALONE
        }

    def _report(self, name: str, one: dict[str, Any], *, restarted: bool, meant: bool) -> Container:
        peak, _, kills = docker("exec", name, "sh", "-c", PEAK_AND_KILLS).split()
        # The servers' files fill whatever the page cache may have; that is given back when memory is wanted.
        return Container(
            name,
            memory_peak=int(peak) if _service(one) in SERVICES else 0,
            memory_limit=one["HostConfig"]["Memory"],
            killed_for_memory=one["State"]["OOMKilled"] or int(kills) > 0,
            restarted=restarted,
            meant_to_restart=meant,
        )


def _service(one: dict[str, Any]) -> str:
    return str(one["Config"]["Labels"]["com.docker.compose.service"])
