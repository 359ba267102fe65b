"""The file of the read model: who uses it, and how another takes its place."""

import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from itertools import islice
from pathlib import Path
from uuid import UUID

from invoiceflow_chassis.errors import InvoiceflowError, UnavailableError
from invoiceflow_query.adapters.sqlite import schema
from invoiceflow_query.adapters.sqlite.writing import apply_all
from invoiceflow_query.projection import Change, DocumentState
from invoiceflow_query.records import InvoiceRecord

__all__ = ["FileLock", "beside", "put_in_place", "replacing", "tenants_in", "upgrade"]

KEPT = {
    1: """
        SELECT d.tenant, d.id, d.state, r.record FROM documents d
        LEFT JOIN invoices i ON i.tenant = d.tenant AND i.id = d.id LEFT JOIN invoice_records r ON r.row = i.row
    """,
    2: """
        SELECT d.tenant, lower(hex(d.id)), d.state, r.record FROM documents d
        LEFT JOIN invoices i ON i.tenant = d.tenant AND i.id = d.id LEFT JOIN invoice_records r ON r.row = i.row
    """,
}
"""How a file of each version gives the states and invoices that everything else in it is made from."""

CHANGES_AT_ONCE = 500


class FileLock:
    """The operating system's lock beside the file, which it lets go of however the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock: int | None = None

    def share(self) -> None:
        """Use the file beside others who use it.

        Raises:
            UnavailableError: somebody is replacing it.
        """
        if not self._take(fcntl.LOCK_SH):
            raise UnavailableError("read_model_unavailable", f"{self._path} is being made anew. Try again in a moment.")

    def own(self) -> None:
        """Use the file alone.

        Raises:
            InvoiceflowError: others use it.
        """
        if not self._take(fcntl.LOCK_EX):
            raise InvoiceflowError(
                "read_model_in_use", f"Another process uses {self._path}. Stop it, then run this again."
            )

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take(self, kind: int) -> bool:
        if self._lock is None:
            self._lock = os.open(beside(self._path, ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, kind | fcntl.LOCK_NB)
        except OSError:
            self.release()
            return False
        return True


@asynccontextmanager
async def replacing(path: Path) -> AsyncIterator[Path]:
    """Give the path for a new file, to be put in the place of ``path``, which nobody uses meanwhile.

    Raises:
        InvoiceflowError: somebody uses it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    lock.own()
    new = beside(path, ".new")
    try:
        _remove(new)
        yield new
    finally:
        _remove(new)
        lock.release()


def upgrade(path: Path, version: int) -> None:
    """Make a file of this version from one of an older ``version``, and put it in its place. Nobody else may use it.

    Raises:
        SchemaVersionError: it is not known what that version keeps.
    """
    if version not in KEPT:
        raise schema.SchemaVersionError(str(path), version)
    new = beside(path, ".new")
    _remove(new)
    with (
        closing(sqlite3.connect(path)) as source,
        closing(sqlite3.connect(new, isolation_level=None)) as target,
    ):
        target.execute("PRAGMA synchronous = OFF")  # it counts only once it is whole
        schema.prepare(target, str(new))
        rows = source.execute(KEPT[version])
        while some := list(islice(rows, CHANGES_AT_ONCE)):
            target.execute("BEGIN")
            apply_all(
                target,
                [
                    (
                        tenant,
                        Change(
                            document_id=UUID(document_id),
                            state=DocumentState.model_validate_json(state),
                            invoice=InvoiceRecord.model_validate_json(record) if record else None,
                        ),
                    )
                    for tenant, document_id, state, record in some
                ],
            )
            target.execute("COMMIT")
    put_in_place(new, path)


def put_in_place(new: Path, path: Path) -> None:
    """Let the closed database ``new`` be ``path`` in one step. Nobody may use either."""
    # What the old one has in its log must not be taken for the new one's: into the old file with it.
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for suffix in _LOGS:
        beside(path, suffix).unlink(missing_ok=True)
    _sync(new)
    new.replace(path)
    _sync(path.parent)


def tenants_in(path: Path) -> list[str]:
    """Return whose documents are in the file; none where there is none or it is damaged."""
    if path.exists():
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as connection:
            return [tenant for (tenant,) in connection.execute("SELECT DISTINCT tenant FROM document_counts")]
    return []


_LOGS = ("-wal", "-shm", "-journal")


def beside(path: Path, suffix: str) -> Path:
    """Return the path with something behind its name."""
    return path.with_name(path.name + suffix)


def _remove(path: Path) -> None:
    for suffix in ("", *_LOGS, ".lock"):
        beside(path, suffix).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
