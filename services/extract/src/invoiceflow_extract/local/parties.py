"""Seller and buyer: told apart by labels, place, sender line, identifiers and domain names."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.identifiers import EMAIL
from invoiceflow_extract.local.labelled import labels_meaning, places_near
from invoiceflow_extract.local.lexicon import Lexicon
from invoiceflow_extract.local.observations import Label, Observations
from invoiceflow_extract.local.page_text import Row, Segment, Sheet, Token

__all__ = ["Block", "Parties", "find_parties", "has_legal_form"]

_LEGAL_FORMS = frozenset(
    "gmbh ag kg ohg ug gbr ek eg se mbh cokg ev ltd limited llc inc incorporated corp corporation plc llp lp co company "
    "sarl sas sa sasu eurl sci snc bv nv vof cv bvba srl sprl spa srls sapa sl slu sll lda unipessoal ltda eireli "
    "spzoo spolka zoo sp oy oyj ab hb as asa aps is ivs sro vos oo doo dd kft zrt bt pty pte pvt gesmbh kgaa stiftung".split()
)
_POSTCODE = re.compile(
    r"(?:^|[\s,(\-])(?:[A-Z]{1,2}-)?(?:\d{5}(?:-\d{4})?|\d{4}\s?[A-Z]{2}|\d{3}\s\d{2}|\d{2}-\d{3}|\d{4}-\d{3}|\d{4}"
    r"|[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}|[A-Z]\d[A-Z]\s?\d[A-Z]\d)(?=$|[\s,.)])"
)
_SALUTATIONS = frozenset(
    "herr herrn frau firma fa mr mrs ms madame monsieur mme mlle dr prof an to attn za hr fr zhd familie dhr mevr sr sra".split()
)
_SEPARATORS = re.compile(r"\s+[|·•∙‧*–—-]\s+|\s*[|·•∙]\s*|,\s+")  # noqa: RUF001
_STREET_NUMBER = re.compile(r"\b\d{1,5}\s?[a-zA-Z]?\b")
_TOP = 0.45
_HEADING = 0.30
_FOOT = 0.82


@dataclass(slots=True, eq=False)
class Block:
    """Lines under each other that share an edge: an address, as a rule."""

    segments: list[Segment]

    @property
    def sheet(self) -> Sheet:
        return self.segments[0].row.sheet


@dataclass(slots=True)
class Parties:
    """The parties' names and the blocks they stand in."""

    seller: Found[str] | None = None
    buyer: Found[str] | None = None
    seller_blocks: list[Block] = field(default_factory=list)
    buyer_blocks: list[Block] = field(default_factory=list)
    other_blocks: list[Block] = field(default_factory=list)


def has_legal_form(text: str) -> bool:
    """Return whether ``text`` names a company's legal form (GmbH, Ltd., S.A., ...)."""
    words = [fold(word) for word in re.split(r"[\s,()]+", text)]
    return any(word in _LEGAL_FORMS for word in words[1:])


def find_parties(
    seen: Observations, lexicon: Lexicon, account_name: Found[str] | None, table_rows: set[int]
) -> Parties:
    """Return who sells and who buys."""
    parties = Parties()
    if not seen.sheets:
        return parties
    labelled = {role: _labelled(seen, lexicon, role, table_rows) for role in ("ship_to", "buyer", "seller")}
    parties.other_blocks = [block for _, block in labelled["ship_to"]]
    shipped = {id(block.segments[0]) for block in parties.other_blocks}
    buyers = [(name, block) for name, block in labelled["buyer"] if id(block.segments[0]) not in shipped]
    sellers = [(name, block) for name, block in labelled["seller"] if id(block.segments[0]) not in shipped]
    if buyers:
        best = max(buyers, key=lambda pair: pair[0].score)
        parties.buyer = best[0]
        parties.buyer_blocks = [block for name, block in buyers if name.score > 0.4]
    if sellers:
        best = max(sellers, key=lambda pair: pair[0].score)
        parties.seller = best[0]
        parties.seller_blocks = [block for _, block in sellers]
    sheet = seen.sheets[0]
    if parties.buyer is None:
        _buyer_by_place(sheet, seen, lexicon, parties, table_rows)
    if parties.seller is None or parties.seller.score < 0.6:
        _seller_by_signs(seen, lexicon, parties, account_name, table_rows)
    return parties


def _labelled(seen: Observations, lexicon: Lexicon, role: str, table_rows: set[int]) -> list[tuple[Found[str], Block]]:
    found = []
    for label in labels_meaning(seen, role):
        if id(label.row) in table_rows or not label.leads:
            continue
        strength = _strength(label, seen)
        if strength == 0:
            continue
        for tokens, row, chance in places_near(seen, label):
            segment = next((s for s in row.segments if s.tokens and tokens[0] in s.tokens), None)
            if segment is None:
                continue
            name_tokens, block = _name_of(tokens, segment, seen, lexicon)
            if name_tokens:
                text = _clean(name_tokens)
                found.append((Found.at(text, name_tokens, row.sheet, chance * strength), block))
                break
    return found


