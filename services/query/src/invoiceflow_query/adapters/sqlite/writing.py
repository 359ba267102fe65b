"""Changes of the read model within one SQLite transaction. Names of columns are put into the text, values never."""

# ruff: noqa: S608

import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from invoiceflow_query.cross_checks import accounts_of, sellers_of
from invoiceflow_query.folding import decimal_key, fold, name_key, number_key, time_key, vat_id_key, words
from invoiceflow_query.projection import Change, DocumentState, merge, stage_of, status_of, updated_at
from invoiceflow_query.records import InvoiceRecord, InvoiceSummary, search_words, summarise

__all__ = ["SPANS", "apply_all", "day_key", "days", "finding_mark", "moment", "moment_key"]

_Terms = tuple[int | str, ...]
"""An invoice's row, its tenant, and the words of the invoice, of its seller and of its buyer."""

_TERMS = "tenant, words, seller_words, buyer_words"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


SPANS: dict[str, tuple[str, ...]] = {
    "issue_date": ("due_date", "extracted_at"),
    "due_date": ("issue_date", "extracted_at"),
    "seller_vat_id": ("seller",),
    "seller_words": ("seller",),
    "facet": ("issue_date", "due_date", "gross"),
}
"""Orders that go together with a filter; and in which range a facet's values are, of what ranges are asked for."""

_DAYS = 8


