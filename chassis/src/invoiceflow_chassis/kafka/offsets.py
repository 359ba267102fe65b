"""Which offset of a partition may be committed while its records are handled out of order."""

__all__ = ["OffsetTracker"]


class OffsetTracker:
    """Follows one partition during one assignment.

    Records are begun in offset order and finished in any; only what comes before the first unfinished one
    may be committed, or a crash would lose it. What may be committed never goes back.
    """

    def __init__(self) -> None:
        self._unfinished: dict[int, bool] = {}
        self._next: int | None = None

    def begin(self, offset: int) -> None:
        """A record was taken from the partition."""
        self._unfinished[offset] = False

    def finish(self, offset: int) -> None:
        """The record's outcome is safe with the broker."""
        if offset not in self._unfinished:
            return
        self._unfinished[offset] = True
        while self._unfinished and self._unfinished[first := next(iter(self._unfinished))]:
            del self._unfinished[first]
            self._next = first + 1

    @property
    def committable(self) -> int | None:
        """The offset to commit (that of the next record to be delivered), or None when nothing has been finished."""
        return self._next

    @property
    def in_flight(self) -> int:
        """How many records were begun and cannot be committed yet."""
        return len(self._unfinished)
