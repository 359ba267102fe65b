"""From a model's text to values with their places; what does not stand in the document ends here."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from invoiceflow_contracts.extraction import Answer, Verdict
from invoiceflow_extract.llm.excerpt import Excerpt
from invoiceflow_extract.llm.grounding import Place, Value, find, typed
from invoiceflow_extract.llm.schema import FIELDS, LINE_FIELDS, TAX_FIELDS
from invoiceflow_extract.local.observations import Observations

__all__ = ["Grounded", "Read", "parse", "read_answer"]

_MOST_ROWS = 500
_LONGEST_SHOWN = 200
_ROW_FIELDS = {"/lines": LINE_FIELDS, "/taxes": TAX_FIELDS}
_TELLING = {"/lines": {"description", "net"}, "/taxes": {"amount", "basis"}}
"""A row without any of these says nothing."""


@dataclass(frozen=True)
class Grounded:
    """A value that stands where the model said."""

    value: Value
    place: Place


@dataclass
class Read:
    """What an answer comes to."""

    fields: dict[str, Grounded] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Grounded]]] = field(default_factory=dict)
    """The rows of ``/lines`` and ``/taxes``, where the model gave any that stand there."""
    record: dict[str, Answer] = field(default_factory=dict)
    """What became of each value so far; of rows only those that were given."""


def parse(text: str) -> dict[str, Any] | None:
    """Return the JSON object in ``text``, None where there is none. A fence around it is no reason to ask again."""
    text = text.strip()
    if text.startswith("```"):
        text = text.removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_answer(answer: Mapping[str, Any], wanted: Collection[str], shown: Excerpt, seen: Observations) -> Read:
    """Look for every value of ``answer`` in the lines that it names. What was not asked for is not looked at."""
    search = _Search(shown, seen)
    for pointer in sorted(wanted):
        given = _at(answer, pointer)
        if pointer in FIELDS:
            found = search.ground(pointer, given)
            if found is not None:
                search.read.fields[pointer] = found
        elif isinstance(given, list):
            rows = list(search.rows(pointer, given[:_MOST_ROWS]))
            if rows:
                search.read.rows[pointer] = rows
    return search.read


@dataclass
class _Search:
    """Looking for the values of one answer."""

    shown: Excerpt
    seen: Observations
    read: Read = field(default_factory=Read)

    def rows(self, pointer: str, given: list[Any]) -> Iterator[dict[str, Grounded]]:
        taken: dict[str, set[int]] = {name: set() for name in _ROW_FIELDS[pointer]}
        for index, each in enumerate(given):
            if not isinstance(each, dict):
                continue
            row: dict[str, Grounded] = {}
            for name in _ROW_FIELDS[pointer]:
                # Two rows cannot have their amounts from the same place: a row that is said twice is there once.
                found = self.ground(f"{pointer}/{index}/{name}", each.get(name), taken[name])
                if found is not None:
                    row[name] = found
                    taken[name] |= found.place.tokens
            if row.keys() & _TELLING[pointer]:
                yield row

    def ground(self, pointer: str, given: Any, taken: Collection[int] = ()) -> Grounded | None:
        """Return the value with its place, None where it has none outside of ``taken``."""
        said, named = _cited(given)
        if said is None:
            if pointer in FIELDS:
                self.read.record[pointer] = Answer(pointer=pointer, verdict=Verdict.NOT_FOUND)
            return None
        value = typed(pointer, said)
        places = find(pointer, value, named, self.shown, self.seen) if value is not None else iter(())
        place = next((place for place in places if place.tokens.isdisjoint(taken)), None)
        # Added: until it is weighed against what the local engine has.
        stands = Verdict.UNGROUNDED if place is None else Verdict.ADDED
        verdict = Verdict.INVALID if value is None else stands
        self.read.record[pointer] = Answer(pointer=pointer, verdict=verdict, value=said[:_LONGEST_SHOWN], lines=named)
        return Grounded(value, place) if value is not None and place is not None else None


def _cited(given: Any) -> tuple[str | None, tuple[str, ...]]:
    """Return what was said and the lines named. A bare value names none, and so stands nowhere."""
    if isinstance(given, dict):
        value, lines = given.get("value"), given.get("lines")
        named = tuple(str(line)[:20] for line in lines[:50]) if isinstance(lines, list) else ()
    else:
        value, named = given, ()
    if value is None or isinstance(value, bool | dict | list) or not str(value).strip():
        return None, ()
    return str(value), named


def _at(answer: Any, pointer: str) -> Any:
    for part in pointer.removeprefix("/").split("/"):
        answer = answer.get(part) if isinstance(answer, dict) else None
    return answer
