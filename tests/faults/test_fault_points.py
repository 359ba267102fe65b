"""What is patched into the services' processes exists there, and does what the scenarios rely on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

INSIDE = Path(__file__).parent / "inside"

TRY = """
import importlib
import sitecustomize as inside
inside.install(inside.SABOTAGE)
for module in {*inside.POINTS, *(one for changes in inside.SABOTAGE.values() for one in changes)}:
    importlib.import_module(module)
"""


def python(program: str) -> "subprocess.CompletedProcess[str]":
    # In a process of its own: nothing here may stay changed for the tests that follow. By PYTHONPATH as in the images:
    # some systems load a sitecustomize of their own at start, and a path added later comes too late.
    env = os.environ | {"PYTHONPATH": str(INSIDE)}
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, env=env)


def test_every_point_and_every_sabotage_finds_what_it_changes() -> None:
    tried = python(TRY)
    assert tried.returncode == 0, tried.stderr


def test_a_sabotage_reaches_those_who_import_by_name() -> None:
    shown = python(
        TRY
        + """
from invoiceflow_chassis.kafka.delivery import event_id
from invoiceflow_chassis.objects.minio import verified
print(event_id("cause", "type", "1") != event_id("cause", "type", "1"), verified(None, b"anything"))
"""
    )
    assert shown.stdout == "True b'anything'\n", shown.stderr


@pytest.mark.parametrize("passage", [1, 3])
def test_what_is_planned_happens_once_at_its_passage(tmp_path: Path, passage: int) -> None:
    (tmp_path / "plan.json").write_text(
        json.dumps({"points": [{"id": "a", "point": "here", "passage": passage, "action": "sleep", "seconds": 0}]})
    )
    program = f"""
import sitecustomize as inside
from pathlib import Path
inside.PLAN, inside.MARKS = Path({str(tmp_path)!r}) / "plan.json", Path({str(tmp_path)!r})
seen = []
for point in ["elsewhere", "here", "here", "here", "here"]:
    inside.reach(point)
    seen.append((inside.MARKS / "a").exists())
print(seen)
"""
    struck = [index >= passage for index in range(5)]
    for first in (True, False):  # a process started later is not struck again
        shown = python(program)
        assert shown.stdout == f"{struck if first else [True] * 5}\n", shown.stderr
