"""The lines of a document that a model is shown, each with an id to be named by."""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.llm.instructions import plain
from invoiceflow_extract.local.lexicon import lexicon
from invoiceflow_extract.local.observations import Observations, observe
from invoiceflow_extract.local.page_text import Row, sheets_of
from invoiceflow_extract.local.table import find_lines

__all__ = ["Excerpt", "Pages", "read_pages"]

_LONGEST_ROW = 600  # characters


@dataclass(frozen=True)
class Excerpt:
    """Some lines of a document, in reading order."""

    rows: dict[str, Row]
    """By id: ``page.line``, both from 1."""

    def quoted(self) -> str:
        """Return the lines as data: a JSON array, from which no text can break out."""
        lines = [json.dumps({"id": name, "text": _shown(row)}, ensure_ascii=False) for name, row in self.rows.items()]
        return "[" + ",\n".join(lines) + "]"

    @property
    def pages(self) -> list[int]:
        return sorted({row.sheet.number for row in self.rows.values()})


@dataclass(frozen=True)
class Pages:
    """A document as the step looks at it."""

    seen: Observations
    ids: dict[int, str]
    """The id of each row, by ``id(row)``."""
    table: frozenset[int]
    """Rows of the table of items, by ``id``."""
    turns: dict[int, int]
    """By how many degrees clockwise each page was turned to be read, by its number."""

    def header(self, limit: int) -> Excerpt:
        """Return what tells all but the items: first the first page, then the last, then the others, without the table."""
        pages = self._by_page(lambda row: id(row) not in self.table)
        order = list(dict.fromkeys([*pages[:1], *pages[-1:], *pages[1:-1]])) if pages else []
        return self._fitting(order, limit)

    def items(self, limit: int) -> Excerpt:
        """Return the table of items with what stands around it; all rows where no table was found."""
        if not self.table:
            return self._fitting(self._by_page(lambda _: True), limit)
        rows = self.seen.rows
        chosen = set(self.table)
        for index, row in enumerate(rows):
            # A description may go on below, and a row that the table's finder missed stands beside its neighbours.
            near = rows[max(0, index - 2) : index + 3]
            if any(id(other) in self.table and other.sheet is row.sheet for other in near):
                chosen.add(id(row))
        pages = {row.sheet.number for row in rows if id(row) in self.table}
        between = self._by_page(lambda row: id(row) in chosen or (row.sheet.number in pages and self._inside(row)))
        return self._fitting(between, limit)

    def _inside(self, row: Row) -> bool:
        """Whether the row stands between the first and the last row of its page's table."""
        ours = [other.index for other in row.sheet.rows if id(other) in self.table]
        return bool(ours) and ours[0] <= row.index <= ours[-1]

    def _by_page(self, wanted: Callable[[Row], bool]) -> list[tuple[Row, ...]]:
        return [tuple(row for row in sheet.rows if wanted(row)) for sheet in self.seen.sheets]

    def _fitting(self, pages: Iterable[Collection[Row]], limit: int) -> Excerpt:
        room = limit
        chosen: set[int] = set()
        for page in pages:
            for row in page:
                room -= min(len(row.text), _LONGEST_ROW) + 24
                if room < 0:
                    break
                chosen.add(id(row))
        return Excerpt({self.ids[id(row)]: row for row in self.seen.rows if id(row) in chosen})


def read_pages(layout: Layout) -> Pages:
    """Return the rows of ``layout`` with their ids, and its table."""
    words = lexicon()
    sheets = sheets_of(layout)
    seen = observe(sheets, words)
    table = find_lines(seen, words)
    ids = {id(row): f"{sheet.number}.{row.index + 1}" for sheet in sheets for row in sheet.rows}
    return Pages(
        seen, ids, frozenset(table.rows | table.head_rows), {page.number: page.rotation for page in layout.pages}
    )


def _shown(row: Row) -> str:
    return plain(row.text)[:_LONGEST_ROW]
