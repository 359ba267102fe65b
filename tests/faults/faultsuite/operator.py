"""An operator at the dead letters, who tries again when nobody answers."""

from typing import Any

import httpx

from faultsuite.stack import FaultStack, until
from invoiceflow_contracts.topics import TOPICS

__all__ = ["Operator"]

REDRIVEN_AT_ONCE = 100
"""By one request, at most."""


class Operator:
    """Uses the API as anyone does who holds an operator's key."""

    def __init__(self, stack: FaultStack) -> None:
        self._stack = stack

    def redrive_all(self) -> int:
        """Have every open dead letter redriven; return how many were."""
        redriven = 0
        for topic in TOPICS:
            chosen = [one["id"] for one in self.dead_letters("open", topic)]
            for first in range(0, len(chosen), REDRIVEN_AT_ONCE):
                body = {"ids": chosen[first : first + REDRIVEN_AT_ONCE]}
                answer = until(
                    lambda body=body: self._ask("POST", "/v1/dead-letters/redrive", json=body), "it is redriven"
                )
                redriven += len(answer["redriven"])
        return redriven

    def dead_letters(self, state: str, topic: str | None = None) -> list[dict[str, Any]]:
        """Return all of a state, as the API lists them."""
        parameters = {"state": state, "limit": 200, **({"topic": topic} if topic else {})}
        found: list[dict[str, Any]] = []
        while True:
            page = until(lambda: self._ask("GET", "/v1/dead-letters", params=parameters), "dead letters are listed")
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            parameters["cursor"] = page["next_cursor"]

    def _ask(self, method: str, path: str, **request: Any) -> dict[str, Any] | None:
        """Return the answer, or None where there is none in this moment."""
        try:
            with self._stack.http() as http:
                answer = http.request(method, path, **request)
        except httpx.TransportError:
            return None
        return answer.json() if answer.status_code == 200 else None
