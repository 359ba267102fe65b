"""What reads as a party's name, and the blocks of lines that names stand in."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from invoiceflow_extract.local.addresses import is_address_line
from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.identifiers import EMAIL
from invoiceflow_extract.local.lexicon import Lexicon
from invoiceflow_extract.local.page_text import Segment, Sheet, Token
from invoiceflow_extract.local.vocabulary import vocabulary

__all__ = ["Block", "block_from", "clean", "has_legal_form", "is_name", "is_sender_line"]

_SEPARATORS = re.compile(r"\s[|·•∙●▪■‧*–—-]\s|\s?[|·•∙●▪■]\s?|,\s")
_DUTCH_POSTCODE = re.compile(r"^\d{4}\s?[A-Z]{2}\b")  # 1015 CV is no limited partnership
_NAME_LENGTH = 80
_TITLE_LENGTH = 6
"""Letters of a document's title from which on what ends with it is one: *Cash sale receipt*, *Service invoice*."""
_PARTIES = frozenset(["name", "buyer", "seller"])


@dataclass(slots=True, eq=False)
class Block:
    """Lines under each other that share an edge or an axis: an address, as a rule."""

    segments: list[Segment]

    @property
    def sheet(self) -> Sheet:
        return self.segments[0].row.sheet

    @property
    def texts(self) -> list[str]:
        return [segment.text for segment in self.segments]

    @property
    def is_address(self) -> bool:
        return any(is_address_line(text) for text in self.texts[1:6])


def has_legal_form(text: str) -> bool:
    """Return whether ``text`` names a company's legal form (GmbH, Ltd., S.A., ...)."""
    words = [fold(word) for word in re.split(r"[\s,()]+", _DUTCH_POSTCODE.sub("", text)) if word]
    known = vocabulary()
    if any(word in known.legal_forms for word in words[1:]):
        return True
    # Spaced forms, such as "sp. z o.o.", stand at the end.
    return len(words) > 1 and (
        words[-1] in known.short_legal_forms
        or any("".join(words[-count:]) in known.legal_forms for count in (2, 3, 4) if count < len(words))
    )


def clean(tokens: Iterable[Token]) -> str:
    """Return the words of ``tokens`` without the separators around them."""
    return " ".join(token.text for token in tokens).strip(" :;|,·•-*")


def is_name(text: str, lexicon: Lexicon, *, headed: bool = False) -> bool:
    """Return whether ``text`` could be a name: no label, address, sentence, identifier or way to write to someone.

    ``headed`` says that it stands under a party's label: there *Customer* is whom a specimen is made out to.
    """
    key = fold(text)
    letters = sum(character.isalpha() for character in text)
    digits = sum(character.isdigit() for character in text)
    if letters < 2 or len(text) > _NAME_LENGTH or digits * 2 > letters or EMAIL.search(text) or text.endswith("#"):
        return False
    specimen = headed and bool(lexicon.fields.get(key, frozenset()) & _PARTIES)
    label = any(key in known for known in (lexicon.titles, lexicon.fields, lexicon.totals, lexicon.columns))
    if key in vocabulary().salutations or (label and not specimen):
        return False
    if "www" in key or text.startswith("http") or ": " in text:
        return False
    if specimen or has_legal_form(text):
        return True
    words = text.split()
    last = fold(words[-1])
    title = len(words) > 1 and len(last) >= _TITLE_LENGTH and last in lexicon.titles
    sentence = text.endswith(("!", "?")) or (text.endswith(".") and words[-1].islower())
    identifier = "_" in text or (len(words) == 1 and digits > 0)
    if sentence or identifier or title:
        return False
    return not is_address_line(text) and not any(word.isdigit() for word in words)


def block_from(segment: Segment, most: int = 8) -> Block:
    """Return the block that begins with ``segment``: the lines under it that share an edge or the middle."""
    block = [segment]
    current = segment
    for row in segment.row.sheet.below(segment.row, 30):
        gap = row.y0 - current.y1
        if gap > 3.0 * max(current.height, 5.0) or len(block) >= most:
            break
        wide = gap > 1.3 * max(current.height, 5.0)
        slack = 1.0 * segment.height
        for other in row.segments:
            edges = (
                abs(other.x0 - segment.x0),
                abs(other.x1 - segment.x1),
                abs(other.x0 + other.x1 - segment.x0 - segment.x1) / 2,
            )
            if wide and not is_address_line(other.text):
                continue
            if edges[0] < slack or (min(edges) < slack / 2 and min(other.x1, segment.x1) > max(other.x0, segment.x0)):
                block.append(other)
                current = other
                break
    return Block(block)


def is_sender_line(text: str) -> bool:
    """Return whether ``text`` is a name with its address on one line, as above the window of a letter."""
    parts = [part for part in _SEPARATORS.split(text) if part]
    return len(parts) >= 3 and any(is_address_line(part) for part in parts[1:])
