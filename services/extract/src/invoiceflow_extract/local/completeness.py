"""What the pages show beside what was read from them: a row or a page that is missing is never silent.

None of it asks how the lines were found: it looks at the rows of the page anew, so that what the engine overlooks is seen.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from invoiceflow_contracts.extraction import Finding
from invoiceflow_contracts.layout import Box, Layout
from invoiceflow_extract.local.amounts import parse_number
from invoiceflow_extract.local.lexicon import Lexicon, lexicon
from invoiceflow_extract.local.page_text import Row, Sheet, Token, sheets_of
from invoiceflow_extract.local.vocabulary import vocabulary
from invoiceflow_extract.reading import Reading
from invoiceflow_extract.rules import RULES

__all__ = ["incomplete", "missing_pages", "unread_rows"]

_SAME_EDGE = 0.012
"""Of the page's width: amounts of one column end within that of each other."""
_LETTERS = 3
"""That make words of what stands beside an amount."""
_SHOWN = 3
_MOST_PAGES = 200
_LINE = re.compile(r"^/lines/\d+/")
_AMOUNT = re.compile(r"^/lines/\d+/net$")
_TOTAL = re.compile(r"^/(totals|taxes)/")
_OF = re.compile(r":?\s*(\d{1,3})\s*(?:/|\b([^\W\d_]{1,4})\b\.?)\s*(\d{1,3})\b")


def incomplete(layout: Layout, reading: Reading) -> list[Finding]:
    """Return a finding for the rows and one for the pages that are missing."""
    sheets = sheets_of(layout)
    return [*unread_rows(sheets, reading), *missing_pages(sheets, len(layout.pages))]


def unread_rows(sheets: Sequence[Sheet], reading: Reading) -> list[Finding]:
    """IF-ROWS-UNREAD: every row between the first line and the totals with words and an amount in the lines' column was read.

    A row is read where any value of a line stands at its height. Rows that a total's label or a carried amount explains are none.
    """
    places = _places(reading, _LINE)
    edges = [box.x1 for boxes in _places(reading, _AMOUNT).values() for box in boxes]
    if not edges:
        return []
    edge, words = median(edges), lexicon()
    totals = _places(reading, _TOTAL)
    first, last = min(places), max(places)
    stop = max([last, *(page for page in totals if page <= last + 1)])
    found: list[tuple[int, Row]] = []
    for sheet in sheets:
        if not first <= sheet.number <= stop:
            continue
        read = places.get(sheet.number, [])
        top = min((box.y0 for box in read), default=0.0) if sheet.number == first else 0.0
        lowest = max((box.y1 for box in read), default=0.0)
        # A total beside or above the lines ends nothing.
        end = min((box.y0 for box in totals.get(sheet.number, ()) if box.y0 >= lowest - 0.005), default=1.0)
        if sheet.number < last:
            end = 1.0
        found += [
            (sheet.number, row)
            for row in sheet.rows
            if top <= row.center / sheet.height < end
            and _ends_in_column(row, edge)
            and not _is_read(row, read)
            and not _is_explained(row, words)
        ]
    if not found:
        return []
    shown = {f"page {page}, row {row.index + 1}": row.text[:120] for page, row in found[:_SHOWN]}
    return [
        RULES["IF-ROWS-UNREAD"].finding(
            f"{len(found)} rows among the lines have an amount and were not read, the first one: {found[0][1].text[:120]!r}.",
            pointers=("/lines",),
            values={"rows": len(found), **shown},
        )
    ]


def missing_pages(sheets: Sequence[Sheet], pages: int) -> list[Finding]:
    """IF-PAGES-MISSING: where the pages say how many they are (page 2 of 3), as many are there."""
    said = max((total for sheet in sheets for total in _counted(sheet)), default=0)
    if said <= pages:
        return []
    return [
        RULES["IF-PAGES-MISSING"].finding(
            f"The document has {pages} pages and says that it has {said}.", values={"pages": pages, "pages said": said}
        )
    ]


def _counted(sheet: Sheet) -> Iterator[int]:
    """Yield how many pages there are, as often as the page says so."""
    said = vocabulary()
    tokens = [token for row in sheet.rows for token in row.tokens]
    for place, token in enumerate(tokens):
        if token.key in said.page_words and (total := _total_behind(tokens[place + 1 : place + 4], said.page_of)):
            yield total


def _total_behind(tokens: list[Token], joining: frozenset[str]) -> int | None:
    """Return the 3 of *2 of 3*, *2/3* or *2 / 3*."""
    text = " ".join(token.text for token in tokens)
    match = _OF.match(text)
    if match is None or (match[2] is not None and match[2].casefold() not in joining):
        return None
    number, total = int(match[1]), int(match[3])
    return total if 1 <= number <= total <= _MOST_PAGES else None


def _places(reading: Reading, pattern: re.Pattern[str]) -> dict[int, list[Box]]:
    """Return where the values with such pointers stand, by page."""
    found: dict[int, list[Box]] = defaultdict(list)
    for pointer, evidence in reading.evidence.items():
        if evidence.page is not None and evidence.box is not None and pattern.match(pointer):
            found[evidence.page].append(evidence.box)
    return found


def _ends_in_column(row: Row, edge: float) -> bool:
    return any(
        abs(token.box.x1 - edge) <= _SAME_EDGE and (number := parse_number(token.text)) and number.money_like
        for token in row.tokens
    )


def _is_read(row: Row, read: list[Box]) -> bool:
    boxes = [token.box for token in row.tokens]
    middle = (min(box.y0 for box in boxes) + max(box.y1 for box in boxes)) / 2
    return any(box.y0 <= middle <= box.y1 for box in read)


def _is_explained(row: Row, words: Lexicon) -> bool:
    """Whether the row is no line: without words, with a total's label, or with one that is known for no good."""
    if sum(char.isalpha() for char in row.text) < _LETTERS:
        return True
    tokens = row.tokens
    return any(
        words.find(tokens, words.totals, start) or words.compound(tokens[start].key) for start in range(len(tokens))
    )
