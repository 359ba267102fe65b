"""Changes of the read model within one SQLite transaction. Names of columns are put into the text, values never."""

# ruff: noqa: S608

import sqlite3

from invoiceflow_query.folding import decimal_key, fold, name_key, number_key, time_key, vat_id_key, words
from invoiceflow_query.projection import Change, DocumentState, merge, stage_of, status_of, updated_at
from invoiceflow_query.records import InvoiceRecord, InvoiceSummary, search_words, summarise

__all__ = ["apply", "finding_mark"]


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
    if change.invoice:
        # It is the newest: an older one would have left the state as it was.
        _write_invoice(connection, tenant, change.invoice)
    return True


def _columns(tenant: str, record: InvoiceRecord, summary: InvoiceSummary) -> dict[str, str | int]:
    def spaced(terms: list[str]) -> str:
        return "".join(f" {term}" for term in terms)

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
        "summary": summary.model_dump_json(exclude_none=True),
        "seller_words": spaced(words(summary.seller.name or "")),
        "buyer_words": spaced(words(summary.buyer.name or "")),
        "words": spaced(search_words(record.invoice)),
    }


def _write_invoice(connection: sqlite3.Connection, tenant: str, record: InvoiceRecord) -> None:
    summary = summarise(record)
    columns = _columns(tenant, record, summary)
    terms = "tenant, words, seller_words, buyer_words"
    known = connection.execute(
        f"SELECT row, {terms}, summary FROM invoices WHERE tenant = ? AND id = ?", (tenant, columns["id"])
    ).fetchone()
    names = ", ".join(columns)
    if known is None:
        row = connection.execute(
            f"INSERT INTO invoices ({names}) VALUES ({', '.join(f':{name}' for name in columns)})", columns
        ).lastrowid
    else:
        row = known[0]
        # An external-content index is told what to forget.
        connection.execute(
            f"INSERT INTO invoice_terms (invoice_terms, rowid, {terms}) VALUES ('delete', ?, ?, ?, ?, ?)", known[:5]
        )
        connection.execute(
            f"UPDATE invoices SET {', '.join(f'{name} = :{name}' for name in columns)} WHERE row = :row",
            {**columns, "row": row},
        )
        marks = _marks(InvoiceSummary.model_validate_json(known[5]))
        connection.executemany(
            "DELETE FROM invoice_findings WHERE tenant = ? AND mark = ? AND row = ?",
            [(tenant, mark, row) for mark in marks],
        )
    connection.execute(
        f"INSERT INTO invoice_terms (rowid, {terms}) VALUES (:row, :tenant, :words, :seller_words, :buyer_words)",
        {**columns, "row": row},
    )
    connection.execute(
        "INSERT OR REPLACE INTO invoice_records (row, record) VALUES (?, ?)",
        (row, record.model_dump_json(exclude_none=True)),
    )
    connection.executemany(
        "INSERT INTO invoice_findings (tenant, mark, row) VALUES (?, ?, ?)",
        [(tenant, mark, row) for mark in sorted(_marks(summary))],
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
