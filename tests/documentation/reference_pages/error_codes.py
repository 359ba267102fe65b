"""Every stable error code in the sources, found by reading them.

A code is the literal that is given as such to an error or a problem document, the value of a reason to refuse a message, or
what a name or keyword ``code`` is bound to. What passes a code on that was made elsewhere has no literal and adds nothing.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from reference_pages.project import ROOT, sources

__all__ = ["Occurrence", "error_codes"]

Occurrence = tuple[str, str]
"""A code, and ``file:line`` where it is made."""

_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_POSITION = {
    "PermanentError": 0,
    "ContainerError": 0,
    "TransientError": 0,
    "UnavailableError": 0,
    "InvoiceflowError": 0,
    "_Failure": 0,
    "ProblemError": 1,
    "problem_response": 1,
}
"""The argument that is the code."""
_KEYWORDS = {"Problem", "DocumentFailedV1"}
"""Take the code by name."""
_NOT_OF_THE_SYSTEM = {"samples", "evaluation"}
"""Packages that make or measure documents and whose errors nobody meets through an interface."""


def error_codes() -> list[Occurrence]:
    """Return all codes in the order of their names."""
    found: set[Occurrence] = set()
    for path in sources():
        place = path.relative_to(ROOT)
        if (
            place.parts[0] in _NOT_OF_THE_SYSTEM
            or path.name in {"descriptions.py", "testing.py"}
            or "testing" in place.parts
        ):
            continue
        for code, line in _codes_of(path):
            found.add((code, f"{place.as_posix()}:{line}"))
    return sorted(found)


def _codes_of(path: Path) -> Iterator[tuple[str, int]]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    errors = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(_name(base).endswith("Error") for base in node.bases)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call():
                for argument in _code_arguments(node):
                    yield from _literals(argument)
            case ast.Assign(targets=[ast.Name(id="code")]):
                yield from _literals(node.value)
            case ast.ClassDef(name=name, body=body):
                if name in errors:
                    yield from _codes_of_constructor(body)
                if any(_name(base) == "StrEnum" for base in node.bases) and name.endswith("Reason"):
                    for statement in body:
                        if isinstance(statement, ast.Assign):
                            yield from _literals(statement.value)
            case _:
                pass


def _code_arguments(call: ast.Call) -> Iterator[ast.expr]:
    name = _name(call.func)
    position = _POSITION.get(name)
    if position is not None and len(call.args) > position:
        yield call.args[position]
    if position is not None or name in _KEYWORDS:
        yield from (keyword.value for keyword in call.keywords if keyword.arg == "code")


def _codes_of_constructor(body: list[ast.stmt]) -> Iterator[tuple[str, int]]:
    """Yield the code that an error class gives to the class it is derived from."""
    for statement in body:
        for node in ast.walk(statement):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "__init__"
                and node.args
            ):
                yield from _literals(node.args[0])


def _literals(expression: ast.expr) -> Iterator[tuple[str, int]]:
    if isinstance(expression, ast.Subscript):  # a code that comes from elsewhere, by the name of its key
        return
    for node in ast.walk(expression):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
            yield node.value, node.lineno


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
