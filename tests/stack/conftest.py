"""The whole stack in containers, as docker-compose.yml describes it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))

from compose_stack import Stack, cannot, require_compose, require_engine


@pytest.fixture(scope="session")
def compose_plugin() -> None:
    """Needs the docker command with its compose plugin, though no engine."""
    require_compose()


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    require_engine()
    stack = Stack(tmp_path_factory.mktemp("stack"))
    if reason := stack.missing_images():
        cannot(f"an image is missing: {reason}")
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
