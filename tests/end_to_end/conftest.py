"""A deployment to try from outside: the standalone process, or whatever INVOICEFLOW_E2E_URL points at."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from invoiceflow_samples import Kind, Sample, generate

START_SECONDS, END_SECONDS, STOP_SECONDS = 60.0, 240.0, 45.0
"""Patience, not a measure: the cores may be shared with other work."""

TERMINAL = {"extracted", "failed"}

Json = dict[str, Any]


class Deployment:
    """What a client sees of one."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self.url = url
        self.http = httpx.Client(
            base_url=url,
            timeout=60,
            trust_env=False,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
        )

    def upload(self, *samples: Sample) -> list[Json]:
        """Send each as a request of its own and return what was accepted."""
        accepted: list[Json] = []
        for sample in samples:
            response = self.http.post("/v1/documents", files={"file": (sample.name, sample.data)})
            assert response.status_code == 202, response.text
            accepted += response.json()["documents"]
        return accepted

    def end_of(self, document_id: str) -> Json:
        """Return the document once it is in a terminal state."""
        deadline = time.monotonic() + END_SECONDS
        while True:
            response = self.http.get(f"/v1/documents/{document_id}")
            document: Json = response.json()
            if response.status_code == 200 and document["status"] in TERMINAL:
                return document
            assert time.monotonic() < deadline, f"no end after {END_SECONDS:g} s: {document}"
            time.sleep(0.05)

    def invoice(self, document_id: str) -> Json:
        response = self.http.get(f"/v1/invoices/{document_id}")
        assert response.status_code == 200, response.text
        invoice: Json = response.json()
        return invoice

    def all(self, path: str) -> list[Json]:
        """Return every row of a list."""
        rows: list[Json] = []
        cursor: str | None = None
        while True:
            page = self.http.get(path, params={"limit": 100, **({"cursor": cursor} if cursor else {})}).json()
            rows += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return rows


class Standalone(Deployment):
    """The standalone process on a data directory of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        super().__init__(f"http://127.0.0.1:{port}")
        self.log_file = folder / "server.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("INVOICEFLOW_")},
            "INVOICEFLOW_PORT": str(port),
            "INVOICEFLOW_DATA_DIR": str(folder / "data"),
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process without waiting for anything."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "invoiceflow_standalone"],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self._process

    def start(self) -> None:
        """Start the process and wait until it is ready."""
        process = self.launch()
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert process.poll() is None, f"ended with {process.returncode}:\n{self.log}"
            try:
                if self.http.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, f"not ready after {START_SECONDS:g} s:\n{self.log}"
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and return the exit code."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End it as a power cut would, its child processes included."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(STOP_SECONDS)

    def close(self) -> None:
        """Leave nothing running."""
        self.http.close()
        if self._process is not None and self._process.poll() is None:
            self.kill()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A running deployment; the tests of a module share it."""
    url = os.environ.get("INVOICEFLOW_E2E_URL")
    if url:
        deployment = Deployment(url, os.environ.get("INVOICEFLOW_E2E_API_KEY"))
        yield deployment
        deployment.http.close()
        return
    standalone = Standalone(tmp_path_factory.mktemp("standalone"))
    try:
        standalone.start()
        yield standalone
    finally:
        standalone.close()


StartStandalone = Callable[..., Standalone]


@pytest.fixture
def standalone(tmp_path: Path) -> Iterator[StartStandalone]:
    """Makes standalone processes, all on the same data directory, that a test may start, stop and kill."""
    made: list[Standalone] = []

    def make(**environment: str) -> Standalone:
        made.append(Standalone(tmp_path, **environment))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def samples() -> Callable[..., list[Sample]]:
    """Makes invoices: ``samples(Kind.PDF_TEXT, Kind.XML_UBL, count=2, seed=1)``."""

    def make(*kinds: Kind, count: int, seed: int) -> list[Sample]:
        made: Iterable[Sample] = generate(seed=seed, count=count, kinds=list(kinds))
        return list(islice(made, count))

    return make