def days(day: int) -> int:
    """Return the key of the week or so around the day for ``invoice_spans``; 0 for no day."""
    return -(-day // _DAYS)


def day_key(day: date | None) -> int:
    """Return the number of the day, from 1 for 0001-01-01; 0 where there is none."""
    return day.toordinal() if day else 0


def moment_key(at: datetime) -> int:
    """Return the microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def moment(key: int) -> datetime:
    """Return the time of a ``moment_key``."""
    return _EPOCH + key * _MICROSECOND


def finding_mark(rule: str | None, severity: str | None) -> str:
    """Return the key under which invoices with such a finding are listed."""
    return f"{rule or ''}/{severity or ''}"


def apply_all(connection: sqlite3.Connection, changes: Iterable[tuple[str, Change]]) -> list[bool]:
    """Merge the changes, each with its tenant, within the open transaction; return for each whether its document is another than before."""
    batch = _Batch(connection)
    results = [batch.merge(tenant, change) for tenant, change in changes]
    batch.write()
    return results


@dataclass
class _Merged:
    """A document as it was stored, and as it is to be."""

    stored: DocumentState | None
    state: DocumentState
    version: int
    invoice: InvoiceRecord | None = None
    """The one to be written, where it is another."""


class _Batch:
    """Changes that are written together, each document once however many of them are of it.

    What is counted and what is found by words is written at the end, all at once. FTS5 gathers what is inserted and writes it at the
    next savepoint, which many other statements begin: between them each invoice would become a segment of the
    index by itself, and all of them would have to be merged time and again.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._documents: dict[tuple[str, bytes], _Merged] = {}
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._facets: dict[tuple[str, str, str, int], int] = {}
        self._facet_counts: Counter[int] = Counter()
        self._spans: dict[tuple[str, str, str, Any], tuple[Any, Any]] = {}
        self._accounts: dict[tuple[str, str, str], int] = {}
        self._forgotten: list[_Terms] = []
        self._terms: list[_Terms] = []

    def merge(self, tenant: str, change: Change) -> bool:
        """Merge ``change`` into its document; return whether that is another than before."""
        if change.invoice:
            self._name_accounts(tenant, change.invoice)
        document = self._document(tenant, change.document_id.bytes)
        after = merge(document.state, change.state)
        if document.version and after == document.state:
            return False
        document.state = after
        document.version += 1
        if change.invoice:
            # It is the newest: an older one would have left the state as it was.
            document.invoice = change.invoice
        return True

    def write(self) -> None:
        """Write what was merged."""
        for (tenant, document_id), document in self._documents.items():
            if document.stored is None or document.state != document.stored:
                self._write_document(tenant, document_id, document)
        self._connection.executemany(
            """
            INSERT INTO document_counts (tenant, status, needs_review, documents) VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET documents = documents + excluded.documents
            """,
            [(*kind, count) for kind, count in self._counts.items() if count],
        )
        self._connection.executemany(
            "UPDATE invoice_facets SET invoices = invoices + ? WHERE facet = ?",
            [(count, facet) for facet, count in self._facet_counts.items() if count],
        )
        self._connection.executemany(
            """
            INSERT INTO invoice_spans VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET least = min(least, excluded.least), greatest = max(greatest, excluded.greatest)
            WHERE excluded.least < least OR excluded.greatest > greatest
            """,
            [(*key, *span) for key, span in self._spans.items()],
        )
        self._connection.executemany(
            """
            INSERT INTO seller_accounts VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET since = excluded.since WHERE excluded.since < since
            """,
            [(*key, since) for key, since in self._accounts.items()],
        )
        # An external-content index has to be told what to forget.
        self._connection.executemany(
            f"INSERT INTO invoice_terms (invoice_terms, rowid, {_TERMS}) VALUES ('delete', ?, ?, ?, ?, ?)",
            self._forgotten,
        )
        self._connection.executemany(f"INSERT INTO invoice_terms (rowid, {_TERMS}) VALUES (?, ?, ?, ?, ?)", self._terms)

    def _document(self, tenant: str, document_id: bytes) -> _Merged:
        known = self._documents.get((tenant, document_id))
        if known is None:
            row = self._connection.execute(
                "SELECT version, state FROM documents WHERE tenant = ? AND id = ?", (tenant, document_id)
            ).fetchone()
            stored = DocumentState.model_validate_json(row[1]) if row else None
            known = _Merged(stored, stored or DocumentState(), row[0] if row else 0)
            self._documents[tenant, document_id] = known
        return known

    def _write_document(self, tenant: str, document_id: bytes, document: _Merged) -> None:
        stored, state = document.stored, document.state
        status = status_of(state)
        self._connection.execute(
            """
            INSERT INTO documents (tenant, id, version, status, stage, filename, received_at, updated_at, state)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (tenant, id) DO UPDATE SET
                version = excluded.version, status = excluded.status, stage = excluded.stage,
                filename = excluded.filename, received_at = excluded.received_at,
                updated_at = excluded.updated_at, state = excluded.state
            """,
            (
                tenant,
                document_id,
                document.version,
                status,
                stage_of(state),
                fold(state.filename or ""),
                time_key(state.uploaded.at) if state.uploaded else "",
                time_key(updated_at(state)),
                state.model_dump_json(exclude_defaults=True),
            ),
        )
        if stored:
            self._counts[tenant, status_of(stored), _review(stored)] -= 1
        self._counts[tenant, status, _review(state)] += 1
        filename = state.filename
        if document.invoice:
            if stored and stored.extracted:
                self._forget(tenant, document_id)
            self._write_invoice(tenant, document.invoice, filename)
        elif stored and stored.extracted and stored.filename != filename:
            self._rename(tenant, document_id, filename)

    def _write_invoice(self, tenant: str, record: InvoiceRecord, filename: str | None) -> None:
        execute = self._connection.execute
        summary = summarise(record).model_copy(update={"filename": filename})
        columns = {**_columns(tenant, summary), "facet": self._facet(tenant, summary)}
        names, values = ", ".join(columns), ", ".join(f":{name}" for name in columns)
        renewed = ", ".join(f"{name} = excluded.{name}" for name in columns)
        (row,) = execute(
            f"INSERT INTO invoices ({names}) VALUES ({values}) "
            f"ON CONFLICT (tenant, id) DO UPDATE SET {renewed} RETURNING row",
            columns,
        ).fetchone()
        seller_words = words(summary.seller.name or "")
        self._widen_spans(tenant, columns, seller_words)
        terms = (
            row,
            tenant,
            _spaced(search_words(record.invoice)),
            _spaced(seller_words),
            _spaced(words(summary.buyer.name or "")),
        )
        execute(f"INSERT INTO invoice_words (row, {_TERMS}) VALUES (?, ?, ?, ?, ?)", terms)
        self._terms.append(terms)
        self._connection.executemany(
            "INSERT INTO invoice_findings (tenant, mark, row) VALUES (?, ?, ?)",
            [(tenant, mark, row) for mark in sorted(_marks(summary))],
        )
        # The summary is whole, since it is what the API answers with; in the record, what is missing says the same as null.
        execute("INSERT OR REPLACE INTO invoice_summaries VALUES (?, ?)", (row, summary.model_dump_json()))
        execute(
            "INSERT OR REPLACE INTO invoice_records VALUES (?, ?)", (row, record.model_dump_json(exclude_none=True))
        )

    def _widen_spans(self, tenant: str, columns: dict[str, str | int | bytes], seller_words: list[str]) -> None:
        for filtered, orders in SPANS.items():
            keys: list[Any]
            match filtered:
                case "seller_words":
                    keys = seller_words
                case "seller_vat_id" | "facet":
                    keys = [columns[filtered]]
                case _:
                    keys = [days(cast("int", columns[filtered]))]
            for order in orders:
                value: Any = columns[order]
                for key in keys:
                    least, greatest = self._spans.get((tenant, filtered, order, key), (value, value))
                    self._spans[tenant, filtered, order, key] = min(least, value), max(greatest, value)

    def _name_accounts(self, tenant: str, record: InvoiceRecord) -> None:
        at = moment_key(record.extracted_at)
        for seller in sellers_of(record.invoice):
            for account in accounts_of(record.invoice):
                key = (tenant, seller, account)
                self._accounts[key] = min(at, self._accounts.get(key, at))

    def _facet(self, tenant: str, summary: InvoiceSummary) -> int:
        """Count the invoice in its facet, which is made where it is the first of its kind; return the facet."""
        kind = (tenant, summary.type.value, summary.currency or "", int(summary.needs_review))
        facet = self._facets.get(kind)
        if facet is None:
            self._connection.execute(
                "INSERT OR IGNORE INTO invoice_facets (tenant, type, currency, needs_review, invoices) VALUES (?, ?, ?, ?, 0)",
                kind,
            )
            found: int = self._connection.execute(
                "SELECT facet FROM invoice_facets WHERE tenant = ? AND type = ? AND currency = ? AND needs_review = ?",
                kind,
            ).fetchone()[0]
            facet = self._facets[kind] = found
        self._facet_counts[facet] += 1
        return facet

    def _forget(self, tenant: str, document_id: bytes) -> None:
        """Take the invoice that stood until now out of what it was found by and counted in."""
        *terms, summary, facet = self._connection.execute(
            f"""
            SELECT row, {_TERMS}, summary, facet
            FROM invoices JOIN invoice_words USING (row, tenant) JOIN invoice_summaries USING (row)
            WHERE tenant = ? AND id = ?
            """,
            (tenant, document_id),
        ).fetchone()
        row, *_ = terms
        self._forgotten.append(tuple(terms))
        self._connection.execute("DELETE FROM invoice_words WHERE row = ?", (row,))
        self._connection.executemany(
            "DELETE FROM invoice_findings WHERE tenant = ? AND mark = ? AND row = ?",
            [(tenant, mark, row) for mark in _marks(InvoiceSummary.model_validate_json(summary))],
        )
        self._facet_counts[facet] -= 1

    def _rename(self, tenant: str, document_id: bytes, filename: str | None) -> None:
        """Show the invoice under another file name: its upload became known after the invoice."""
        row, text = self._connection.execute(
            "SELECT row, summary FROM invoices JOIN invoice_summaries USING (row) WHERE tenant = ? AND id = ?",
            (tenant, document_id),
        ).fetchone()
        summary = InvoiceSummary.model_validate_json(text).model_copy(update={"filename": filename})
        self._connection.execute(
            "UPDATE invoice_summaries SET summary = ? WHERE row = ?", (summary.model_dump_json(), row)
        )


def _review(state: DocumentState) -> int:
    return int(state.extracted is not None and state.extracted.needs_review)


def _spaced(text: list[str]) -> str:
    """Return the words with a space before each."""
    return " ".join(["", *text])


def _columns(tenant: str, summary: InvoiceSummary) -> dict[str, str | int | bytes]:
    return {
        "tenant": tenant,
        "id": summary.id.bytes,
        "number": number_key(summary.number) or "",
        "issue_date": day_key(summary.issue_date),
        "due_date": day_key(summary.due_date),
        "seller": name_key(summary.seller.name) or "",
        "seller_vat_id": vat_id_key(summary.seller.vat_id) or "",
        "gross": "" if summary.gross is None else decimal_key(summary.gross),
        "extracted_at": moment_key(summary.extracted_at),
    }


def _marks(summary: InvoiceSummary) -> set[str]:
    return {
        mark
        for finding in summary.findings
        for mark in (
            finding_mark(finding.rule, None),
            finding_mark(None, finding.severity),
            finding_mark(finding.rule, finding.severity),
        )
    }
