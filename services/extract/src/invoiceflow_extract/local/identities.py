"""Whose are the VAT ids, addresses, e-mail addresses and accounts on the pages."""

import re
from collections.abc import Iterable, Iterator, Sequence

from invoiceflow_extract.local.addresses import is_address_line, parse_address
from invoiceflow_extract.local.draft import Draft
from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.identifiers import EMAIL, PHONE, compact, find_bics, find_ibans, find_vat_ids
from invoiceflow_extract.local.labelled import identifiers_near
from invoiceflow_extract.local.names import Block
from invoiceflow_extract.local.observations import Observations
from invoiceflow_extract.local.page_text import Segment, Token
from invoiceflow_extract.local.parties import Parties
from invoiceflow_extract.local.references import best_of
from invoiceflow_extract.local.vocabulary import vocabulary

__all__ = ["read_parties", "read_payment"]

_LEAST_DIGITS = 7
_LABELLED = 0.799  # a number that a label calls a VAT id, whether or not its check digits hold
_FEWEST_DIGITS = 4
_LONGEST_ID = 16


def read_parties(seen: Observations, parties: Parties, draft: Draft) -> None:
    """Put names, identifiers, addresses and contacts of seller and buyer into ``draft``."""
    draft.put("/seller/name", parties.seller)
    draft.put("/buyer/name", parties.buyer)
    _vat_ids(seen, parties, draft)
    _registrations(seen, parties, draft)
    _addresses(seen, parties, draft)


def _registrations(seen: Observations, parties: Parties, draft: Draft) -> None:
    """Put the parties' tax and registration numbers: those in or beside the buyer's block are the buyer's."""
    of_buyer = {id(s) for block in (*parties.buyer_blocks, *parties.other_blocks) for s in block.segments}
    of_seller = {id(s) for block in parties.seller_blocks for s in block.segments}
    for meaning in ("tax_id", "registration_id"):
        for label, found in identifiers_near(seen, meaning):
            if sum(character.isdigit() for character in found.value) < _FEWEST_DIGITS:
                continue
            words = {token.key for token in label.segment.tokens}
            ours = {id(label.segment), id(_segment_of(found))}
            yours = bool(words & vocabulary().yours) or bool(ours & (of_buyer - of_seller))
            pointer = f"/{'buyer' if yours else 'seller'}/{meaning}"
            known = {draft.get("/seller/vat_id"), draft.get("/buyer/vat_id")}
            if draft.get(pointer) is None and compact(found.value) not in known:
                draft.put(pointer, found, 0.85)


def _vat_ids(seen: Observations, parties: Parties, draft: Draft) -> None:
    of_buyer = {id(s) for block in (*parties.buyer_blocks, *parties.other_blocks) for s in block.segments}
    of_seller = {id(s) for block in parties.seller_blocks for s in block.segments}
    ranked: list[tuple[float, bool, Found[str]]] = []
    for segment, found in _printed_vat_ids(seen):
        words = {token.key for part in (segment, _label_segment(segment, seen)) for token in part.tokens}
        yours = bool(words & vocabulary().yours) or id(segment) in of_buyer - of_seller
        ranked.append((found.score + (0.05 if id(segment) in of_seller else 0.0), yours, found))
    seller = max((entry for entry in ranked if not entry[1]), key=lambda entry: entry[0], default=None)
    others = [e for e in ranked if seller is None or e[2].value != seller[2].value]
    distinct = {entry[2].value for entry in others}
    buyer = max(others, key=lambda entry: (entry[1], entry[0]), default=None)
    if seller is not None:
        draft.put("/seller/vat_id", seller[2])
    if buyer is not None and (buyer[1] or (len(distinct) == 1 and parties.buyer is not None and buyer[0] >= _LABELLED)):
        draft.put("/buyer/vat_id", buyer[2], 1.0 if buyer[1] else 0.7)


