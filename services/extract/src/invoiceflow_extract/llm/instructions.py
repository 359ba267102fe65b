"""Telling text that speaks to a program: it is taken out before anything is read, and a finding says that it was there.

This is the outer of three walls. Whatever gets past it is still quoted as data, and still cannot make a value count that
the page does not print or that contradicts what the local engine is sure of.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml

from invoiceflow_contracts.layout import Box, Layout, Line, Page
from invoiceflow_extract.local.page_text import Row, Segment, box_of, sheets_of

__all__ = ["instructing", "plain", "speaks_to_a_program", "without_instructions"]

_ASSIGNMENT = re.compile(
    r"\b(?:totals?|invoice|seller|buyer|payment)"
    r"(?:[._\[\"']+(?:net|tax|gross|payable|iban|name|number|vat_id|total)\b[\"'\]]*\s*(?::=|=|->|→)|[\"']\s*:\s*\{)",
    re.IGNORECASE,
)
"""A field of the answer with something set: ``"totals": {"gross": …``, ``payment.iban = …``."""


@dataclass(frozen=True, slots=True)
class _Phrases:
    marks: tuple[str, ...]
    addressed: tuple[str, ...]
    overrides: tuple[str, ...]
    objects: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...]
    claims: tuple[str, ...]


def plain(text: str) -> str:
    """Return ``text`` without characters that nobody sees: format and control characters, tags, joiners."""
    return "".join(
        " " if character in "\t\r\n" else character
        for character in text
        if character in "\t\r\n" or unicodedata.category(character) not in {"Cf", "Cc", "Cs", "Co", "Cn"}
    )


def speaks_to_a_program(text: str) -> bool:
    """Whether ``text`` addresses a language model, or gives orders about instructions or values."""
    if any("\U000e0000" <= character <= "\U000e007f" for character in text):
        return True  # tags: text that is in the file and on no page
    text = plain(text)
    phrases = _phrases()
    if _ASSIGNMENT.search(text) or any(mark in text.casefold() for mark in phrases.marks):
        return True
    words = _words(text)

    def has(*lists: tuple[str, ...]) -> bool:
        return any(_stands_in(phrase, words) for phrases in lists for phrase in phrases)

    return (
        has(phrases.addressed)
        or (has(phrases.names, phrases.claims) and has(phrases.overrides, phrases.verbs))
        or (has(phrases.objects) and has(phrases.overrides))
    )


def without_instructions(layout: Layout) -> tuple[Layout, tuple[str, ...]]:
    """Return ``layout`` without the lines that speak to a program, and those lines.

    The local engine goes without them as well: what they say of a total is no total.
    """
    told: list[str] = []
    areas: dict[int, list[Box]] = {}
    for sheet in sheets_of(layout):
        found = instructing(sheet.rows)
        for row in sheet.rows:
            if id(row) in found:
                parts = _speaking(row)
                told.append(plain("  ".join(segment.text for segment in parts)))
                areas.setdefault(sheet.number, []).extend(box_of(segment.tokens) for segment in parts)
    cells = [cell.text for page in layout.pages for table in page.tables for cell in table.cells]
    if not areas and not any(map(speaks_to_a_program, cells)):
        return layout, ()
    pages = tuple(_cleaned(page, areas.get(page.number, [])) for page in layout.pages)
    return layout.model_copy(update={"pages": pages}), tuple(told)


def _speaking(row: Row) -> list[Segment]:
    """Return the parts of the row that go: those that speak by themselves, unless what is left has no words of its own."""
    parts = [segment for segment in row.segments if speaks_to_a_program(segment.text)]
    rest = [segment for segment in row.segments if segment not in parts]
    has_words = any(character.isalpha() for segment in rest for character in segment.text)
    return parts if parts and has_words else row.segments


def _cleaned(page: Page, areas: Sequence[Box]) -> Page:
    lines = [tuple(word for word in line.words if not _is_in(word.box, areas)) for line in page.lines]
    tables = tuple(
        table.model_copy(update={"cells": tuple(cell for cell in table.cells if not speaks_to_a_program(cell.text))})
        for table in page.tables
    )
    return page.model_copy(update={"lines": tuple(Line(words=words) for words in lines if words), "tables": tables})


def _is_in(box: Box, areas: Sequence[Box]) -> bool:
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return any(area.x0 <= x <= area.x1 and area.y0 <= y <= area.y1 for area in areas)


def instructing(rows: Sequence[Row]) -> set[int]:
    """Return (by ``id``) the rows of one page that speak to a program, each with the lines of its passage.

    A passage is what stands close under each other from the same left edge: a sentence that is broken over lines is
    looked at whole, and left out whole.
    """
    found: set[int] = set()
    passages = list(_passages(rows))
    for passage in passages:
        if speaks_to_a_program(" ".join(row.text for row in passage)) and not _is_table(passage):
            found.update(id(row) for row in passage)
        else:
            found.update(id(row) for row in passage if speaks_to_a_program(row.text))
    # A sentence may go on where an edge has moved: one row further on either side counts where it is prose as well.
    for row, following in itertools.pairwise(rows):
        for one, other in ((row, following), (following, row)):
            if id(one) in found and speaks_to_a_program(one.text) and _is_prose(other) and _is_near(row, following):
                found.add(id(other))
    return found


def _passages(rows: Sequence[Row]) -> Iterable[list[Row]]:
    current: list[Row] = []
    for row in rows:
        if current and not (_is_near(current[-1], row) and abs(_left(row) - _left(current[-1])) < 0.6 * row.height):
            yield current
            current = []
        current.append(row)
    if current:
        yield current


def _left(row: Row) -> float:
    return row.segments[0].x0


def _is_near(row: Row, following: Row) -> bool:
    return following.y0 - row.y1 < 0.9 * max(row.height, following.height)


def _is_prose(row: Row) -> bool:
    """Whether the row is part of a sentence: one run of several words, most of them letters."""
    words = [token.text for token in row.tokens]
    wordy = sum(any(character.isalpha() for character in word) for word in words)
    return len(row.segments) == 1 and len(words) >= 5 and wordy >= 0.7 * len(words)


def _is_table(passage: Sequence[Row]) -> bool:
    """Whether most of its rows have columns: only those that instruct are left out then, not the table."""
    return sum(len(row.segments) > 1 for row in passage) > 0.5 * len(passage)


def _words(text: str) -> str:
    """Return the folded words of ``text``, parted and framed by spaces; of scripts without spaces each character."""
    lowered = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(
        character if character.isalnum() else "" if unicodedata.combining(character) else " " for character in lowered
    )
    return f" {' '.join(kept.split())} "


def _stands_in(phrase: str, words: str) -> bool:
    # Chinese and Japanese write no spaces: there a phrase may stand anywhere.
    return phrase.strip() in words if phrase.strip()[:1] > "\u3000" else phrase in words


@lru_cache(maxsize=1)
def _phrases() -> _Phrases:
    text = files("invoiceflow_extract.llm").joinpath("instructions.yaml").read_text("utf-8")
    # The base loader keeps every scalar a string, "no" among them.
    lists: dict[str, dict[str, list[str]]] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506

    def every(kind: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(phrase for phrases in lists[kind].values() for phrase in phrases))

    addressed = every("addressed")
    return _Phrases(
        marks=tuple(phrase.casefold() for phrase in addressed if not phrase[0].isalnum()),
        addressed=tuple(_words(phrase) for phrase in addressed if phrase[0].isalnum()),
        **{kind: tuple(map(_words, every(kind))) for kind in ("overrides", "objects", "verbs", "names", "claims")},
    )
