"""The routes of all services, from the OpenAPI description of the embedded default."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from invoiceflow_standalone.main import create_app
from invoiceflow_standalone.settings import StandaloneSettings
from reference_pages.blocks import table

__all__ = ["http_blocks", "openapi"]

_METHODS = ("get", "post", "put", "patch", "delete")
_SAME_EVERYWHERE = {"4XX"}
_LISTS = {
    "documents": "/v1/documents",
    "invoices": "/v1/invoices",
    "dead-letters": "/v1/dead-letters",
    "page": "/v1/documents/{document_id}/pages/{number}.png",
}


@contextmanager
def _default_environment() -> Iterator[None]:
    """Hide this shell's settings, so that the description is everywhere the same."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("INVOICEFLOW_")}
    try:
        yield
    finally:
        os.environ.update(kept)


def openapi() -> dict[str, Any]:
    """Return the description; nothing is served for it."""
    with _default_environment(), TemporaryDirectory() as folder:
        return create_app(StandaloneSettings(data_dir=Path(folder))).openapi()


def http_blocks() -> dict[str, str]:
    """Return the table of routes, and one of the parameters of each list and of a page."""
    description = openapi()
    rows = [
        (f"`{method.upper()} {path}`", route["summary"], _answers(route["responses"]))
        for path, item in sorted(description["paths"].items())
        for method, route in item.items()
        if method in _METHODS
    ]
    blocks = {"http.routes": table(("route", "what it does", "answers"), rows)}
    for name, path in _LISTS.items():
        parameters = description["paths"][path]["get"]["parameters"]
        blocks[f"http.{name}"] = table(
            ("parameter", "takes", "meaning"),
            [
                (f"`{one['name']}`", _takes(one["schema"], description), _meaning(one))
                for one in parameters
                if one["in"] == "query"
            ],
        )
    return blocks


def _answers(responses: Mapping[str, Any]) -> str:
    return " ".join(sorted(status for status in responses if status not in _SAME_EVERYWHERE))


def _meaning(parameter: Mapping[str, Any]) -> str:
    text = str(parameter.get("description", "")).replace("``", "`")
    default = parameter["schema"].get("default")
    return text if default is None else f"{text} Default `{default}`.".strip()


def _takes(schema: Mapping[str, Any], description: Mapping[str, Any]) -> str:
    """Return what kind of value a parameter takes, in a word or as its choices."""
    if "anyOf" in schema:
        kinds = [_takes(one, description) for one in schema["anyOf"] if one.get("type") != "null"]
        return kinds[0]
    if "$ref" in schema:
        return _takes(description["components"]["schemas"][schema["$ref"].rpartition("/")[2]], description)
    if "enum" in schema:
        return " ".join(f"`{value}`" for value in schema["enum"])
    return {"date-time": "date or time", "date": "date"}.get(schema.get("format", ""), str(schema["type"]))