def _strength(label: Label, seen: Observations) -> float:
    """Return how surely ``label`` names a party: short words like 'to' need a colon or a line of their own."""
    alone = label.end >= len(label.segment.tokens)
    if label.has_colon:
        strength = 0.95
    elif alone:
        strength = 0.9
    elif len(label.key) <= 4:  # noqa: PLR2004
        return 0.0
    else:
        strength = 0.6
    if len(label.key) <= 4:  # noqa: PLR2004
        strength *= 0.85
    if label.row.sheet is not seen.sheets[0]:
        strength *= 0.7
    top = label.row.y0 / label.row.sheet.height
    if top > 0.6:  # noqa: PLR2004
        strength *= 0.6
    return strength


def _name_of(tokens: list[Token], segment: Segment, seen: Observations, lexicon: Lexicon) -> tuple[list[Token], Block]:
    """Return the name in the block that begins with ``tokens``, skipping salutations and labels."""
    block = block_from(segment, seen)
    lines: list[tuple[list[Token], Segment]] = [(tokens, segment)]
    lines.extend((list(other.tokens), other) for other in block.segments[1:4])
    for line_tokens, line in lines:
        labels = [label for label in seen.fields_of(line.row) if label.segment is line]
        if line is not segment and labels and labels[0].leads and labels[0].has_colon:
            break
        usable = _before_label(line_tokens, labels)
        if usable and _is_name(_clean(usable), lexicon):
            return usable, block
    return [], block


def _before_label(tokens: list[Token], labels: list[Label]) -> list[Token]:
    for label in labels:
        first = label.tokens[0]
        if first in tokens and label.has_colon:
            return tokens[: tokens.index(first)]
    return tokens


def _clean(tokens: list[Token]) -> str:
    return " ".join(token.text for token in tokens).strip(" :;|,·•-")


def _is_name(text: str, lexicon: Lexicon) -> bool:
    key = fold(text)
    letters = sum(character.isalpha() for character in text)
    digits = sum(character.isdigit() for character in text)
    if letters < 2 or len(text) > 90 or digits > letters or EMAIL.search(text):  # noqa: PLR2004
        return False
    if key in _SALUTATIONS or key in lexicon.titles or key in lexicon.fields or key in lexicon.totals:
        return False
    if key in lexicon.columns or "www" in key or text.startswith("http"):
        return False
    return not text.endswith(":")


def block_from(segment: Segment, seen: Observations, most: int = 8) -> Block:
    """Return the block that begins with ``segment``: the lines under it that share its left edge or its middle."""
    block = [segment]
    current = segment
    for row in segment.row.sheet.below(segment.row, 30):
        gap = row.y0 - current.y1
        if gap > 1.3 * max(current.height, 5.0) or len(block) >= most:
            break
        for other in row.segments:
            aligned = abs(other.x0 - segment.x0) < 1.0 * segment.height
            if aligned:
                block.append(other)
                current = other
                break
    return Block(block)


def _blocks(sheet: Sheet, seen: Observations, low: float, high: float) -> list[Block]:
    used: set[int] = set()
    blocks = []
    for row in sheet.rows:
        if not low <= row.y0 / sheet.height <= high:
            continue
        for segment in row.segments:
            if id(segment) in used:
                continue
            block = block_from(segment, seen)
            used.update(id(part) for part in block.segments)
            blocks.append(block)
    return blocks


def _looks_like_address(block: Block) -> bool:
    return 2 <= len(block.segments) and any(_POSTCODE.search(segment.text) for segment in block.segments[1:])  # noqa: PLR2004


def _buyer_by_place(sheet: Sheet, seen: Observations, lexicon: Lexicon, parties: Parties, table_rows: set[int]) -> None:
    """Take the address block in the upper half that is not the sender's."""
    seller = fold(parties.seller.value) if parties.seller else ""
    claimed = {id(segment) for block in (*parties.seller_blocks, *parties.other_blocks) for segment in block.segments}
    options: list[tuple[float, Found[str], Block]] = []
    blocks = [b for b in _blocks(sheet, seen, 0.0, _TOP) if _looks_like_address(b)]
    for order, block in enumerate(blocks):
        if any(id(segment) in claimed or id(segment.row) in table_rows for segment in block.segments):
            continue
        first = _first_name(block, lexicon)
        if first is None or (seller and fold(first.value) == seller):
            continue
        score = 0.35
        left = block.segments[0].x0 / sheet.width
        above = block.segments[0].y0 / sheet.height
        score += 0.15 if left < 0.35 else 0.0  # noqa: PLR2004
        score += 0.1 if above > 0.12 else -0.1  # noqa: PLR2004
        score += 0.15 if _sender_line_above(block) is not None else 0.0
        text = " ".join(segment.text for segment in block.segments).lower()
        if any(sign in text for sign in ("@", "www.", "iban", "fax", "tel")):
            score -= 0.2
        if len(blocks) > 1:
            score += 0.08 * order
        options.append((score, first, block))
    if options:
        score, name, block = max(options, key=lambda option: option[0])
        if score >= 0.3:  # noqa: PLR2004
            parties.buyer = Found(name.value, name.tokens, name.sheet, min(0.8, score))
            parties.buyer_blocks.append(block)


