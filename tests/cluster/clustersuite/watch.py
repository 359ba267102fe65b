"""What Kubernetes and the kernel say of the pods of an installation."""

import time
from collections.abc import Collection
from typing import Any

from faultsuite.oracle import Container

from clustersuite.installation import SERVICES, Installation

__all__ = ["PodWatch", "bytes_of"]

PEAK = "cat /sys/fs/cgroup/memory.peak 2>/dev/null || cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes"
"""In version 2 and in version 1 of control groups."""

STARTING_SECONDS = 120.0

UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "k": 10**3, "M": 10**6, "G": 10**9}


def bytes_of(quantity: str) -> int:
    """Return the bytes of a quantity of memory as Kubernetes writes it."""
    for unit, factor in UNITS.items():
        if quantity.endswith(unit):
            return int(float(quantity.removesuffix(unit)) * factor)
    return int(quantity)


class PodWatch:
    """Knows how often each container had restarted when it began.

    A pod that was replaced by another is no restart: that is what a Deployment does. One whose container ended and was
    started again in its place is, whatever the reason.
    """

    def __init__(self, installation: Installation) -> None:
        self._kube, self._service_of = installation.kube, installation.service_of
        self._restarts = {pod["metadata"]["uid"]: _restarts(pod) for pod in self._kube.pods()}

    def report(self, meant_to_restart: Collection[str]) -> list[Container]:
        """Return what became of every pod that runs, and a line for each that should and does not."""
        deadline = time.monotonic() + STARTING_SECONDS  # one may just have been asked for
        while (missing := self._missing()) and time.monotonic() < deadline:
            time.sleep(1)
        running = [pod for pod in self._kube.pods() if pod["status"]["phase"] == "Running"]
        reports = [self._report(pod, meant_to_restart) for pod in running]
        # One that was scaled away in this moment is nobody's loss.
        there = {pod["metadata"]["name"] for pod in self._kube.pods()}
        return missing + [one for one in reports if one.name in there]

    def _missing(self) -> list[Container]:
        return [
            Container(f"{one['metadata']['name']} has {ready} of {wanted} pods ready", running=False)
            for one in self._kube.get("deployments")
            if (ready := one["status"].get("readyReplicas", 0)) < (wanted := one["spec"]["replicas"])
        ]

    def _report(self, pod: dict[str, Any], meant_to_restart: Collection[str]) -> Container:
        name, service = pod["metadata"]["name"], self._service_of(pod)
        spec, status = pod["spec"]["containers"][0], pod["status"]["containerStatuses"][0]
        measured = service in SERVICES
        # Without a limit nothing is bounded, and what does not tell its peak may have been at it: the oracle says so.
        limit = bytes_of(spec.get("resources", {}).get("limits", {}).get("memory", "0")) if measured else 1
        peak = (
            self._kube("exec", name, "--container", spec["name"], "--", "sh", "-c", PEAK, check=False)
            if measured
            else "0"
        )
        return Container(
            name,
            memory_peak=int(peak or limit),
            memory_limit=limit,
            killed_for_memory=status.get("lastState", {}).get("terminated", {}).get("reason") == "OOMKilled",
            restarted=_restarts(pod) > self._restarts.get(pod["metadata"]["uid"], 0),
            meant_to_restart=service in meant_to_restart,
        )


def _restarts(pod: dict[str, Any]) -> int:
    return sum(one["restartCount"] for one in pod["status"].get("containerStatuses", ()))
