"""Tables and indexes of the read model in SQLite.

In every index the id follows the order, which breaks ties: a page of a list is then one walk along an index from the position where the
page before ended. The days after it are there to be tested on the way, without a look at the invoice. What has no value is the empty text or 0, which sorts below every value, so that positions can be
compared as rows. Ids are their 16 bytes, whose order is that of their text; days of invoices are counted from 0001-01-01,
and moments in microseconds from 1970: an index entry is then half as long as with text, and so is what is written for it.

``invoices`` holds nothing but what is filtered and sorted by: some thousands of its rows may be looked at for one page, and so
narrow they lie on few disk pages. What is shown of an invoice stands in tables of its own; its summary is the text that the
API answers with, so that a list is made without decoding anything.

The three filters with few values (type, currency, review) make a facet of each combination that occurs in a tenant. There are
some dozens. A list filtered by any of them, in any order, is the merge of as many walks, each along the index of that order within one facet.

Some filters go together with some orders: last month's invoices are due soon, and all of a seller have its name.
``invoice_spans`` keeps between which values of the column ``sorted`` all invoices are whose ``filtered`` has the value ``key``, so
that a walk begins and ends there. Spans only ever widen: they may hold more than the invoices that meet the filter, never less.

``seller_accounts`` keeps the accounts that invoices of a seller have ever named, and since when: a time only ever becomes earlier.

Documents are counted as they change: to count them afterwards SQLite reads an index entry of every one.

Search terms are kept twice. The FTS5 index finds few among many; ``invoice_words``, with a space before each word, tests an
invoice that a walk in the order of the list has come to, which is faster where a term is in a large part of all
invoices. Its tokenizer is ``ascii``: the text is folded and cut into words already, in the same way as for every other store.
"""

import sqlite3

from invoiceflow_chassis.errors import InvoiceflowError

__all__ = ["SchemaVersionError", "prepare"]

VERSION = 3

SCHEMA = """
CREATE TABLE documents (
    row INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    stage TEXT NOT NULL,
    filename TEXT NOT NULL,
    received_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    state TEXT NOT NULL,
    UNIQUE (tenant, id)
) STRICT;
CREATE INDEX documents_by_receipt ON documents (tenant, received_at, id);
CREATE INDEX documents_by_update ON documents (tenant, updated_at, id);
CREATE INDEX documents_by_filename ON documents (tenant, filename, id);
CREATE INDEX documents_by_status ON documents (tenant, status, received_at, id);
CREATE INDEX documents_by_stage ON documents (tenant, stage, received_at, id);
CREATE INDEX documents_unfinished ON documents (tenant, id) WHERE status IN ('received', 'processing');

CREATE TABLE document_counts (
    tenant TEXT NOT NULL,
    status TEXT NOT NULL,
    needs_review INTEGER NOT NULL,
    documents INTEGER NOT NULL,
    PRIMARY KEY (tenant, status, needs_review)
) STRICT, WITHOUT ROWID;

CREATE TABLE invoice_facets (
    facet INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    type TEXT NOT NULL,
    currency TEXT NOT NULL,
    needs_review INTEGER NOT NULL,
    invoices INTEGER NOT NULL,
    UNIQUE (tenant, type, currency, needs_review)
) STRICT;

CREATE TABLE invoices (
    row INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    facet INTEGER NOT NULL REFERENCES invoice_facets,
    number TEXT NOT NULL,
    issue_date INTEGER NOT NULL,
    due_date INTEGER NOT NULL,
    seller TEXT NOT NULL,
    seller_vat_id TEXT NOT NULL,
    gross TEXT NOT NULL,
    extracted_at INTEGER NOT NULL,
    UNIQUE (tenant, id)
) STRICT;
CREATE INDEX invoices_by_issue_date ON invoices (tenant, issue_date, id, due_date);
CREATE INDEX invoices_by_due_date ON invoices (tenant, due_date, id, issue_date);
CREATE INDEX invoices_by_gross ON invoices (tenant, gross, id, issue_date, due_date);
CREATE INDEX invoices_by_number ON invoices (tenant, number, id, issue_date, due_date);
CREATE INDEX invoices_by_seller ON invoices (tenant, seller, id, issue_date, due_date);
CREATE INDEX invoices_by_extracted_at ON invoices (tenant, extracted_at, id, issue_date, due_date);
CREATE INDEX invoices_by_seller_vat_id ON invoices (tenant, seller_vat_id, issue_date, id);
CREATE INDEX invoices_of_facet_by_issue_date ON invoices (facet, issue_date, id, due_date);
CREATE INDEX invoices_of_facet_by_due_date ON invoices (facet, due_date, id, issue_date);
CREATE INDEX invoices_of_facet_by_gross ON invoices (facet, gross, id, issue_date, due_date);
CREATE INDEX invoices_of_facet_by_number ON invoices (facet, number, id, issue_date, due_date);
CREATE INDEX invoices_of_facet_by_seller ON invoices (facet, seller, id, issue_date, due_date);
CREATE INDEX invoices_of_facet_by_extracted_at ON invoices (facet, extracted_at, id, issue_date, due_date);

CREATE TABLE invoice_spans (
    tenant TEXT NOT NULL,
    filtered TEXT NOT NULL,
    sorted TEXT NOT NULL,
    key ANY NOT NULL,
    least ANY NOT NULL,
    greatest ANY NOT NULL,
    PRIMARY KEY (tenant, filtered, sorted, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE invoice_words (
    row INTEGER PRIMARY KEY REFERENCES invoices,
    tenant TEXT NOT NULL,
    words TEXT NOT NULL,
    seller_words TEXT NOT NULL,
    buyer_words TEXT NOT NULL
) STRICT;

CREATE TABLE invoice_summaries (row INTEGER PRIMARY KEY REFERENCES invoices, summary TEXT NOT NULL) STRICT;
CREATE TABLE invoice_records (row INTEGER PRIMARY KEY REFERENCES invoices, record TEXT NOT NULL) STRICT;

CREATE TABLE invoice_findings (
    tenant TEXT NOT NULL,
    mark TEXT NOT NULL,
    row INTEGER NOT NULL REFERENCES invoices,
    PRIMARY KEY (tenant, mark, row)
) STRICT, WITHOUT ROWID;

CREATE TABLE seller_accounts (
    tenant TEXT NOT NULL,
    seller TEXT NOT NULL,
    account TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (tenant, seller, account)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE invoice_terms USING fts5 (
    tenant, words, seller_words, buyer_words,
    content = 'invoice_words', content_rowid = 'row', tokenize = "ascii tokenchars '-'",
    prefix = '1 2 3', detail = column, columnsize = 0
);
"""


class SchemaVersionError(InvoiceflowError):
    """The file was written by another version of the service."""

    def __init__(self, path: str, found: int) -> None:
        super().__init__(
            "read_model_version",
            f"{path} has schema version {found}, this program knows version {VERSION}. "
            "Use the program that wrote it, or move the file away: it is made anew from the events.",
        )


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Create the tables in a new file.

    Raises:
        SchemaVersionError: the file has another version of them.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            for statement in SCHEMA.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    if found not in {0, VERSION}:
        raise SchemaVersionError(path, found)