def _printed_vat_ids(seen: Observations) -> Iterator[tuple[Segment, Found[str]]]:
    """Yield the VAT ids with a country prefix, then those that only a label names."""
    prefixed: set[int] = set()
    for row in seen.rows:
        for segment in row.segments:
            named = _label_segment(segment, seen)
            labels = [label for label in seen.fields_of(row) if label.segment in {segment, named}]
            labelled = any(label.meanings & {"vat_id", "tax_id"} for label in labels)
            foreign = any(label.meanings & {"iban", "bic", "phone", "fax", "payment_reference"} for label in labels)
            for vat_id, start, end, valid in find_vat_ids(segment.text):
                if not labelled and (foreign or not valid):
                    continue
                tokens = tokens_between(segment, start, end)
                prefixed.update(id(token) for token in tokens)
                yield (
                    segment,
                    Found.at(vat_id, tokens, row.sheet, (0.7 if valid else 0.55) + (0.25 if labelled else 0.0)),
                )
    for label, found in identifiers_near(seen, "vat_id"):
        digits = sum(character.isdigit() for character in found.value)
        if prefixed & {id(token) for token in found.tokens} or digits < _LEAST_DIGITS or "tax" in label.key:
            continue
        value = re.sub(r"[^0-9A-Za-z]", "", found.value).upper()
        if len(value) <= _LONGEST_ID:
            yield _segment_of(found) or label.segment, Found(value, found.tokens, found.sheet, 0.6 * found.score)


def _label_segment(segment: Segment, seen: Observations) -> Segment:
    """Return the segment left of ``segment`` where that holds its label, else ``segment`` itself."""
    position = segment.row.segments.index(segment)
    own = any(label.segment is segment for label in seen.fields_of(segment.row))
    if own or position == 0:
        return segment
    left = segment.row.segments[position - 1]
    ends = [label.end for label in seen.fields_of(segment.row) if label.segment is left]
    return left if ends and max(ends) >= len(left.tokens) - 1 else segment


def _segment_of(found: Found[str]) -> Segment | None:
    for row in found.sheet.rows:
        for segment in row.segments:
            if found.tokens[0] in segment.tokens:
                return segment
    return None


def tokens_between(segment: Segment, start: int, end: int) -> list[Token]:
    """Return the tokens of ``segment`` that its text holds from ``start`` to ``end``."""
    position, chosen = 0, []
    for token in segment.tokens:
        if position < end and start < position + len(token.text):
            chosen.append(token)
        position += len(token.text) + 1
    return chosen or segment.tokens[:1]


def _addresses(seen: Observations, parties: Parties, draft: Draft) -> None:
    for role, name, blocks in (
        ("seller", parties.seller, parties.seller_blocks),
        ("buyer", parties.buyer, parties.buyer_blocks),
    ):
        block = next((b for b in blocks if any(is_address_line(text) for text in b.texts)), None)
        if block is not None:
            _address(role, name, block, draft)
            draft.put(f"/{role}/email", _email(block))
            draft.put(f"/{role}/phone", _phone(seen, block))
        _country_of_vat_id(role, draft)


def _country_of_vat_id(role: str, draft: Draft) -> None:
    """Take the country from the VAT id where the address names none."""
    vat_id = draft.get(f"/{role}/vat_id")
    if draft.get(f"/{role}/address/country") is None and isinstance(vat_id, str) and vat_id[:2].isalpha():
        shown = draft.evidence[f"/{role}/vat_id"]
        draft.data[role].setdefault("address", {})["country"] = {"EL": "GR", "XI": "GB"}.get(vat_id[:2], vat_id[:2])
        confidence = round(shown.confidence * 0.9, 3)
        draft.evidence[f"/{role}/address/country"] = shown.model_copy(update={"confidence": confidence})


