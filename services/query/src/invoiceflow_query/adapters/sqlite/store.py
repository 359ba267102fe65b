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
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from invoiceflow_chassis.errors import StorageFullError, UnavailableError
from invoiceflow_query.adapters.batches import Batches, TenantChange
from invoiceflow_query.adapters.sqlite.files import FileLock, put_in_place, replacing, tenants_in, upgrade
from invoiceflow_query.adapters.sqlite.planning import Planner
from invoiceflow_query.adapters.sqlite.reading import question
from invoiceflow_query.adapters.sqlite.reading_documents import document_question
from invoiceflow_query.adapters.sqlite.schema import VERSION, prepare
from invoiceflow_query.adapters.sqlite.writing import apply_all, moment
from invoiceflow_query.folding import words
from invoiceflow_query.ports import StoredDocument, StoredInvoice
from invoiceflow_query.projection import Change, DocumentState
from invoiceflow_query.queries import DocumentQuery, InvoiceQuery, Position
from invoiceflow_query.records import InvoiceRecord, InvoiceSummary
from invoiceflow_query.views import DocumentStats, InvoiceStats, Stats

__all__ = ["SqliteReadModel"]

T = TypeVar("T")

LARGEST_BATCH = 4096
CHECKPOINT_PAGES = 8192
"""Pages of 4 KiB that the log may have before it is carried over into the file. A page that many changes share, as those of the
indexes are, is then carried over once for all of them."""
READERS = 4
MAPPED_BYTES = 2**31 - 2**16
"""Of the file, read as memory: it is in the system's cache once for all connections, and nothing is copied. The most that SQLite allows."""


class SqliteGeneration:
    """A read model in a file of its own, which takes the place of another."""

    def __init__(self, model: "SqliteReadModel", new: Path, path: Path) -> None:
        self._model = model
        self._new = new
        self._path = path

    async def apply(self, tenant: str, change: Change) -> bool:
        return await self._model.apply(tenant, change)

    async def document(self, tenant: str, document_id: UUID) -> StoredDocument | None:
        return await self._model.document(tenant, document_id)

    async def invoices(
        self, tenant: str, query: InvoiceQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[InvoiceSummary]:
        return await self._model.invoices(tenant, query, after=after, limit=limit)

    async def invoices_by_id(self, tenant: str, document_ids: Sequence[UUID]) -> list[StoredInvoice]:
        return await self._model.invoices_by_id(tenant, document_ids)

    async def accounts(self, tenant: str, seller: str) -> dict[str, datetime]:
        return await self._model.accounts(tenant, seller)

    async def tenants(self) -> list[str]:
        return await asyncio.to_thread(tenants_in, self._path)

    async def join(self) -> None:
        """Nobody else writes while the file is being replaced."""

    async def go_live(self) -> None:
        await self._model.close()
        with _errors():
            await asyncio.to_thread(put_in_place, self._new, self._path)


class SqliteReadModel:
    """``ReadModel`` in the file ``path``, which is created with its folder where missing.

    The thread that writes keeps up to ``writer_cache_mib`` of the file in memory, as far as it comes to be that large.
    """

    def __init__(self, path: Path, *, writer_cache_mib: int = 64) -> None:
        self._path = path
        self._writer_cache_mib = writer_cache_mib
        self._opened: list[sqlite3.Connection] = []
        self._local = threading.local()
        self._batches = Batches(self._write, largest=LARGEST_BATCH)
        self._planner = Planner()
        self._writer = ThreadPoolExecutor(1, "read-model-writer")
        self._readers = ThreadPoolExecutor(READERS, "read-model-reader")
        self._is_open = False
        self._lock = FileLock(path)

    async def open(self) -> None:
        await self._in_thread(self._writer, self._prepare)
        self._is_open = True

    async def migrate(self, say: Callable[[str], None]) -> None:
        await self._in_thread(self._writer, self._prepare)
        say(f"{self._path} has schema version {VERSION}. A service brings its file there by itself.")

    @asynccontextmanager
    async def rebuilding(self, say: Callable[[str], None]) -> AsyncIterator[SqliteGeneration]:
        async with replacing(self._path) as new:
            say(f"Filling {new}; it takes the place of {self._path} once it is whole.")
            model = SqliteReadModel(new)
            try:
                await model.open()
                yield SqliteGeneration(model, new, self._path)
            finally:
                await model.close()

    async def close(self) -> None:
        await self._batches.finish()
        for executor in (self._readers, self._writer):
            await asyncio.to_thread(executor.shutdown)
        while self._opened:
            self._opened.pop().close()
        self._lock.release()

    async def ping(self) -> None:
        await self._read("SELECT 1 FROM documents LIMIT 1")

    async def apply(self, tenant: str, change: Change) -> bool:
        return await self._batches.apply(tenant, change)

    async def document(self, tenant: str, document_id: UUID) -> StoredDocument | None:
        rows = await self._read(
            "SELECT id, version, state FROM documents WHERE tenant = ? AND id = ?", tenant, document_id.bytes
        )
        return _document(rows[0]) if rows else None

    async def documents(
        self, tenant: str, query: DocumentQuery, *, after: Position | None = None, limit: int = 50
    ) -> list[StoredDocument]:
        asked = document_question(tenant, query)
        rows = await self._run(self._readers, lambda: self._planner.documents(self._connection(), asked, after, limit))
        return [_document(row) for row in rows]

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
        return await self._run(self._readers, lambda: self._planner.invoices(self._connection(), asked, after, limit))

    async def invoices_by_id(self, tenant: str, document_ids: Sequence[UUID]) -> list[StoredInvoice]:
        def select() -> list[StoredInvoice]:
            connection = self._connection()
            found = (_invoice(connection, tenant, document_id) for document_id in document_ids)
            return [invoice for invoice in found if invoice]

        return await self._run(self._readers, select)

    async def accounts(self, tenant: str, seller: str) -> dict[str, datetime]:
        sql = "SELECT account, since FROM seller_accounts WHERE tenant = ? AND seller = ?"
        return {account: moment(since) for account, since in await self._read(sql, tenant, seller)}

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

    async def _write(self, changes: Sequence[TenantChange]) -> Sequence[bool]:
        return await self._run(self._writer, partial(self._apply_all, changes))

    def _apply_all(self, changes: Sequence[TenantChange]) -> list[bool]:
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
        self._lock.share()
        with closing(sqlite3.connect(self._path)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        if 0 < version < VERSION:
            self._lock.own()
            upgrade(self._path, version)
            self._lock.share()
        writer = self._connection()
        writer.execute(f"PRAGMA cache_size = -{self._writer_cache_mib * 1024}")
        writer.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        # What is overwritten anyway is not overwritten with zeros first.
        writer.execute("PRAGMA secure_delete = FAST")
        prepare(writer, str(self._path))

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
            connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
            self._local.connection = connection
        return connection


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname in {"SQLITE_CORRUPT", "SQLITE_NOTADB"}:
            raise UnavailableError(
                "read_model_damaged",
                f"The read model's file is damaged: {error}. Stop the service, make it anew by `rebuild`, and start again.",
            ) from error
        if not isinstance(error, sqlite3.OperationalError):
            raise
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
