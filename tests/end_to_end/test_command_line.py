"""The ``invoiceflow`` command against a real server."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from invoiceflow_samples import Kind, Sample

pytestmark = pytest.mark.slow

Samples = Callable[..., list[Sample]]
COMMAND = str(Path(sys.executable).with_name("invoiceflow"))


def write(folder: Path, samples: list[Sample]) -> Path:
    folder.mkdir()
    for sample in samples:
        (folder / sample.name).write_bytes(sample.data)
    return folder


def start(url: str | None, *arguments: object) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INVOICEFLOW_")}
    if url:
        environment["INVOICEFLOW_URL"] = url
    if key := os.environ.get("INVOICEFLOW_E2E_API_KEY"):
        environment["INVOICEFLOW_API_KEY"] = key
    return subprocess.Popen(
        [COMMAND, *map(str, arguments)],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run(url: str | None, *arguments: object) -> tuple[int, str, str]:
    process = start(url, *arguments)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def serves(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_a_folder_is_sent_listed_shown_and_exported(deployment: Any, samples: Samples, tmp_path: Path) -> None:
    sent = samples(Kind.PDF_TEXT, Kind.XML_CII, count=3, seed=51)
    code, out, err = run(deployment.url, "send", "--json", write(tmp_path / "invoices", sent))
    assert code == 0, err
    rows = {Path(row["file"]).name: row for row in map(json.loads, out.splitlines())}
    assert {row["outcome"] for row in rows.values()} <= {"extracted", "known"}
    exact = next(sample for sample in sent if sample.media_type == "application/xml")
    number = exact.truth["truth"]["invoice_number"]
    code, out, _ = run(deployment.url, "list", "--number", number, "--json")
    assert rows[exact.name]["document_id"] in {json.loads(line)["id"] for line in out.splitlines()}
    code, out, err = run(deployment.url, "show", rows[exact.name]["document_id"])
    assert code == 0, err
    assert exact.truth["truth"]["seller_name"] in out
    code, out, err = run(deployment.url, "export", "--format", "csv", "--number", number)
    assert code == 0, err
    assert number in out


def test_sending_outlives_the_death_of_the_server(standalone: Any, samples: Samples, tmp_path: Path) -> None:
    sent = samples(Kind.PDF_TEXT, Kind.PDF_SCAN, count=8, seed=52)
    folder = write(tmp_path / "invoices", sent)
    server = standalone()
    server.start()
    process = start(server.url, "send", "--json", folder)
    deadline = time.monotonic() + 60
    while not server.all("/v1/documents") and time.monotonic() < deadline:
        time.sleep(0.02)
    server.kill()
    server.start()
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert [Path(json.loads(line)["file"]).name for line in out.splitlines()] == sorted(each.name for each in sent)
    assert len(server.all("/v1/invoices")) == len(sent)


def test_the_demo_shows_what_was_extracted_and_what_to_do_next(samples: Samples, tmp_path: Path) -> None:
    (sample,) = samples(Kind.XML_UBL, count=1, seed=53)
    code, out, err = run(None, "demo", write(tmp_path / "samples", [sample]))
    assert code == 0, err
    assert sample.truth["truth"]["invoice_number"] in out
    assert "1 extracted" in err
    for step in ("make run", "send", "/docs"):
        assert step in out


def test_run_serves_until_ctrl_c(tmp_path: Path) -> None:
    process = start(None, "run", "--port", 0, "--data-dir", tmp_path / "data")
    assert process.stdout is not None
    url = process.stdout.readline().split()[3]
    deadline = time.monotonic() + 60
    while not serves(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert serves(url)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Traceback" not in err
