"""How far the services are behind what has been published."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

__all__ = ["TopicLag", "earliest"]


@dataclass(frozen=True)
class TopicLag:
    """What one consumer group has not finished of one topic; a retry partner is a topic of its own."""

    group: str
    topic: str
    partitions: int
    committed: int
    """Records finished, as the sum of the partitions' committed offsets."""
    end: int
    """Records ever written, as the sum of the partitions' end offsets."""
    oldest_waiting: datetime | None
    """When the oldest record that is not finished was published; None where all are."""

    @property
    def lag(self) -> int:
        """Records that wait or are being handled."""
        return self.end - self.committed

    def seconds(self, now: datetime) -> float:
        """How long the oldest record has been waiting; 0 where none is."""
        return max(0.0, (now - self.oldest_waiting).total_seconds()) if self.oldest_waiting else 0.0


def earliest(times: Iterable[datetime | None]) -> datetime | None:
    """Return the earliest time that is one."""
    return min((time for time in times if time is not None), default=None)
