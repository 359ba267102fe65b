"""The read model in one SQLite file, shared by the threads of one process.

One thread writes, some read; in WAL mode (https://www.sqlite.org/wal.html) they do not wait for each other.
``synchronous=FULL``: a change is on the disk before its event is acknowledged to the broker, so that neither kill -9 nor a power cut
loses what will not be delivered again. What that costs, one fsync for each transaction, is shared by all changes that
wait at the same time, as they are committed together.
"""

import asyncio
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from invoiceflow_chassis.errors import StorageFullError, UnavailableError
from invoiceflow_query.adapters.sqlite.planning import Planner
from invoiceflow_query.adapters.sqlite.reading import documents_statement, question
from invoiceflow_query.adapters.sqlite.schema import prepare
from invoiceflow_query.adapters.sqlite.writing import apply_all
from invoiceflow_query.folding import words
from invoiceflow_query.ports import StoredDocument, StoredInvoice
from invoiceflow_query.projection import Change, DocumentState
from invoiceflow_query.queries import DocumentQuery, InvoiceQuery, Position
from invoiceflow_query.records import InvoiceRecord, InvoiceSummary
from invoiceflow_query.views import DocumentStats, InvoiceStats, Stats

__all__ = ["SqliteReadModel"]

T = TypeVar("T")

_Waiting = tuple[str, Change, asyncio.Future[bool]]

LARGEST_BATCH = 4096
READERS = 4


