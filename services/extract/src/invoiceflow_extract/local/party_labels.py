"""Names under the labels of parties: what *Bill to*, *Verkäufer* or *Client* stand above or in front of."""

from collections.abc import Iterator

from invoiceflow_extract.local.labelled import Place, labels_meaning, places_near
from invoiceflow_extract.local.lexicon import Lexicon
from invoiceflow_extract.local.names import Block, block_from, clean, is_name
from invoiceflow_extract.local.observations import Label, Observations
from invoiceflow_extract.local.page_text import Segment, Token

__all__ = ["labelled_names", "name_of"]

_SHORT_LABEL = 4


def labelled_names(
    seen: Observations, lexicon: Lexicon, role: str, table: set[int]
) -> Iterator[tuple[float, list[Token], Block]]:
    """Yield (strength, name, block) at the labels that mean ``role``."""
    weighed = [
        (_strength(label, seen), label)
        for label in labels_meaning(seen, role)
        if label.leads and id(label.tokens[0]) not in table
    ]
    claimed: set[int] = set()
    for strength, label in sorted(weighed, key=lambda pair: -pair[0]):
        if strength == 0 or id(label.segment) in claimed:
            continue
        for tokens, row, chance in (*_specimen(label, seen, lexicon), *places_near(seen, label), *_block_under(label)):
            segment = next((s for s in row.segments if tokens[0] in s.tokens), None)
            if segment is None:
                continue
            block = block_from(segment)
            name = name_of(tokens, block, seen, lexicon, headed=True)
            if name:
                claimed.update(id(member) for member in block.segments)
                yield strength * chance * label.fit, name, block
                break


def _block_under(label: Label) -> Iterator[Place]:
    """Yield the first line of the block that ``label`` heads, whatever label that line begins with."""
    if label.end >= len(label.segment.tokens):
        for segment in block_from(label.segment).segments[1:2]:
            yield list(segment.tokens), segment.row, 0.8


def _specimen(label: Label, seen: Observations, lexicon: Lexicon) -> Iterator[Place]:
    """Yield the line under ``label`` where that is a label's word without a value: a template's *Customer name*."""
    for tokens, row, chance in _block_under(label):
        segment = next(s for s in row.segments if s.tokens[0] is tokens[0])
        plain = is_name(clean(tokens), lexicon, headed=True) and not is_name(clean(tokens), lexicon)
        if plain and not segment.text.endswith(":") and _stands_alone(segment, seen):
            yield tokens, row, chance


def _strength(label: Label, seen: Observations) -> float:
    """Return how surely ``label`` names a party: short words like 'to' need a colon or a line of their own."""
    if label.has_colon:
        strength = 0.97
    elif label.end >= len(label.segment.tokens):
        strength = 0.92
    elif len(label.key) <= _SHORT_LABEL:
        return 0.0
    else:
        strength = 0.6
    if len(label.key) <= _SHORT_LABEL:
        strength *= 0.85
    if label.row.sheet is not seen.sheets[0]:
        strength *= 0.7
    if label.row.y0 > 0.6 * label.row.sheet.height:
        strength *= 0.6
    return strength


def name_of(
    tokens: list[Token], block: Block, seen: Observations, lexicon: Lexicon, *, headed: bool = False
) -> list[Token]:
    """Return the name among the first lines of ``block``: not a salutation, not a label, not a street."""
    lines = [(tokens, block.segments[0])]
    lines.extend((list(other.tokens), other) for other in block.segments[1:4])
    for position, (line_tokens, segment) in enumerate(lines):
        usable = line_tokens
        for label in seen.fields_of(segment.row):
            if label.segment is not segment or not label.has_colon or label.tokens[0] not in usable:
                continue
            if "name" in label.meanings:
                usable = usable[usable.index(label.tokens[-1]) + 1 :]
            else:
                usable = usable[: usable.index(label.tokens[0])]
        text = " ".join(token.text for token in usable)
        whole = len(usable) == len(segment.tokens)
        first = headed and position == 0 and whole and _stands_alone(segment, seen)
        if usable and not text.endswith(":") and is_name(clean(usable), lexicon, headed=first):
            return usable
    return []


def _stands_alone(segment: Segment, seen: Observations) -> bool:
    """Whether no value stands beside ``segment``: then it is none's label."""
    following = segment.row.segments[segment.row.segments.index(segment) + 1 :]
    return not following or any(label.segment is following[0] and label.leads for label in seen.fields_of(segment.row))
