"""Dead letters: what the services gave up, as a fold of the log of letters and of redrives.

Pure. The log is not read in the order in which things happened: a letter that is redriven and given up at once stands
before the mark that says it was redriven. So each round is numbered, and the numbers decide: whatever the order, and
however often a record comes, the same letters are open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict

from invoiceflow_contracts.identity import NAMESPACE
from invoiceflow_contracts.topics import RETRY_SUFFIX

__all__ = ["DeadLetter", "Fold", "Origin", "Payload", "Place", "Redriven", "Selection", "State"]

State = Literal["open", "redriven"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record first stood, and the group that gave it up: another group may have handled it well."""

    topic: str
    partition: int
    offset: int
    group: str

    @property
    def letter_id(self) -> UUID:
        """The id of the letter, the same however often it is given up."""
        return uuid5(NAMESPACE, f"dead-letter/{self.topic}/{self.partition}/{self.offset}/{self.group}")


class Place(NamedTuple):
    """Where a letter stands in the log."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that a group gave up, without its content."""

    origin: Origin
    place: Place
    code: str
    message: str
    attempts: int
    """How often it was tried in the last round."""
    redrives: int
    """How often it had been redriven before it was given up (again)."""
    dead_at: datetime
    document_id: UUID | None
    event_id: str | None
    event_type: str | None
    source: str | None
    size: int
    """Of the value, in bytes."""
    redriven_at: datetime | None = None

    @property
    def id(self) -> UUID:
        return self.origin.letter_id

    @property
    def topic(self) -> str:
        """The topic that it is about: that of its origin, without ``.retry``."""
        return self.origin.topic.removesuffix(RETRY_SUFFIX)

    @property
    def state(self) -> State:
        return "open" if self.redriven_at is None else "redriven"


@dataclass(frozen=True, slots=True)
class Redriven:
    """The mark that a letter was redriven for the ``number``-th time."""

    origin: Origin
    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Payload:
    """What a letter holds, as it came to the group that gave it up; and why it did, among the headers."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Selection(BaseModel):
    """Which letters; what is None does not choose."""

    model_config = ConfigDict(frozen=True)

    ids: tuple[UUID, ...] | None = None
    topic: str | None = None
    code: str | None = None
    document_id: UUID | None = None
    state: State | None = None

    def matches(self, letter: DeadLetter) -> bool:
        return (
            (self.ids is None or letter.id in self.ids)
            and self.topic in {None, letter.topic}
            and self.code in {None, letter.code}
            and self.document_id in {None, letter.document_id}
            and self.state in {None, letter.state}
        )


class Fold:
    """The letters of a log, read record by record.

    Args:
        limit: how many letters are kept in memory. Beyond it redriven ones are forgotten first, then the oldest.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._letters: dict[UUID, DeadLetter] = {}
        self._marks: dict[UUID, Redriven] = {}

    def add(self, entry: DeadLetter | Redriven) -> None:
        """Take a record of the log; in any order, and any number of times."""
        letter_id = entry.origin.letter_id
        if isinstance(entry, Redriven):
            known = self._marks.get(letter_id)
            if known is None or (known.number, known.at) < (entry.number, entry.at):
                self._marks[letter_id] = entry
        else:
            there = self._letters.get(letter_id)
            if there is None or _age(there) < _age(entry):
                self._letters[letter_id] = entry

    def letters(self) -> list[DeadLetter]:
        """Return the letters with their state, those given up last before the others."""
        return sorted(map(self._with_state, self._letters.values()), key=_recency, reverse=True)

    def forget(self, first: Mapping[tuple[str, int], int]) -> int:
        """Forget what the log does not hold any more, and what is beyond the limit; return how many that were.

        Args:
            first: by dead-letter topic and partition, the offset of the first record that is kept there.
        """
        kept = {
            letter_id: letter
            for letter_id, letter in self._letters.items()
            if letter.place.offset >= first.get((letter.place.topic, letter.place.partition), 0)
        }
        beyond = len(kept) - self._limit
        if beyond > 0:
            self._letters = kept
            by_worth = sorted(self.letters(), key=lambda letter: letter.state == "redriven")
            kept = {letter.id: kept[letter.id] for letter in by_worth[: self._limit]}
        self._letters = kept
        self._marks = {letter_id: mark for letter_id, mark in self._marks.items() if letter_id in kept}
        return max(0, beyond)

    def _with_state(self, letter: DeadLetter) -> DeadLetter:
        mark = self._marks.get(letter.id)
        return replace(letter, redriven_at=mark.at) if mark is not None and mark.number > letter.redrives else letter


def _age(letter: DeadLetter) -> tuple[int, datetime, Place]:
    return letter.redrives, letter.dead_at, letter.place


def _recency(letter: DeadLetter) -> tuple[datetime, UUID]:
    return letter.dead_at, letter.id