def _address(role: str, name: Found[str] | None, block: Block, draft: Draft) -> None:
    lines: list[str] = []
    tokens: list[Token] = []
    for segment in block.segments:
        text = segment.text
        if name is not None and name.tokens[0] in segment.tokens:
            continue
        head, colon, rest = text.partition(":")
        if colon and len(head) < 25:
            text = rest.strip() if is_address_line(rest) else ""
        if text and not EMAIL.search(text) and (is_address_line(text) or 0 < len(lines) < 5):
            lines.append(text)
            tokens.extend(segment.tokens)
    if lines:
        address = parse_address(lines)
        for field in ("street", "city", "postcode", "country"):
            value = getattr(address, field)
            if value:
                draft.put(f"/{role}/address/{field}", Found.at(value, tokens, block.sheet, 0.7))


def _email(block: Block) -> Found[str] | None:
    for segment in block.segments:
        match = EMAIL.search(segment.text)
        if match:
            return _matched(segment, match)
    return None


def _phone(seen: Observations, block: Block) -> Found[str] | None:
    for segment in block.segments:
        labels = {m for label in seen.fields_of(segment.row) if label.segment is segment for m in label.meanings}
        match = PHONE.search(segment.text) if "phone" in labels and "fax" not in labels else None
        if match:
            return _matched(segment, match)
    return None


def _matched(segment: Segment, match: re.Match[str]) -> Found[str]:
    tokens = tokens_between(segment, match.start(), match.end())
    return Found.at(match.group().strip(), tokens, segment.row.sheet, 0.8)


def read_payment(seen: Observations, draft: Draft, account_name: Found[str] | None) -> None:
    """Put account, bank code, holder and reference into ``draft``."""
    accounts: list[Found[str]] = []
    for row in seen.rows:
        labels = seen.fields_of(row)
        for segment in row.segments:
            for iban, start, end, valid in find_ibans(segment.text):
                wrapped = None if valid else _wrapped(segment)
                if wrapped is not None:
                    accounts.append(wrapped)
                elif valid or any("iban" in label.meanings for label in labels):
                    accounts.append(_account(iban, segment, start, end, valid=valid))
            if draft.get("/payment/bic") is None and any("bic" in label.meanings for label in labels):
                draft.put("/payment/bic", _bic(segment))
    draft.put("/payment/iban", max(accounts, key=lambda found: found.score, default=None))
    draft.put("/payment/reference", best_of(identifiers_near(seen, "payment_reference"), 0.5), 0.8)
    draft.put("/payment/account_name", account_name, 0.8)


def _wrapped(segment: Segment) -> Found[str] | None:
    """Return the account that begins in ``segment`` and ends right under it, where its check digits hold only so."""
    for row in segment.row.sheet.below(segment.row, 1):
        for other in row.segments:
            if abs(other.x0 - segment.x0) < segment.height:
                for iban, _, _, valid in find_ibans(f"{segment.text} {other.text}"):
                    if valid:
                        return Found.at(iban, [*segment.tokens, *other.tokens], row.sheet, 0.9)
    return None


def _account(iban: str, segment: Segment, start: int, end: int, *, valid: bool) -> Found[str]:
    printed = segment.text[start:end]
    repaired = f"{printed} read as {iban}: its check digits hold" if valid and compact(printed) != iban else None
    tokens = tuple(tokens_between(segment, start, end))
    return Found(iban, tokens, segment.row.sheet, 0.97 if valid else 0.6, repaired=repaired)


def _bic(segment: Segment) -> Found[str] | None:
    for bic, start, end in find_bics(segment.text):
        if fold(bic) not in {"swiftbic", "swiftcode"} and not _is_word(bic, segment.tokens):
            return Found.at(bic, tokens_between(segment, start, end), segment.row.sheet, 0.85)
    return None


def _is_word(bic: str, tokens: Sequence[Token] | Iterable[Token]) -> bool:
    """Whether ``bic`` is put together from several plain words."""
    return bic.isalpha() and not any(bic in token.text for token in tokens)
