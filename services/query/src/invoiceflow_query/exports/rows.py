"""Invoices and their lines as rows of a table."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from invoiceflow_query.ports import StoredInvoice

__all__ = ["INVOICE_COLUMNS", "LINE_COLUMNS", "Cell", "invoice_row", "line_rows"]

Cell = str | Decimal | date | bool | int | float | None

INVOICE_COLUMNS = (
    "id",
    "filename",
    "number",
    "type",
    "issue_date",
    "due_date",
    "currency",
    "seller_name",
    "seller_vat_id",
    "buyer_name",
    "buyer_vat_id",
    "purchase_order",
    "buyer_reference",
    "iban",
    "lines_net",
    "allowances",
    "charges",
    "net",
    "tax",
    "gross",
    "prepaid",
    "payable",
    "lines",
    "confidence",
    "needs_review",
    "findings",
    "extracted_at",
)

LINE_COLUMNS = (
    "invoice_id",
    "invoice_number",
    "position",
    "id",
    "description",
    "item_code",
    "quantity",
    "unit",
    "unit_price",
    "discount",
    "net",
    "tax_rate",
    "tax_category",
)


def invoice_row(stored: StoredInvoice) -> tuple[Cell, ...]:
    """Return the cells of ``INVOICE_COLUMNS``; findings as their rules, each once."""
    record, invoice, totals = stored.record, stored.record.invoice, stored.record.invoice.totals
    return (
        str(record.document_id),
        stored.filename,
        invoice.number,
        invoice.type.value,
        invoice.issue_date,
        invoice.due_date,
        invoice.currency,
        invoice.seller.name,
        invoice.seller.vat_id,
        invoice.buyer.name,
        invoice.buyer.vat_id,
        invoice.purchase_order,
        invoice.buyer_reference,
        invoice.payment.iban,
        totals.lines_net,
        totals.allowances,
        totals.charges,
        totals.net,
        totals.tax,
        totals.gross,
        totals.prepaid,
        totals.payable,
        len(invoice.lines),
        record.confidence,
        record.needs_review,
        " ".join(dict.fromkeys(finding.rule for finding in record.findings)),
        record.extracted_at.isoformat(),
    )


def line_rows(stored: StoredInvoice) -> Iterator[tuple[Cell, ...]]:
    """Yield the cells of ``LINE_COLUMNS`` for each line; ``position`` counts from 1."""
    record = stored.record
    for position, line in enumerate(record.invoice.lines, start=1):
        yield (
            str(record.document_id),
            record.invoice.number,
            position,
            line.id,
            line.description,
            line.item_code,
            line.quantity,
            line.unit,
            line.unit_price,
            line.discount,
            line.net,
            line.tax_rate,
            line.tax_category,
        )
