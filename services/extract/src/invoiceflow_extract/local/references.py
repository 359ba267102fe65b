"""The numbers an invoice goes by: its own, the order's, the buyer's reference, and what kind of document it is."""

from collections.abc import Iterable
from typing import Any

from invoiceflow_extract.local.draft import Draft
from invoiceflow_extract.local.found import Found
from invoiceflow_extract.local.labelled import identifiers_near, texts_near
from invoiceflow_extract.local.lexicon import Lexicon
from invoiceflow_extract.local.observations import Label, Observations
from invoiceflow_extract.local.page_text import Segment, Token

__all__ = ["best_of", "read_kind", "read_references"]

_GENERIC = frozenset(
    ["no", "nr", "n", "num", "numero", "number", "nummer", "c", "cislo", "nro", "numer", "numara", "#"]
)
_FALLBACK = frozenset(["reference", "ref", "referencia", "riferimento", "referenz", "referentie", "referens", "id"])
_ALTERNATIVES = 3
_UPPER = 0.6
_TITLE_ROWS = 0.7


def best_of(found: Iterable[tuple[Label, Found[Any]]], least: float = 0.0) -> Found[Any] | None:
    """Return the value with the highest score of at least ``least``."""
    return max((item for _, item in found if item.score >= least), key=lambda item: item.score, default=None)


def read_kind(seen: Observations, words: Lexicon, draft: Draft) -> None:
    """Put the document's type into ``draft``: by its title, the larger and higher the surer."""
    best: tuple[float, Found[str]] | None = None
    for sheet in seen.sheets[:1]:
        for row in sheet.rows:
            if row.y0 > _TITLE_ROWS * sheet.height:
                break
            for segment in row.segments:
                kind, tokens = _title(segment, words)
                if kind is None:
                    continue
                weight = 20 * segment.height / sheet.height + 1 - row.y0 / sheet.height
                weight += 0.3 * (kind != "invoice") - 0.6 * min(3, len(segment.tokens) - len(tokens))
                if best is None or weight > best[0]:
                    best = (weight, Found.at(kind, tokens, sheet, 0.85))
    if best is not None:
        draft.put("/type", best[1])


def _title(segment: Segment, words: Lexicon) -> tuple[str | None, list[Token]]:
    for end in range(min(5, len(segment.tokens)), 0, -1):
        kind = words.titles.get("".join(token.key for token in segment.tokens[:end]))
        if kind is not None:
            return kind, segment.tokens[:end]
    return None, []


def read_references(seen: Observations, words: Lexicon, draft: Draft, table: set[int]) -> None:
    """Put the invoice's number and the references to other documents into ``draft``."""
    number = _number(seen, words, table)
    draft.put("/number", number)
    for pointer in ("purchase_order", "buyer_reference", "preceding_invoice"):
        found = (
            pair
            for pair in identifiers_near(seen, pointer)
            if id(pair[0].tokens[0]) not in table and (pair[0].leads or pair[0].has_colon)
        )
        best = best_of(found, 0.5)
        if best is not None and (number is None or best.tokens[0] is not number.tokens[0]):
            draft.put(f"/{pointer}", best, 0.9)
    terms = best_of(pair for pair in texts_near(seen, "payment_terms") if pair[0].leads)
    if terms is not None and any(character.isalpha() for character in terms.value):
        draft.put("/payment_terms", terms, 0.7)


def _number(seen: Observations, words: Lexicon, table: set[int]) -> Found[str] | None:
    options: list[tuple[float, Found[str]]] = []
    for label, found in identifiers_near(seen, "number"):
        plain = label.key in _GENERIC or label.key in words.titles
        if id(label.tokens[0]) in table or (plain and id(found.tokens[0]) in _dated(seen, found)):
            continue
        weight = found.score
        if label.key in _GENERIC:
            weight *= 0.6 if label.leads else 0.2
        elif label.key in words.titles:
            weight *= 0.6
        weight *= 1.0 if label.leads or label.has_colon else 0.75
        position = found.tokens[0].y0 / found.sheet.height
        weight *= 1.0 if position < _UPPER and found.sheet is seen.sheets[0] else 0.8
        options.append((weight, found))
    if not options:
        for label, found in identifiers_near(seen, "other_number"):
            if label.key in _FALLBACK and label.leads and id(label.tokens[0]) not in table:
                options.append((0.4 * found.score, found))
    if not options:
        return None
    weight, best = max(options, key=lambda pair: pair[0])
    agreeing = sum(other.value == best.value for _, other in options)
    sure = min(0.96, 0.25 + 0.65 * weight + 0.1 * (agreeing > 1))
    ranked = [other.value for _, other in sorted(options, key=lambda pair: -pair[0]) if other.value != best.value]
    return Found(best.value, best.tokens, best.sheet, sure, tuple(dict.fromkeys(ranked))[:_ALTERNATIVES])


def _dated(seen: Observations, found: Found[str]) -> set[int]:
    """Return the tokens that are whole dates, in the row ``found`` stands in."""
    rows = [row for row in found.sheet.rows if row.y0 <= found.tokens[0].y0 <= row.y1]
    return {
        id(date.tokens[0])
        for row in rows
        for date in seen.dates_of(row)
        if not date.text.isdigit() and date.printed.end - date.printed.start >= len(date.text.strip(".,"))
    }
