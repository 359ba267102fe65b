"""The read model in one SQLite file: the embedded default."""

from invoiceflow_query.adapters.sqlite.store import SqliteReadModel

__all__ = ["SqliteReadModel"]
