"""Reading a picture tells nobody about it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LOAD = """
import socket, sys
from invoiceflow_ocr.engines.native.networks import Networks

def refuse(*_: object) -> None:
    raise SystemExit("something wanted to reach the network")

socket.socket.connect = socket.getaddrinfo = refuse
Networks(1)
print(sorted(name for name in sys.modules if name.startswith("openvino_telemetry.")))
"""


@pytest.mark.slow
def test_loading_the_networks_reports_to_nobody_and_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path)}
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []
