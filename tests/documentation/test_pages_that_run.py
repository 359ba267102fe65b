"""The commands of the tutorial and the how-to pages do on a running server what the pages say."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest
from reference_pages.marked import marked_blocks
from reference_pages.project import ROOT, markdown_files

START_SECONDS, PAGE_SECONDS, STOP_SECONDS = 60.0, 180.0, 45.0
"""Patience, not a measure: the cores may be shared with other work."""
_PUBLISHING = ROOT / "docs/how-to/publish-from-upstream.md"
PAGES = [path for path in markdown_files() if path != _PUBLISHING and marked_blocks(path)]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on data of its own; its address."""
    folder = tmp_path_factory.mktemp("documentation")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url, log_file = f"http://127.0.0.1:{port}", folder / "server.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "invoiceflow_standalone"],
            env=_environment(INVOICEFLOW_PORT=str(port), INVOICEFLOW_DATA_DIR=str(folder / "data")),
            stdout=log,
            stderr=log,
        )
    try:
        direct = build_opener(ProxyHandler({}))
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert process.poll() is None, log_file.read_text(errors="replace")
            try:
                direct.open(f"{url}/readyz", timeout=5).close()
                break
            except (URLError, ConnectionError, TimeoutError):
                assert time.monotonic() < deadline, log_file.read_text(errors="replace")
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _environment(**variables: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("INVOICEFLOW_")}
    return {**ours, "NO_PROXY": "127.0.0.1", **variables}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the repository to the commands, and takes what they write."""
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/bin").symlink_to(Path(sys.executable).parent)
    return tmp_path


def run(page: Path, folder: Path, url: str) -> str:
    """Run the marked blocks of a page as one session of the shell; return what it printed."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl: the commands of the pages are not tried")
    blocks = [block.text for block in marked_blocks(page) if block.language == "bash"]
    done = subprocess.run(
        ["bash", "-xeuo", "pipefail", "-c", "\n".join(blocks)],
        cwd=folder,
        env=_environment(INVOICEFLOW_URL=url, COLUMNS="200"),
        capture_output=True,
        text=True,
        timeout=PAGE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_succeed(page: Path, folder: Path, server: str) -> None:
    assert run(page, folder, server)


def test_the_tutorial_ends_with_what_it_promises(folder: Path, server: str) -> None:
    printed = run(ROOT / "docs/tutorial.md", folder, server)
    assert "R000901" in printed
    assert "12-de-peppol-ubl.xml" in (folder / "invoices.csv").read_text(encoding="utf-8")
    assert (folder / "invoices.xlsx").read_bytes().startswith(b"PK")


def test_a_client_that_comes_back_is_told_that_there_is_nothing_left(folder: Path, server: str) -> None:
    printed = run(ROOT / "docs/how-to/upload-over-http.md", folder, server)
    assert "event: document" in printed
    assert "\n204\n" in printed
    assert "urn:invoiceflow:problem:unsupported_media_type" in printed
