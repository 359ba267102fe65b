"""Text made comparable: without case, accents, spaces and punctuation."""

import unicodedata
from functools import lru_cache

__all__ = ["fold", "fold_words"]

_SIGNS = {"#": "#", "%": "%", "№": "nr", "€": "€", "$": "$", "£": "£", "°": "o", "º": "o", "ª": "a"}
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "œ": "oe", "ı": "i", "þ": "th"})


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return letters, digits and a few telling signs of ``text``, folded; ``""`` where nothing is left.

    Spaces go as well, because character recognition drops and adds them.
    """
    lowered = "".join(_SIGNS.get(character, character) for character in text).casefold().translate(_LETTERS)
    decomposed = unicodedata.normalize("NFKD", lowered)
    return "".join(character for character in decomposed if character.isalnum() or character in "#%€$£")


def fold_words(text: str) -> str:
    """Return the folded words of ``text`` with single spaces between them."""
    return " ".join(filter(None, map(fold, text.split())))