def _first_name(block: Block, lexicon: Lexicon) -> Found[str] | None:
    for segment in block.segments[:3]:
        text = _clean(segment.tokens)
        if _is_name(text, lexicon) and not _is_sender_line(segment.text):
            if _POSTCODE.search(text) or re.match(r"^\d+\s", text):
                return None
            return Found.at(text, segment.tokens, block.sheet, 0.5)
    return None


def _is_sender_line(text: str) -> bool:
    parts = [part for part in _SEPARATORS.split(text) if part]
    return len(parts) >= 3 and bool(_POSTCODE.search(text)) and bool(_STREET_NUMBER.search(text))  # noqa: PLR2004


def _sender_line_above(block: Block) -> Segment | None:
    first = block.segments[0]
    if _is_sender_line(first.text):
        return first
    rows = first.row.sheet.rows
    for row in reversed(rows[max(0, first.row.index - 3) : first.row.index]):
        for segment in row.segments:
            if abs(segment.x0 - first.x0) < 3 * first.height and _is_sender_line(segment.text):
                return segment
    return None


def _seller_by_signs(
    seen: Observations,
    lexicon: Lexicon,
    parties: Parties,
    account_name: Found[str] | None,
    table_rows: set[int],
) -> None:
    """Weigh every line that could be the seller's name by the signs around it."""
    sheet = seen.sheets[0]
    heights = [segment.height for row in sheet.rows for segment in row.segments]
    usual = median(heights) if heights else 10.0
    buyer = {id(s) for block in (*parties.buyer_blocks, *parties.other_blocks) for s in block.segments}
    buyer_name = fold(parties.buyer.value) if parties.buyer else ""
    domains = _domains(seen)
    scores: dict[str, float] = defaultdict(float)
    places: dict[str, Found[str]] = {}

    def vote(tokens: list[Token], row: Row, weight: float) -> None:
        text = _clean(tokens)
        key = fold(text)
        if not _is_name(text, lexicon) or key == buyer_name or not key:
            return
        scores[key] += weight
        if key not in places:
            places[key] = Found.at(text, tokens, row.sheet, 0.5)

    if parties.seller is not None:
        scores[fold(parties.seller.value)] += parties.seller.score
        places[fold(parties.seller.value)] = parties.seller
    if account_name is not None:
        scores[fold(account_name.value)] += 0.4
        places[fold(account_name.value)] = account_name
    for page in seen.sheets[:3]:
        order = 0
        for row in page.rows:
            above = row.y0 / page.height
            for segment in row.segments:
                if id(segment) in buyer or id(row) in table_rows:
                    continue
                text = segment.text
                tokens = _leading_name(segment)
                labels = [label for label in seen.fields_of(row) if label.segment is segment]
                if labels and labels[0].leads and labels[0].has_colon:
                    continue
                if _is_sender_line(text) and above < 0.5:
                    vote(tokens, row, 0.55)
                    continue
                weight = 0.0
                name = _clean(tokens)
                if has_legal_form(name):
                    weight += 0.3 if above < _HEADING or above > _FOOT else 0.12
                if page is sheet and above < _HEADING and _is_name(name, lexicon) and not seen.dates_of(row):
                    weight += max(0.0, 0.3 - 0.05 * order)
                    weight += min(0.25, 0.12 * max(0.0, segment.height / usual - 1.0))
                    order += 1
                    below = block_from(segment, seen)
                    if _looks_like_address(below):
                        weight += 0.2
                if (
                    any(domain and (domain in fold(name) or fold(name) in domain) for domain in domains)
                    and len(fold(name)) > 3
                ):  # noqa: PLR2004
                    weight += 0.3
                if weight:
                    vote(tokens, row, weight)
    if not scores:
        return
    best = max(scores, key=lambda key: scores[key])
    place = places[best]
    parties.seller = Found(place.value, place.tokens, place.sheet, min(0.85, 0.2 + 0.5 * scores[best]))


def _leading_name(segment: Segment) -> list[Token]:
    """Return the tokens up to the first separator of a sender or footer line."""
    tokens = []
    for position, token in enumerate(segment.tokens):
        if position and token.text in {"|", "·", "•", "∙", "–", "—", "-", "*"}:  # noqa: RUF001
            break
        if position and token.text.startswith(("|", "·", "•")):
            break
        tokens.append(token)
        if token.text.endswith(",") and _is_sender_line(segment.text):
            break
    return tokens


def _domains(seen: Observations) -> set[str]:
    names: set[str] = set()
    public = {"gmail", "gmx", "web", "hotmail", "outlook", "yahoo", "example", "mail", "icloud", "googlemail"}
    for row in seen.rows:
        for token in row.tokens:
            text = token.text.lower()
            if "@" in text:
                host = text.rsplit("@", 1)[1]
            elif "www." in text:
                host = text.split("www.", 1)[1]
            else:
                continue
            parts = host.strip("./,;:()").split("/")[0].split(".")
            if len(parts) > 1:
                name = fold(parts[-2])
                if len(name) > 3 and name not in public:  # noqa: PLR2004
                    names.add(name)
    return names
