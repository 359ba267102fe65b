"""kubectl and helm as a user has them: the suite needs no other tool, and works on whatever cluster KUBECONFIG names."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from faultsuite.stack import until as wait_until

__all__ = ["PATIENCE_SECONDS", "ROOT", "Completed", "Kube", "helm", "kubectl", "require_cluster", "until"]

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PATIENCE_SECONDS = 300.0
"""For whatever is sure to come; the cores may be shared with other work."""
COMMAND_SECONDS = 900.0

Completed = subprocess.CompletedProcess[str]


def require_cluster() -> None:
    """Need kubectl, helm and a cluster that answers; skip where nobody has asked for it.

    Many have a KUBECONFIG in their environment all day, and not for this: what installs, drains and uninstalls is begun by
    ``make cluster-test`` alone, which sets the variable.
    """
    if not os.environ.get("INVOICEFLOW_REQUIRE_CLUSTER"):
        pytest.skip("not tried on Kubernetes: `make cluster-test` does, on the cluster that KUBECONFIG names")
    for tool in ("kubectl", "helm"):
        if shutil.which(tool) is None:
            pytest.fail(f"there is no {tool}")
    if not os.environ.get("KUBECONFIG"):
        pytest.fail("KUBECONFIG names no cluster, and the default one may be production")
    asked = kubectl("get", "--raw", "/readyz", "--request-timeout=20s", check=False)
    if asked.returncode != 0:
        pytest.fail(f"the cluster does not answer: {(asked.stderr.strip().splitlines() or ['no reason given'])[-1]}")


def until(condition: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS, pause: float = 0.5) -> Any:
    """Wait as the fault suite does, but more patiently: each look may be a kubectl."""
    return wait_until(condition, what, seconds, pause)


def _run(command: Sequence[str], *, given: str | None, check: bool, seconds: float) -> Completed:
    done = subprocess.run(command, cwd=ROOT, input=given, check=False, capture_output=True, text=True, timeout=seconds)
    assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done


def kubectl(
    *arguments: str, given: str | None = None, check: bool = True, seconds: float = COMMAND_SECONDS
) -> Completed:
    return _run(("kubectl", *arguments), given=given, check=check, seconds=seconds)


def helm(*arguments: str, check: bool = True, seconds: float = COMMAND_SECONDS) -> Completed:
    return _run(("helm", *arguments), given=None, check=check, seconds=seconds)


@dataclass(frozen=True)
class Kube:
    """One namespace."""

    namespace: str

    def __call__(
        self, *arguments: str, given: str | None = None, check: bool = True, seconds: float = COMMAND_SECONDS
    ) -> str:
        """Return what kubectl writes."""
        return kubectl("--namespace", self.namespace, *arguments, given=given, check=check, seconds=seconds).stdout

    def create(self, labels: Mapping[str, str]) -> None:
        """Have the namespace, with these labels."""
        kubectl("create", "namespace", self.namespace)
        kubectl("label", "namespace", self.namespace, *(f"{name}={value}" for name, value in labels.items()))

    def get(self, *what: str) -> list[dict[str, Any]]:
        """Return the objects that ``kubectl get`` lists."""
        return list(json.loads(self("get", *what, "--output", "json"))["items"])

    def one(self, kind: str, name: str) -> dict[str, Any]:
        return dict(json.loads(self("get", kind, name, "--output", "json")))

    def apply(self, *objects: Mapping[str, Any]) -> None:
        self("apply", "--filename", "-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))

    def pods(self, labels: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Return the pods with these labels that are not on their way out."""
        chosen = ("--selector", ",".join(f"{name}={value}" for name, value in labels.items())) if labels else ()
        return [one for one in self.get("pods", *chosen) if "deletionTimestamp" not in one["metadata"]]

    def evict(self, pod: str) -> tuple[bool, str]:
        """Ask for an eviction as a drain does; return whether it was granted, and the answer."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": self.namespace}}
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/eviction"
        done = kubectl("create", "--raw", path, "--filename", "-", given=json.dumps(body), check=False)
        return done.returncode == 0, done.stdout + done.stderr

    def wait_deployed(self, names: Iterable[str], seconds: float = PATIENCE_SECONDS) -> None:
        for name in names:
            self("rollout", "status", f"deployment/{name}", f"--timeout={seconds:g}s", seconds=seconds + 60)
