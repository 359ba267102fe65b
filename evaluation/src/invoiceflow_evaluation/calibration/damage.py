"""Documents as the engine has not seen them, made out of those it has: other wordings, lines that are not there.

The engine's word lists were written with the labelled documents in sight, so on these it is better than on others. Here
some lines speak of nothing it knows: their words become made-up ones, and other lines go. What is labelled, and every
number, stays as it is. So the truth still holds, and what the engine gets wrong it gets wrong as on a strange layout.
"""

from collections.abc import Iterator
from random import Random

from invoiceflow_contracts.layout import Layout, Line, Page
from invoiceflow_evaluation.truth import TruthRow

__all__ = ["damaged"]

_STRANGE = 0.2
"""Of the lines, those whose words become unknown ones."""
_LOST = 0.1
"""Of the lines without numbers and labelled words, those that go."""
_EDGES = ".,:;()"
_VOWELS, _CONSONANTS = "aeiouy", "bcdfghjklmnprstvwz"


def damaged(layout: Layout, row: TruthRow, rng: Random) -> Layout:
    """Return ``layout`` with strange words and lost lines."""
    labelled = set(_labelled(row))
    pages = [_page(page, labelled, rng) for page in layout.pages]
    return layout.model_copy(update={"pages": tuple(pages)})


def _labelled(row: TruthRow) -> Iterator[str]:
    truth = row.truth.model_dump()
    texts = [*truth.values(), *(text for line in truth.get("lines") or () for text in line.values())]
    for text in texts:
        if isinstance(text, str):
            yield from (_bare(word) for word in text.split())


def _bare(word: str) -> str:
    return word.strip(_EDGES).casefold()


def _page(page: Page, labelled: set[str], rng: Random) -> Page:
    kept = (line for line in page.lines if not (_says_nothing(line, labelled) and rng.random() < _LOST))
    lines = tuple(_strange(line, labelled, rng) if rng.random() < _STRANGE else line for line in kept)
    return page.model_copy(update={"lines": lines})


def _says_nothing(line: Line, labelled: set[str]) -> bool:
    return not any(_bare(word.text) in labelled or _has_digit(word.text) for word in line.words)


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _strange(line: Line, labelled: set[str], rng: Random) -> Line:
    words = tuple(
        word
        if _bare(word.text) in labelled or _has_digit(word.text) or len(word.text) < 2
        else word.model_copy(update={"text": "".join(_letter(character, rng) for character in word.text)})
        for word in line.words
    )
    return line.model_copy(update={"words": words})


def _letter(character: str, rng: Random) -> str:
    if not character.isalpha():
        return character
    other = rng.choice(_VOWELS if character.casefold() in _VOWELS else _CONSONANTS)
    return other.upper() if character.isupper() else other
