"""Which scenarios run with which seeds, on which stack, and what came of it in the end."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from compose_stack import cannot, require_engine
from faultsuite.report import Report
from faultsuite.stack import FaultStack
from faultsuite.world import World

REPORT = pytest.StashKey[Report]()


class Progress:
    """Says after each run what it was, and in the end what all were."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._told = 0

    def pytest_runtest_logreport(self) -> None:
        for line in self._report.runs[self._told :]:
            sys.stdout.write(f"\n{line}\n")
            self._told += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self._report.lines():
            terminalreporter.write_line(line)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = Report()
    config.pluginmanager.register(Progress(config.stash[REPORT]))


@pytest.fixture
def report(pytestconfig: pytest.Config) -> Report:
    return pytestconfig.stash[REPORT]


@pytest.fixture(scope="package")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], World]]:
    """Return the stack of a kind, running; one kind at a time, since they share a machine."""
    require_engine()
    running: dict[str, World] = {}

    def stop() -> None:
        while running:
            running.popitem()[1].close()

    def world(kind: str) -> World:
        if kind not in running:
            stop()
            stack = FaultStack(tmp_path_factory.mktemp("faults"), kind)
            if reason := stack.missing_images():
                cannot(f"an image is missing: {reason}")
            try:
                stack.start()
                running[kind] = World(stack)
            except BaseException:
                stack.close()
                raise
        return running[kind]

    try:
        yield world
    finally:
        stop()
