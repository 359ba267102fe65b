"""What holds for every test of the workspace."""

import os
import subprocess
import sys

import hypothesis
import pytest

# How fast an example runs depends on what else the machine does, and is no property of what is tested.
hypothesis.settings.register_profile(
    "invoiceflow", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("invoiceflow")

# The fixtures remove their containers themselves; the helper image that would do it may not be there to be pulled.
# Set before anything imports testcontainers, which reads it once.
os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")


@pytest.fixture(scope="session")
def docker_engine() -> None:
    """Needs a Docker engine: without one the test is skipped, or fails where INVOICEFLOW_REQUIRE_ENGINE is set."""
    # Asked in a process of its own: the client leaves sockets behind where no engine answers.
    asked = subprocess.run(
        [sys.executable, "-c", "import docker; docker.from_env().ping()"], check=False, capture_output=True, text=True
    )
    if asked.returncode == 0:
        return
    reason = (asked.stderr.strip().splitlines() or ["it gives no reason"])[-1]
    if os.environ.get("INVOICEFLOW_REQUIRE_ENGINE"):
        pytest.fail(f"INVOICEFLOW_REQUIRE_ENGINE is set, but no Docker engine answers: {reason}")
    pytest.skip(f"no Docker engine answers, so this is not tried on the real server: {reason}")
