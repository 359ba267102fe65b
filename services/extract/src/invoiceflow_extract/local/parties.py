"""Seller and buyer: told apart by labels, place, sender line, identifiers and domain names.

Every line that could be a name gathers weight for being the seller's and for being the buyer's;
the pair with most weight wins, so that one name is never both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median

from invoiceflow_extract.local.addresses import is_address_line
from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.labelled import labels_meaning
from invoiceflow_extract.local.lexicon import Lexicon
from invoiceflow_extract.local.names import Block, block_from, clean, has_legal_form, is_name, is_sender_line
from invoiceflow_extract.local.observations import Label, Observations
from invoiceflow_extract.local.page_text import Segment, Sheet, Token
from invoiceflow_extract.local.party_labels import labelled_names, name_of
from invoiceflow_extract.local.vocabulary import vocabulary

__all__ = ["Parties", "find_parties"]

_CONTACTS = ("@", "www.", "tel", "phone", "fax", "iban", "telefon", "puh", "mobile")
_TOP = 0.5
_HEADING = 0.3
_FOOT = 0.82
_LEAST_BUYER = 0.3
_BESIDE = 0.45
_SENDER = 0.6
_DIVIDERS = frozenset("|·•∙●▪■–—-*")


@dataclass(slots=True)
class Parties:
    """The parties' names and the blocks they stand in."""

    seller: Found[str] | None = None
    buyer: Found[str] | None = None
    seller_blocks: list[Block] = field(default_factory=list)
    buyer_blocks: list[Block] = field(default_factory=list)
    other_blocks: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class _Name:
    """A name with the weights gathered for it."""

    found: Found[str]
    seller: float = 0.0
    buyer: float = 0.0
    seller_blocks: list[Block] = field(default_factory=list)
    buyer_blocks: list[Block] = field(default_factory=list)


