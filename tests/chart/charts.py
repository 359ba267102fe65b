"""What `helm template` makes of the charts; helm is all that is needed, and no cluster."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

__all__ = ["CHARTS", "VALUES", "Object", "Render", "template", "tool"]

CHARTS = Path(__file__).resolve().parents[2] / "deploy/k8s"
VALUES = ("trial", "production", "air-gapped")

KUBERNETES = "1.32.0"
"""Whose API is rendered for; a helm may have been built for whatever version."""

Object = dict[str, Any]
Render = Callable[..., list[Object]]


def tool(name: str) -> str:
    """Return the path of a program, or skip; with INVOICEFLOW_REQUIRE_HELM, a missing helm is a failure."""
    found = shutil.which(name)
    if found is None:
        if name == "helm" and os.environ.get("INVOICEFLOW_REQUIRE_HELM"):
            pytest.fail("INVOICEFLOW_REQUIRE_HELM is set, but there is no helm")
        pytest.skip(f"there is no {name}, so what it would say of the charts is not known")
    return found


@cache
def template(chart: str, *arguments: str) -> str:
    """Return what `helm template` writes.

    Raises:
        ValueError: with what it says instead.
    """
    given = ("--namespace", "invoiceflow", "--kube-version", KUBERNETES, *arguments)
    command = [tool("helm"), "template", "invoiceflow", str(CHARTS / chart), *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    return done.stdout
