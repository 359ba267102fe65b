"""The invoice under construction: values by JSON pointer, with their evidence."""

from typing import Any

from invoiceflow_contracts.extraction import Evidence, Method
from invoiceflow_extract.local.found import Found

__all__ = ["Draft"]


class Draft:
    """Values for an :class:`Invoice` and where they were found."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.evidence: dict[str, Evidence] = {}

    def get(self, pointer: str) -> Any:
        """Return the value at ``pointer``, ``None`` where there is none yet."""
        node: Any = self.data
        for part in pointer.strip("/").split("/"):
            if not isinstance(node, dict) or part not in node:
                return None
            node = node[part]
        return node

    def put(self, pointer: str, found: Found[Any] | None, factor: float = 1.0) -> None:
        """Set the value at ``pointer`` as found on a page; ``factor`` scales its confidence."""
        if found is not None:
            self._set(pointer, found.value)
            self.evidence[pointer] = found.evidence(factor)

    def compute(self, pointer: str, value: Any, how: str, confidence: float) -> None:
        """Set a value that follows from others; ``how`` says from which."""
        self._set(pointer, value)
        self.evidence[pointer] = Evidence(method=Method.LOCAL, text=f"computed: {how}", confidence=confidence)

    def set(self, pointer: str, value: Any, evidence: Evidence) -> None:
        """Set a value with evidence that is made already."""
        self._set(pointer, value)
        self.evidence[pointer] = evidence

    def _set(self, pointer: str, value: Any) -> None:
        *path, last = pointer.strip("/").split("/")
        node = self.data
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