class SqliteReadModel:
    """``ReadModel`` in the file ``path``, which is created with its folder where missing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: list[sqlite3.Connection] = []
        self._local = threading.local()
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._planner = Planner()
        self._writer = ThreadPoolExecutor(1, "read-model-writer")
        self._readers = ThreadPoolExecutor(READERS, "read-model-reader")
        self._is_open = False

    async def open(self) -> None:
        await self._in_thread(self._writer, self._prepare)
        self._is_open = True

    async def close(self) -> None:
        while self._writing and not self._writing.done():
            await asyncio.wait([self._writing])
        for executor in (self._readers, self._writer):
            await asyncio.to_thread(executor.shutdown)
        while self._opened:
            self._opened.pop().close()

    async def ping(self) -> None:
        await self._read("SELECT 1 FROM documents LIMIT 1")

    async def apply(self, tenant: str, change: Change) -> bool:
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((tenant, change, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting())
        return await done

    async def document(self, tenant: str, document_id: UUID) -> StoredDocument | None:
        rows = await self._read(
            "SELECT id, version, state FROM documents WHERE tenant = ? AND id = ?", tenant, document_id.bytes
        )
        return _document(rows[0]) if rows else None

    async def documents(
        self, tenant: str, query: DocumentQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[StoredDocument]:
        statement = documents_statement(tenant, query, after, limit)
        return [_document(row) for row in await self._read(statement.sql, *statement.values)]

    async def tenants(self) -> list[str]:
        return [tenant for (tenant,) in await self._read("SELECT DISTINCT tenant FROM document_counts ORDER BY tenant")]

    async def unfinished(self, tenant: str, *, after: UUID | None = None, limit: int = 1000) -> list[StoredDocument]:
        rows = await self._read(
            "SELECT id, version, state FROM documents "
            "WHERE tenant = ? AND status IN ('received', 'processing') AND id > ? ORDER BY id LIMIT ?",
            tenant,
            after.bytes if after else b"",
            limit,
        )
        return [_document(row) for row in rows]

    async def invoice(self, tenant: str, document_id: UUID) -> StoredInvoice | None:
        found = await self.invoices_by_id(tenant, [document_id])
        return found[0] if found else None

    async def invoices(
        self, tenant: str, query: InvoiceQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[InvoiceSummary]:
        texts = await self.invoices_json(tenant, query, after=after, limit=limit)
        return [InvoiceSummary.model_validate_json(text) for text in texts]

    async def invoices_json(
        self, tenant: str, query: InvoiceQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[str]:
        if any(text is not None and not words(text) for text in (query.q, query.seller, query.buyer)):
            return []
        asked = question(tenant, query)
        return await self._run(self._readers, lambda: self._planner.page(self._connection(), asked, after, limit))

    async def invoices_by_id(self, tenant: str, document_ids: Sequence[UUID]) -> list[StoredInvoice]:
        def select() -> list[StoredInvoice]:
            connection = self._connection()
            found = (_invoice(connection, tenant, document_id) for document_id in document_ids)
            return [invoice for invoice in found if invoice]

        return await self._run(self._readers, select)

    async def stats(self, tenant: str) -> Stats:
        counts = await self._read(
            "SELECT status, needs_review, documents FROM document_counts WHERE tenant = ?", tenant
        )
        documents: Counter[str] = Counter()
        for status, _, count in counts:
            documents[status] += count
        return Stats(
            documents=DocumentStats(**documents),
            # Every extracted document has its invoice, and no other has one.
            invoices=InvoiceStats(
                total=documents["extracted"], needs_review=sum(count for _, review, count in counts if review)
            ),
        )

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:LARGEST_BATCH], self._waiting[LARGEST_BATCH:]
            try:
                await self._write(batch)
            except Exception:  # noqa: BLE001 -- it is told to the one whose change it is
                for each in batch:
                    await self._write_alone(each)

    async def _write(self, batch: list[_Waiting]) -> None:
        changes = [(tenant, change) for tenant, change, _ in batch]
        results = await self._run(self._writer, partial(self._apply_all, changes))
        for (_, _, done), result in zip(batch, results, strict=True):
            if not done.done():
                done.set_result(result)

    async def _write_alone(self, waiting: _Waiting) -> None:
        try:
            await self._write([waiting])
        except Exception as error:  # noqa: BLE001 -- the caller waits for it
            if not waiting[2].done():
                waiting[2].set_exception(error)

    def _apply_all(self, changes: list[tuple[str, Change]]) -> list[bool]:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            results = apply_all(connection, changes)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return results

    async def _read(self, sql: str, *values: str | int | bytes) -> list[tuple[Any, ...]]:
        def select() -> list[tuple[Any, ...]]:
            return self._connection().execute(sql, values).fetchall()

        return await self._run(self._readers, select)

    async def _run(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        if not self._is_open:
            raise UnavailableError("read_model_unavailable", "The read model is not open yet. Try again in a moment.")
        return await self._in_thread(executor, work)

    async def _in_thread(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        def translated() -> T:
            with _errors():
                return work()

        return await asyncio.get_running_loop().run_in_executor(executor, translated)

    def _prepare(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError(
                "read_model_unavailable", f"The folder {self._path.parent} cannot be made: {error.strerror}."
            ) from error
        prepare(self._connection(), str(self._path))

    def _connection(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            # It is closed by another thread, once this one has ended.
            connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            self._opened.append(connection)
            connection.execute("PRAGMA busy_timeout = 5000")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA cache_size = -32768")
            self._local.connection = connection
        return connection


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_FULL":
            raise StorageFullError from error
        raise UnavailableError("read_model_unavailable", f"The read model does not answer: {error}.") from error


def _document(row: tuple[Any, ...]) -> StoredDocument:
    document_id, version, state = row
    return StoredDocument(UUID(bytes=document_id), version, DocumentState.model_validate_json(state))


def _invoice(connection: sqlite3.Connection, tenant: str, document_id: UUID) -> StoredInvoice | None:
    row = connection.execute(
        "SELECT record, json_extract(summary, '$.filename') "
        "FROM invoices JOIN invoice_records USING (row) JOIN invoice_summaries USING (row) WHERE tenant = ? AND id = ?",
        (tenant, document_id.bytes),
    ).fetchone()
    return StoredInvoice(InvoiceRecord.model_validate_json(row[0]), row[1]) if row else None
