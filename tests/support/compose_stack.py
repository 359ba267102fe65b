"""docker-compose.yml as a running stack, under a project of its own, for the suites that try it."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import httpx
import pytest

__all__ = ["ROOT", "Stack", "cannot", "free_port", "require_compose", "require_engine", "run"]

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD_SECONDS, START_SECONDS, COMMAND_SECONDS = 900, 300, 120
"""Patience, not a measure: without a cache everything is downloaded, and the cores may be shared with other work."""

Completed = subprocess.CompletedProcess[str]


def run(*command: str, seconds: float = COMMAND_SECONDS, environment: Mapping[str, str] | None = None) -> Completed:
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=seconds
    )


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


class Stack:
    """One running project of docker-compose.yml, with secrets and a port of its own.

    Args:
        folder: for its .env file; of this stack alone.
        overrides: further compose files, relative to the root of the repository.
        environment: what they need beside the .env file.
    """

    def __init__(
        self, folder: Path, *, overrides: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        self.project = f"invoiceflow-test-{uuid4().hex[:8]}"
        self._env_file = folder / "stack.env"
        self._files = [
            part for file in ("docker-compose.yml", *overrides) if overrides for part in ("--file", str(ROOT / file))
        ]
        self._environment = {
            name: value
            for name, value in os.environ.items()
            # What a developer has set for a stack of their own is not meant for this one.
            if not name.startswith(("INVOICEFLOW_", "COMPOSE_"))
        }
        self._environment |= {"INVOICEFLOW_PORT": free_port(), "INVOICEFLOW_VERSION": "test", **(environment or {})}
        self.url = f"http://127.0.0.1:{self._environment['INVOICEFLOW_PORT']}"
        made = run(sys.executable, "deploy/make-env", "--file", str(self._env_file), environment=self._environment)
        assert made.returncode == 0, made.stderr
        self.api_key = self.setting("INVOICEFLOW_API_KEY")

    def setting(self, name: str) -> str:
        """Return what the .env file says."""
        lines = self._env_file.read_text().splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith(f"{name}="))

    def compose(self, *arguments: str, seconds: float = COMMAND_SECONDS) -> Completed:
        command = ("docker", "compose", *self._files, "--project-name", self.project, "--env-file", str(self._env_file))
        return run(*command, *arguments, seconds=seconds, environment=self._environment)

    def missing_images(self) -> str | None:
        """Return why an image of another project is neither here nor to be had."""
        pulled = self.compose("pull", "--quiet", "--ignore-buildable", "--policy", "missing", seconds=BUILD_SECONDS)
        return None if pulled.returncode == 0 else pulled.stderr.strip().splitlines()[-1]

    def start(self) -> None:
        built = self.compose("build", "--quiet", seconds=BUILD_SECONDS)
        assert built.returncode == 0, built.stderr
        started = self.compose("up", "--detach", "--wait", seconds=START_SECONDS)
        if started.returncode != 0:
            logs = self.compose("logs", "--no-color", "--tail", "40").stdout
            pytest.fail(f"the stack did not start:\n{started.stderr}\n{logs}")

    def stop(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--timeout", "10")

    def http(self, *, with_key: bool = True) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.api_key}"} if with_key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine knows of the service's container."""
        container = self.compose("ps", "--all", "--quiet", service).stdout.strip()
        (found,) = json.loads(run("docker", "inspect", container).stdout)
        assert isinstance(found, dict)
        return found


def cannot(reason: str) -> NoReturn:
    """Skip with the reason, or fail where an engine is required."""
    if os.environ.get("INVOICEFLOW_REQUIRE_ENGINE"):
        pytest.fail(f"INVOICEFLOW_REQUIRE_ENGINE is set, but {reason}")
    pytest.skip(f"the stack is not tried: {reason}")


def require_compose() -> None:
    """Need the docker command with its compose plugin, though no engine."""
    try:
        found = run("docker", "compose", "version")
    except FileNotFoundError:
        cannot("there is no docker command")
    if found.returncode != 0:
        cannot("docker has no compose plugin")


def require_engine() -> None:
    """Need both, and an engine that answers."""
    require_compose()
    if run("docker", "info").returncode != 0:
        cannot("no Docker engine answers")