class _Ballot:
    """The names and what speaks for them."""

    def __init__(self, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.names: dict[str, _Name] = {}

    def vote(
        self, tokens: list[Token], sheet: Sheet, *, seller: float = 0.0, buyer: float = 0.0, block: Block | None = None
    ) -> None:
        tokens = _without_salutation(_before_number(tokens))
        text = clean(tokens)
        key = fold(text)
        if not key or not is_name(text, self.lexicon, headed=block is not None):
            return
        name = self.names.setdefault(key, _Name(Found.at(text, tokens, sheet, 0.5)))
        name.seller += seller
        name.buyer = max(name.buyer, buyer)
        if block is not None:
            (name.seller_blocks if seller > buyer else name.buyer_blocks).append(block)


def _without_salutation(tokens: list[Token]) -> list[Token]:
    """Drop how a person is spoken to: *Sr. Alfonso Avila*; two words must be left, as *Frau Holle* may be a shop."""
    return tokens[1:] if len(tokens) > 2 and tokens[0].key in vocabulary().forms_of_address else tokens


def _before_number(tokens: list[Token]) -> list[Token]:
    """Drop the address that a name runs on into: what follows the legal form and begins with a number."""
    for end in range(2, len(tokens)):
        if tokens[end].text[0].isdigit() and has_legal_form(clean(tokens[:end])):
            return tokens[:end]
    return tokens


def find_parties(seen: Observations, lexicon: Lexicon, account_name: Found[str] | None, table: set[int]) -> Parties:
    """Return who sells and who buys."""
    parties = Parties()
    if not seen.sheets:
        return parties
    ballot = _Ballot(lexicon)
    parties.other_blocks = [block for _, _, block in labelled_names(seen, lexicon, "ship_to", table)]
    taken = {id(segment) for block in parties.other_blocks for segment in block.segments}
    foreign = set(taken)
    for role in ("buyer", "seller"):
        for strength, tokens, block in labelled_names(seen, lexicon, role, table):
            if id(block.segments[0]) in taken:
                continue
            taken.update(id(segment) for segment in block.segments)
            foreign.update(id(segment) for segment in block.segments if role == "buyer")
            weights = {"buyer": 0.9 * strength} if role == "buyer" else {"seller": 1.3 * strength}
            ballot.vote(tokens, block.sheet, block=block, **weights)
    domains = _domains(seen, foreign)
    _vote_by_name_labels(seen, ballot, taken)
    blocks = _vote_by_place(seen, ballot, taken, table, domains)
    _vote_by_foot(blocks, seen, ballot)
    _vote_by_signs(seen, ballot, taken, table, domains)
    if account_name is not None:
        ballot.vote(list(account_name.tokens), account_name.sheet, seller=0.4)
    _choose(ballot, parties)
    parties.seller, parties.buyer = _whole(parties.seller, seen), _whole(parties.buyer, seen)
    return parties


def _whole(name: Found[str] | None, seen: Observations) -> Found[str] | None:
    """Join a name that takes two rows, where the pages also show it in one."""
    if name is None:
        return None
    segment = next((s for row in name.sheet.rows for s in row.segments if name.tokens[0] in s.tokens), None)
    if segment is None or len(name.tokens) != len(segment.tokens):
        return name
    pairs = [(name.tokens, other) for other in block_from(segment).segments[1:2] if not has_legal_form(name.value)]
    above = _above(segment)
    options = [(*tokens, *other.tokens) for tokens, other in pairs if not is_address_line(other.text)]
    if above is not None and not has_legal_form(above.text):
        options.append((*above.tokens, *name.tokens))
    shown = [fold(other.text) for row in seen.rows for other in row.segments]
    for tokens in options:
        text = clean(tokens)
        if any(fold(text) in other for other in shown):
            return Found(text, tokens, name.sheet, name.score)
    return name


def _above(segment: Segment) -> Segment | None:
    """Return the segment right above ``segment`` that begins where it does."""
    rows = segment.row.sheet.rows
    for row in reversed(rows[max(0, segment.row.index - 2) : segment.row.index]):
        for other in row.segments:
            if abs(other.x0 - segment.x0) < segment.height and segment.y0 - other.y1 < segment.height:
                return other
    return None


def _choose(ballot: _Ballot, parties: Parties) -> None:
    names = list(ballot.names.values())
    sellers = sorted(names, key=lambda name: -name.seller)[:12]
    buyers = sorted(names, key=lambda name: -name.buyer)[:12]
    best: tuple[float, _Name | None, _Name | None] = (0.0, None, None)
    for seller in [*sellers, None]:
        for buyer in [*buyers, None]:
            if seller is buyer:
                continue
            score = (seller.seller if seller else 0.0) + (buyer.buyer if buyer else 0.0)
            if buyer is not None and buyer.buyer < _LEAST_BUYER:
                continue
            if score > best[0]:
                best = (score, seller, buyer)
    _, seller, buyer = best
    if seller is not None and seller.seller > 0:
        others = max((name.seller for name in names if name is not seller and name is not buyer), default=0.0)
        sure = 0.3 + 0.3 * min(1.0, seller.seller) + 0.35 * min(1.0, max(0.0, seller.seller - others))
        parties.seller = Found(seller.found.value, seller.found.tokens, seller.found.sheet, min(0.93, sure))
        parties.seller_blocks = seller.seller_blocks + (seller.buyer_blocks if not seller.buyer else [])
    if buyer is not None:
        parties.buyer = Found(
            buyer.found.value, buyer.found.tokens, buyer.found.sheet, min(0.93, 0.3 + 0.75 * buyer.buyer)
        )
        parties.buyer_blocks = buyer.buyer_blocks


def _blocks(sheet: Sheet) -> Iterator[Block]:
    used: set[int] = set()
    for row in sheet.rows:
        if row.y0 > _TOP * sheet.height:
            return
        for segment in row.segments:
            if id(segment) not in used and not is_sender_line(segment.text):
                block = block_from(segment)
                used.update(id(part) for part in block.segments)
                yield block


def _vote_by_name_labels(seen: Observations, ballot: _Ballot, taken: set[int]) -> None:
    """Weigh what follows *Name:* in the head of the first page: who fills in a form there is the buyer."""
    sheet = seen.sheets[0]
    for label in labels_meaning(seen, "name"):
        heads = label.row.sheet is sheet and label.row.y0 < _TOP * sheet.height
        if heads and label.leads and label.has_colon and id(label.segment) not in taken:
            behind = label.segment.tokens[label.end :]
            if behind:
                ballot.vote(behind, sheet, buyer=_BESIDE, block=block_from(label.segment))


def _vote_by_place(
    seen: Observations, ballot: _Ballot, taken: set[int], table: set[int], domains: set[str]
) -> list[Block]:
    """Weigh the address blocks in the upper half and return them: the sender writes first and gives ways to reach him."""
    sheet = seen.sheets[0]
    blocks = []
    for block in _blocks(sheet):
        first = block.segments[0]
        if id(first) in taken or id(first.tokens[0]) in table or not block.is_address or is_sender_line(first.text):
            continue
        if any(label.segment is first and label.leads and label.has_colon for label in seen.fields_of(first.row)):
            continue
        if name_of(list(first.tokens), block, seen, ballot.lexicon):
            blocks.append(block)
    if len(blocks) == 1:
        _vote_beside(blocks[0], seen, ballot, taken, table)
    for order, block in enumerate(blocks):
        name = name_of(list(block.segments[0].tokens), block, seen, ballot.lexicon)
        text = " ".join(block.texts).lower()
        reachable = any(sign in text for sign in _CONTACTS)
        left = block.segments[0].x0 / sheet.width
        above = block.segments[0].y0 / sheet.height
        window = _sender_line_above(block) is not None
        seller = 0.35 + 0.25 * reachable - 0.12 * order - 0.5 * above - 0.6 * window
        buyer = 0.33 - 0.12 * reachable + 0.07 * min(order, 2) + 0.3 * window
        buyer += 0.1 if 0.1 < above < 0.4 else -0.08
        buyer += 0.05 if left < 0.2 or left > 0.5 else 0.0
        if _domain_weight(fold(clean(name)), domains):
            buyer -= 0.2
        ballot.vote(name, sheet, seller=max(0.0, seller), buyer=max(0.0, buyer))
        entry = ballot.names.get(fold(clean(name)))
        if entry is not None:
            entry.seller_blocks.append(block)
            entry.buyer_blocks.append(block)
    return blocks


def _vote_by_foot(blocks: Sequence[Block], seen: Observations, ballot: _Ballot) -> None:
    """Weigh a name with its address in the foot of the page against the only address above: that one is written to."""
    if len(blocks) != 1:
        return
    above = name_of(list(blocks[0].segments[0].tokens), blocks[0], seen, ballot.lexicon)
    entry = ballot.names.get(fold(clean(above)))
    if entry is None:
        return
    for row in seen.sheets[0].rows:
        for segment in row.segments:
            if row.y0 < _FOOT * row.sheet.height or not is_sender_line(segment.text):
                continue
            name = _leading_name(segment)
            key = fold(clean(name))
            other = key not in fold(clean(above)) and fold(clean(above)) not in fold(segment.text)
            if has_legal_form(clean(name)) and other and is_name(clean(name), ballot.lexicon):
                ballot.vote(name, row.sheet, seller=_SENDER)
                entry.seller -= _SENDER
                entry.buyer = max(entry.buyer, _BESIDE)
                return


def _vote_beside(only: Block, seen: Observations, ballot: _Ballot, taken: set[int], table: set[int]) -> None:
    """Weigh the lines that begin beside the page's only address: the other party, though it gives no address."""
    name = name_of(list(only.segments[0].tokens), only, seen, ballot.lexicon)
    first = next(segment for segment in only.segments if name[0] in segment.tokens)
    if first.row.y0 > _HEADING * only.sheet.height:
        return
    for other in first.row.segments:
        block = block_from(other)
        strange = id(other) in taken or id(other.tokens[0]) in table or len(block.segments) < 2
        labelled = any(label.leads and (label.segment is other or label.has_colon) for label in _fields(block, seen))
        if other is not first and not strange and not labelled and is_name(other.text, ballot.lexicon):
            ballot.vote(list(other.tokens), block.sheet, buyer=_BESIDE, block=block)


def _fields(block: Block, seen: Observations) -> Iterator[Label]:
    for segment in block.segments:
        yield from (label for label in seen.fields_of(segment.row) if label.segment is segment)


def _sender_line_above(block: Block) -> Segment | None:
    first = block.segments[0]
    rows = first.row.sheet.rows
    for row in reversed(rows[max(0, first.row.index - 3) : first.row.index]):
        for position, segment in enumerate(row.segments):
            # A sender line is set with wide gaps at times, and then is several segments.
            text = " ".join(other.text for other in row.segments[position:])
            near = abs(segment.x0 - first.x0) < 3 * first.height
            if near and (is_sender_line(segment.text) or is_sender_line(text)):
                return segment
    return None


def _vote_by_signs(seen: Observations, ballot: _Ballot, taken: set[int], table: set[int], domains: set[str]) -> None:
    """Weigh lines that could be the seller's name by the signs of a letterhead, a sender line or a footer."""
    first_sheet = seen.sheets[0]
    heights = [segment.height for row in first_sheet.rows for segment in row.segments]
    usual = median(heights) if heights else 10.0
    for sheet in seen.sheets[:3]:
        order = 0
        for row in sheet.rows:
            above = row.y0 / sheet.height
            for segment in row.segments:
                if id(segment) in taken or id(segment.tokens[0]) in table or _starts_with_label(segment, seen):
                    continue
                tokens = _leading_name(segment)
                name = clean(tokens)
                if not is_name(name, ballot.lexicon) or " ".join(t.text for t in tokens).endswith(":"):
                    continue
                if is_sender_line(segment.text) and (above < _TOP or above > _FOOT):
                    known = _domain_weight(fold(name), domains)
                    ballot.vote(tokens, sheet, seller=(0.55 if above < _TOP else 0.3) + known)
                    continue
                weight = _legal_weight(name, above) + _domain_weight(fold(name), domains)
                if sheet is first_sheet and above < _HEADING and not seen.dates_of(row) and len(tokens) <= 7:
                    weight += max(0.0, 0.3 - 0.05 * order)
                    weight += min(0.25, 0.12 * max(0.0, segment.height / usual - 1.0))
                    order += 1
                if weight:
                    ballot.vote(tokens, sheet, seller=weight)


def _legal_weight(name: str, above: float) -> float:
    if not has_legal_form(name) or len(name.split()) > 8:
        return 0.0
    return 0.3 if above < _HEADING or above > _FOOT else 0.08


def _domain_weight(key: str, domains: set[str]) -> float:
    return 0.5 if len(key) > 3 and any(domain in key or key in domain for domain in domains) else 0.0


def _starts_with_label(segment: Segment, seen: Observations) -> bool:
    labels = [label for label in seen.fields_of(segment.row) if label.segment is segment]
    return bool(labels) and labels[0].leads and labels[0].has_colon


def _leading_name(segment: Segment) -> list[Token]:
    """Return the tokens up to the first separator of a sender or footer line."""
    tokens: list[Token] = []
    sender = is_sender_line(segment.text)
    for position, token in enumerate(segment.tokens):
        if position and (token.text in _DIVIDERS or token.text[0] in "|·•●▪■"):
            break
        tokens.append(token)
        if sender and token.text.endswith(","):
            break
    return tokens


def _domains(seen: Observations, foreign: set[int]) -> set[str]:
    """Return the distinctive part of each e-mail and web domain on the pages, those in ``foreign`` segments aside."""
    names: set[str] = set()
    own = (segment for row in seen.rows for segment in row.segments if id(segment) not in foreign)
    for segment in own:
        for token in segment.tokens:
            text = token.text.lower()
            if "@" in text:
                host = text.rsplit("@", 1)[1]
            elif "www." in text:
                host = text.split("www.", 1)[1]
            else:
                continue
            parts = host.strip("./,;:()").split("/")[0].split(".")
            name = fold(parts[-2]) if len(parts) > 1 else ""
            if len(name) > 3 and name not in vocabulary().mail_hosts:
                names.add(name)
    return names
