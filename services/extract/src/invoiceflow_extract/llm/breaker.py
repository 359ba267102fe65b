"""Leaving a service alone that does not answer, so that not every document waits for it in vain."""

from collections.abc import Callable

__all__ = ["Breaker"]


class Breaker:
    """Counts failures in a row. After too many the service rests; then one request tries whether it is back.

    Args:
        limit: failures in a row.
        seconds: how long it rests.
        clock: seconds that only grow.
    """

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._failures = 0
        self._rests_until: float | None = None
        self._trying = False

    def admits(self) -> bool:
        """Whether a request may be made now. Whoever is told so says how it went: by ``succeeded``, ``failed`` or ``dropped``."""
        if self._rests_until is None:
            return True
        if self._clock() < self._rests_until or self._trying:
            return False
        self._trying = True
        return True

    def rest(self) -> float:
        """Seconds for which the service is still left alone."""
        return max(0.0, (self._rests_until or 0.0) - self._clock())

    def succeeded(self) -> None:
        self._failures, self._rests_until, self._trying = 0, None, False

    def failed(self, *, not_within: float = 0.0) -> None:
        """Note a failure; ``not_within`` are seconds for which the service itself asked to be left alone."""
        self._failures += 1
        self._trying = False
        rest = self._seconds if self._failures >= self._limit else 0.0
        if max(rest, not_within) > 0:
            self._rests_until = max(self._rests_until or 0.0, self._clock() + max(rest, not_within))

    def dropped(self) -> None:
        """Note that a request ended without telling anything of the service: it was cancelled."""
        self._trying = False
