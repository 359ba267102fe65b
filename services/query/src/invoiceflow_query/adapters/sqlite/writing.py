"""Changes of the read model within one SQLite transaction. Names of columns are put into the text, values never."""

# ruff: noqa: S608

import sqlite3

from invoiceflow_query.folding import decimal_key, fold, name_key, number_key, time_key, vat_id_key, words
from invoiceflow_query.projection import Change, DocumentState, merge, stage_of, status_of, updated_at
from invoiceflow_query.records import InvoiceRecord, InvoiceSummary, search_words, summarise

__all__ = ["apply", "finding_mark"]

_TERMS = "tenant, words, seller_words, buyer_words"


def finding_mark(rule: str | None, severity: str | None) -> str:
    """Return the key under which invoices with such a finding are listed."""
    return f"{rule or ''}/{severity or ''}"


def apply(connection: sqlite3.Connection, tenant: str, change: Change) -> bool:
    """Merge ``change`` within the open transaction; return whether the document is another than before."""
    document_id = str(change.document_id)
    row = connection.execute(
        "SELECT version, state FROM documents WHERE tenant = ? AND id = ?", (tenant, document_id)
    ).fetchone()
    version = row[0] if row else 0
    before = DocumentState.model_validate_json(row[1]) if row else DocumentState()
    after = merge(before, change.state)
    if row and after == before:
        return False
    connection.execute(
        """
        INSERT INTO documents (tenant, id, version, status, stage, filename, received_at, updated_at, state)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (tenant, id) DO UPDATE SET
            version = excluded.version, status = excluded.status, stage = excluded.stage, filename = excluded.filename,
            received_at = excluded.received_at, updated_at = excluded.updated_at, state = excluded.state
        """,
        (
            tenant,
            document_id,
            version + 1,
            status_of(after),
            stage_of(after),
            fold(after.uploaded.filename) if after.uploaded else "",
            time_key(after.uploaded.at) if after.uploaded else "",
            time_key(updated_at(after)),
            after.model_dump_json(exclude_defaults=True),
        ),
    )
    _count(connection, tenant, before if row else None, after)
    if change.invoice:
        # It is the newest: an older one would have left the state as it was.
        _write_invoice(connection, tenant, change.invoice)
    return True


def _count(connection: sqlite3.Connection, tenant: str, before: DocumentState | None, after: DocumentState) -> None:
    was, now = _kind(before) if before else None, _kind(after)
    if was == now:
        return
    for kind, step in ((was, -1), (now, 1)):
        if kind:
            connection.execute(
                """
                INSERT INTO document_counts (tenant, status, needs_review, documents) VALUES (?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET documents = documents + excluded.documents
                """,
                (tenant, *kind, step),
            )


def _kind(state: DocumentState) -> tuple[str, int]:
    return status_of(state), int(state.extracted is not None and state.extracted.needs_review)


def _columns(tenant: str, summary: InvoiceSummary) -> dict[str, str | int]:
    return {
        "tenant": tenant,
        "id": str(summary.id),
        "number": number_key(summary.number) or "",
        "type": summary.type.value,
        "issue_date": summary.issue_date.isoformat() if summary.issue_date else "",
        "due_date": summary.due_date.isoformat() if summary.due_date else "",
        "currency": summary.currency or "",
        "seller": name_key(summary.seller.name) or "",
        "seller_vat_id": vat_id_key(summary.seller.vat_id) or "",
        "gross": "" if summary.gross is None else decimal_key(summary.gross),
        "needs_review": int(summary.needs_review),
        "extracted_at": time_key(summary.extracted_at),
    }


def _write_invoice(connection: sqlite3.Connection, tenant: str, record: InvoiceRecord) -> None:
    summary = summarise(record)
    columns = _columns(tenant, summary)
    names, values = ", ".join(columns), ", ".join(f":{name}" for name in columns)
    renewed = ", ".join(f"{name} = excluded.{name}" for name in columns)
    (row,) = connection.execute(
        f"INSERT INTO invoices ({names}) VALUES ({values}) ON CONFLICT (tenant, id) DO UPDATE SET {renewed} RETURNING row",
        columns,
    ).fetchone()
    _forget_terms(connection, tenant, row)
    texts = (search_words(record.invoice), words(summary.seller.name or ""), words(summary.buyer.name or ""))
    terms = (row, tenant, *("".join(f" {word}" for word in text) for text in texts))
    connection.execute(f"INSERT INTO invoice_words (row, {_TERMS}) VALUES (?, ?, ?, ?, ?)", terms)
    connection.execute(f"INSERT INTO invoice_terms (rowid, {_TERMS}) VALUES (?, ?, ?, ?, ?)", terms)
    connection.executemany(
        "INSERT INTO invoice_findings (tenant, mark, row) VALUES (?, ?, ?)",
        [(tenant, mark, row) for mark in sorted(_marks(summary))],
    )
    for table, shown in (("invoice_summaries", summary), ("invoice_records", record)):
        connection.execute(
            f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (row, shown.model_dump_json(exclude_none=True))
        )


def _forget_terms(connection: sqlite3.Connection, tenant: str, row: int) -> None:
    """Take out what the invoice was found by until now; nothing where it is new."""
    known = connection.execute(
        f"SELECT row, {_TERMS}, summary FROM invoice_words JOIN invoice_summaries USING (row) WHERE row = ?", (row,)
    ).fetchone()
    if known is None:
        return
    # An external-content index has to be told what to forget.
    connection.execute(
        f"INSERT INTO invoice_terms (invoice_terms, rowid, {_TERMS}) VALUES ('delete', ?, ?, ?, ?, ?)", known[:5]
    )
    connection.execute("DELETE FROM invoice_words WHERE row = ?", (row,))
    connection.executemany(
        "DELETE FROM invoice_findings WHERE tenant = ? AND mark = ? AND row = ?",
        [(tenant, mark, row) for mark in _marks(InvoiceSummary.model_validate_json(known[5]))],
    )


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
