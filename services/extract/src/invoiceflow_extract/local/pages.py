"""Which pages are the invoice's: where another invoice begins, and which pages say nothing that belongs to one."""

from collections.abc import Iterator

from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.local.folding import fold
from invoiceflow_extract.local.labelled import identifiers_near
from invoiceflow_extract.local.lexicon import Lexicon, lexicon
from invoiceflow_extract.local.observations import Observations, observe
from invoiceflow_extract.local.page_text import Sheet, sheets_of

__all__ = ["first_pages", "invoices_in", "leave_out_terms"]

_FINAL = frozenset(["gross", "payable", "total"])
_LEAST = 0.5  # score of a number that tells invoices apart
_FIRST_HALF = 0.6  # of the page, where an invoice says which it is
_TERMS_WORDS = 200
_SENTENCE = 7  # words of a row of prose
_PROSE = 0.7  # of a page's words that stand in such rows


def first_pages(layout: Layout) -> list[tuple[str, int]]:
    """Return each invoice in ``layout``: its number as printed and the page (from 1) that it begins on.

    Empty where the pages do not say that there is more than one.
    """
    if len(layout.pages) < 2:
        return []
    words = lexicon()
    return invoices_in(observe(sheets_of(layout), words), words)


def invoices_in(seen: Observations, words: Lexicon) -> list[tuple[str, int]]:
    """Return the number and first page of each invoice, nothing where there is one or it cannot be told.

    An invoice ends where it has its total and the next page bears another number at its head and a total of its own:
    an appendix that quotes other numbers, or a list of invoices, has no such page.
    """
    numbers = {sheet.number: list(_numbers(sheet, seen, words)) for sheet in seen.sheets}
    found: list[tuple[str, int]] = []
    known: set[str] = set()
    complete = False
    for position, sheet in enumerate(seen.sheets):
        here = numbers[sheet.number]
        other = next((number for number in here if fold(number) not in known), None)
        quoted = any(fold(number) in known for number in here) or any(key in fold(_text(sheet)) for key in known)
        rest = seen.sheets[position:]
        if not found and here:
            found.append((here[0], sheet.number))
            known = {fold(number) for number in here}
        elif found and complete and other is not None and not quoted and _has_total(rest, seen, numbers, other):
            found.append((other, sheet.number))
            known = {fold(number) for number in here}
            complete = False
        complete = complete or _totals(sheet, seen)
    return found if len(found) > 1 else []


def leave_out_terms(seen: Observations) -> None:
    """Leave out the pages behind the first that are prose: terms of business, whose numbers and dates are not the invoice's."""
    seen.sheets[1:] = [sheet for sheet in seen.sheets[1:] if not _is_prose(sheet, seen)]


def _numbers(sheet: Sheet, seen: Observations, words: Lexicon) -> Iterator[str]:
    """Yield the invoice numbers that the head of ``sheet`` names."""
    for label, found in identifiers_near(seen, "number"):
        if found.sheet is not sheet or found.tokens[0].y0 > _FIRST_HALF * sheet.height:
            continue
        plain = label.key in words.titles and not label.has_colon
        if label.leads and not plain and len(label.key) > 3 and found.score >= _LEAST:
            yield found.value


def _has_total(rest: list[Sheet], seen: Observations, numbers: dict[int, list[str]], number: str) -> bool:
    """Whether a total stands on the pages of the invoice ``number``, which the first of ``rest`` begins."""
    for sheet in rest:
        here = numbers[sheet.number]
        if here and fold(number) not in map(fold, here):
            return False
        if _totals(sheet, seen):
            return True
    return False


def _totals(sheet: Sheet, seen: Observations) -> bool:
    return any(
        label.meanings & _FINAL and any(amount.number.money_like for amount in seen.amounts_of(row))
        for row in sheet.rows
        for label in seen.totals_of(row)
        if label.opens
    )


def _text(sheet: Sheet) -> str:
    return " ".join(row.text for row in sheet.rows)


def _is_prose(sheet: Sheet, seen: Observations) -> bool:
    rows = [row.tokens for row in sheet.rows]
    count = sum(map(len, rows))
    if count < _TERMS_WORDS or _totals(sheet, seen):
        return False
    return sum(len(row) for row in rows if sum(token.key.isalpha() for token in row) >= _SENTENCE) >= _PROSE * count
