"""Which way to make a page of a list is the quicker one.

SQLite cannot tell: it keeps no statistics of single values and none at all without ANALYZE. So the rows that meet a condition are
counted, up to ``FEW``, and what was counted is remembered for a while, since it changes the time an answer takes and never
the answer. Counts say nothing of how conditions go together with the order: of last month's invoices by due date, the oldest
first, a walk passes all earlier ones before the first that it looks for. Hence a walk is broken off when it has
taken more steps than sorting what meets a condition would.
"""

import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from itertools import count
from typing import Any

from invoiceflow_query.adapters.sqlite.reading import (
    Condition,
    Question,
    Statement,
    count_statement,
    few_statement,
    walk_statement,
)
from invoiceflow_query.adapters.sqlite.reading_documents import (
    DocumentQuestion,
    few_documents_statement,
    walk_documents_statement,
)
from invoiceflow_query.queries import Position

__all__ = ["Planner", "lines"]

FEW = 5000
"""So many invoices are fetched and sorted in some milliseconds. Where more meet a condition, at least one in 200 of a
million does, and a walk along the list's order soon fills a page, unless order and condition go against each other."""

PATIENCE = 400_000
"""Instructions of SQLite's virtual machine that a walk may take in any case: some ten milliseconds, some ten thousand invoices. After
those it is known how many rows would have to be sorted instead, and the walk may take as many as that would."""

INSTRUCTIONS_A_ROW = 25
"""What it takes to fetch, test and sort one row of many."""

MANY = 1_000_000
"""Up to how many rows are counted to find the fewest among many."""

REMEMBERED = 2048
SECONDS = 60.0


_CALLS = 8


class _Memory:
    """What was found out in the last ``SECONDS``; shared by the threads that read, of which two may find out the same."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, find_out: Callable[[], int]) -> int:
        until, value = self._known.get(key, (0.0, 0))
        if time.monotonic() < until:
            return value
        value = find_out()
        self.put(key, value)
        return value

    def put(self, key: Hashable, value: int) -> None:
        with self._lock:
            self._known[key] = (time.monotonic() + SECONDS, value)
            self._known.move_to_end(key)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)


class Planner:
    """Makes pages of lists."""

    def __init__(self) -> None:
        self._memory = _Memory()

    def invoices(
        self, connection: sqlite3.Connection, asked: Question, after: Position | None, limit: int
    ) -> list[str]:
        """Return the summaries of one page as JSON texts."""
        choices = [each for each in (*asked.conditions, asked.of_facets) if each is not None]
        rows = self._rows(
            connection,
            asked,
            # By facets alone nothing is passed over.
            (choices, asked.combined) if asked.conditions else ((), ()),
            walk_statement(asked, after, limit),
            lambda few: few_statement(asked, few, after, limit),
        )
        return lines(rows)

    def documents(
        self, connection: sqlite3.Connection, asked: DocumentQuestion, after: Position | None, limit: int
    ) -> list[tuple[Any, ...]]:
        """Return id, version and state of the documents of one page."""
        return self._rows(
            connection,
            asked,
            (asked.conditions, ()),
            walk_documents_statement(asked, after, limit),
            lambda few: few_documents_statement(asked, few, after, limit),
        )

    def _rows(
        self,
        connection: sqlite3.Connection,
        asked: Hashable,
        conditions: tuple[Sequence[Condition], Sequence[Condition]],
        walk: Statement,
        few: Callable[[Condition], Statement],
    ) -> list[tuple[Any, ...]]:
        """Return the rows of ``walk``, or those of ``few`` of one of the conditions, which are the same.

        The second group of conditions takes several together. It is looked at only where none alone is met by few: to find a
        frequent word takes long even beside a rare one.
        """
        choices, combined = conditions
        if not choices:
            return _fetch(connection, walk)
        fewest = self._fewest(connection, choices, FEW) or self._fewest(connection, combined, FEW)
        if fewest is not None:
            return _fetch(connection, few(fewest[0]))
        patience = self._memory.get(asked, lambda: PATIENCE)
        if patience:
            found = _within(connection, walk, patience)
            if found is not None:
                return found
        condition, rows = self._fewest(connection, [*choices, *combined], MANY) or (choices[0], MANY)
        effort = rows * INSTRUCTIONS_A_ROW
        if 0 < patience < effort:
            # To sort so many takes longer still.
            found = _within(connection, walk, effort)
            if found is not None:
                self._memory.put(asked, effort)
                return found
        self._memory.put(asked, 0)
        return _fetch(connection, few(condition))

    def _fewest(
        self, connection: sqlite3.Connection, choices: Sequence[Condition], most: int
    ) -> tuple[Condition, int] | None:
        """Return the condition that the fewest rows meet, and how many; None where each is met by ``most`` or more."""
        fewest, least = None, most
        for each in choices:
            met = self._count(connection, each.rows, most)
            if met < least:
                fewest, least = each, met
        return (fewest, least) if fewest else None

    def _count(self, connection: sqlite3.Connection, rows: Statement, most: int) -> int:
        statement = count_statement(rows, most)

        def find_out() -> int:
            ((found,),) = _fetch(connection, statement)
            return int(found)

        return self._memory.get(statement, find_out)


def lines(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    """Return the summaries that the one row of a statement of invoices holds."""
    ((text,),) = rows
    return text.split("\n") if text else []


def _fetch(connection: sqlite3.Connection, statement: Statement) -> list[tuple[Any, ...]]:
    return connection.execute(statement.sql, statement.values).fetchall()


def _within(connection: sqlite3.Connection, statement: Statement, instructions: int) -> list[tuple[Any, ...]] | None:
    """Return the rows of ``statement``; None where it takes more ``instructions``."""
    # SQLite counts on from the statement's last run, so that the first call may come at once.
    calls = count(1)
    connection.set_progress_handler(lambda: next(calls) > _CALLS, max(1, instructions // _CALLS))
    try:
        return _fetch(connection, statement)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_INTERRUPT":
            return None
        raise
    finally:
        connection.set_progress_handler(None, 0)
