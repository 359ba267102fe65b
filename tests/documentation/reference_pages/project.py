"""Where things are in the source tree."""

from collections.abc import Iterator
from pathlib import Path

__all__ = ["ROOT", "markdown_files", "sources"]

ROOT = Path(__file__).resolve().parents[3]
_PACKAGES = ("contracts", "chassis", "samples", "evaluation", "services/*")
_NOT_OURS = {".venv", ".tools", "var", "node_modules", ".git"}


def sources() -> Iterator[Path]:
    """Yield every module of every package."""
    for package in _PACKAGES:
        yield from sorted(ROOT.glob(f"{package}/src/**/*.py"))


def markdown_files() -> Iterator[Path]:
    """Yield every page of the repository."""
    for path in sorted(ROOT.rglob("*.md")):
        inside = path.relative_to(ROOT).parts
        if not any(part in _NOT_OURS or part.startswith(".") for part in inside):
            yield path
