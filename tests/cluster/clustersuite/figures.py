"""What was measured on the way, told in the end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

__all__ = ["Figures"]


class Figures:
    """Lines for the summary."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        self._lines.append(line)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Tell how long the block took."""
        begun = time.monotonic()
        yield
        self.add(f"{what}: {time.monotonic() - begun:.0f} s")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._lines:
            terminalreporter.write_sep("-", "on Kubernetes")
        for line in self._lines:
            terminalreporter.write_line(line)
