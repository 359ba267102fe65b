"""How the API's description names its errors."""

from typing import Any

from invoiceflow_chassis.problems import Problem

__all__ = ["NOT_MODIFIED", "problems"]

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Unchanged since the response whose ETag is in If-None-Match."}
}


def problems(**codes: int) -> dict[int | str, dict[str, Any]]:
    """Return the problem documents a route may answer with, given as code=status."""
    described: dict[int | str, dict[str, Any]] = {}
    for code, status in codes.items():
        response = described.setdefault(status, {"model": Problem, "description": "", "content": {}})
        response["description"] = ", ".join(filter(None, (response["description"], f"`{code}`")))
        response["content"] = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return described
