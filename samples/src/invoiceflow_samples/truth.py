"""The row of ``truth.jsonl`` that says what a sample holds, in the form that the evaluation scores."""

from decimal import Decimal
from typing import Any

from invoiceflow_contracts.invoice import Invoice, InvoiceType
from invoiceflow_samples.fiction import Fiction
from invoiceflow_samples.sample import Kind
from invoiceflow_samples.sheet import Sheet

__all__ = ["truth_row"]

_LICENCE = "Apache-2.0"


def _number(value: Decimal | None) -> str | None:
    if value is None:
        return None
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _money(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _lines(invoice: Invoice, *, quantity: bool) -> list[dict[str, Any]]:
    return [
        {
            "description": (line.description or "").partition("\n")[0],
            "quantity": _number(line.quantity) if quantity else None,
            "unit_price": _number(line.unit_price) if quantity else None,
            "line_total": _money(line.net),
            "tax_rate": _number(line.tax_rate),
        }
        for line in invoice.lines
    ]


def _facts(invoice: Invoice) -> dict[str, Any]:
    totals = invoice.totals
    return {
        "invoice_number": invoice.number,
        "type_code": "381" if invoice.type is InvoiceType.CREDIT_NOTE else "380",
        "issue_date": invoice.issue_date.isoformat() if invoice.issue_date else None,
        "due_date": invoice.due_date.isoformat() if invoice.due_date else None,
        "seller_name": invoice.seller.name,
        "seller_vat_id": invoice.seller.vat_id,
        "seller_country": invoice.seller.address.country,
        "buyer_name": invoice.buyer.name,
        "buyer_vat_id": invoice.buyer.vat_id,
        "buyer_country": invoice.buyer.address.country,
        "currency": invoice.currency,
        "order_reference": invoice.purchase_order,
        "buyer_reference": invoice.buyer_reference,
        "line_total": _money(totals.lines_net),
        "allowance_total": _money(totals.allowances),
        "charge_total": _money(totals.charges),
        "tax_basis_total": _money(totals.net),
        "tax_total": _money(totals.tax),
        "grand_total": _money(totals.gross),
        "prepaid": _money(totals.prepaid),
        "due_payable": _money(totals.payable),
        "iban": invoice.payment.iban,
    }


def truth_row(
    name: str, kind: Kind, fiction: Fiction, *, layout: str, sheet: Sheet | None, profile: str | None
) -> dict[str, Any]:
    """One row. ``sheet`` is what the page shows, ``profile`` the specification of the e-invoice inside, if any.

    Lines carry no quantity and unit price where the page has no such column; what the page leaves out on
    document level stays in ``truth`` and is ``false`` in ``printed``.
    """
    invoice = fiction.invoice
    facts = {key: value for key, value in _facts(invoice).items() if value is not None}
    if profile:
        facts = {"profile": profile, **facts}
    facts["lines"] = _lines(invoice, quantity=sheet is None or sheet.shows_quantity)
    facts["line_count"] = len(invoice.lines)
    row: dict[str, Any] = {
        "file": f"documents/{name}",
        "kind": kind.row_kind,
        "language": fiction.language.code,
        "layout": layout,
        "licence": _LICENCE,
        "source": "invoiceflow_samples",
        "features": list(fiction.scenario.features),
        "truth": facts,
    }
    if sheet is not None:
        row["printed"] = {key: shown for key, shown in sheet.printed.items() if key in facts}
    if fiction.scenario.defect:
        row["defect"] = fiction.scenario.defect
    return row
