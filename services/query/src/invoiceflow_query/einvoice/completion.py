"""What EN 16931 wants said, and what is said already by other fields of the same invoice.

Nothing is guessed here: each value follows from others by the standard's own definition, and the rules are held against the result.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from invoiceflow_contracts.invoice import AllowanceCharge, Invoice, InvoiceLine, Payment, TaxBreakdown, Totals
from invoiceflow_query.einvoice.code_lists import code_list
from invoiceflow_query.einvoice.tree import printable
from invoiceflow_query.einvoice.units import unit_code

__all__ = ["completed"]

CENT = Decimal("0.01")
EXEMPTIONS = {"AE": "VATEX-EU-AE", "G": "VATEX-EU-G", "K": "VATEX-EU-IC", "O": "VATEX-EU-O"}
"""The reason (BT-121) that each of these categories has by its definition (BR-AE-10, BR-G-10, BR-IC-10, BR-O-10)."""
CREDIT_TRANSFER, UNDEFINED_MEANS = "30", "1"
"""UNTDID 4461: what an account to pay to means, and "instrument not defined"."""


def completed(invoice: Invoice) -> Invoice:
    """Return ``invoice`` with what its other fields say as well.

    Ids of lines are their positions, units are codes, sums that are not stated are added up, a line or allowance without category
    takes the one that its rate has in the VAT breakdown, and a breakdown that is missing is made of the lines. A price below zero
    changes its sign with the quantity's (BR-27), so the line's amount stays.
    """
    invoice = _cleaned(invoice)
    rows = tuple(_categorised(row, invoice) for row in invoice.taxes)
    lines = tuple(_line(line, position, rows) for position, line in enumerate(invoice.lines, 1))
    adjustments = tuple(_taxed(each, rows) for each in invoice.allowances_charges)
    if not rows:
        rows = _breakdown(lines, adjustments)
    rows = tuple(_row(row, lines, adjustments, single=len(rows) == 1, total=invoice.totals.tax) for row in rows)
    return invoice.model_copy(
        update={
            "lines": lines,
            "allowances_charges": adjustments,
            "taxes": rows,
            "totals": _totals(invoice.totals, lines, adjustments, rows),
            "payment": _payment(invoice.payment),
        }
    )


def _cleaned(invoice: Invoice) -> Invoice:
    """Return the invoice without what XML cannot carry; a text of nothing else is no text."""
    return Invoice.model_validate(_clean(invoice.model_dump()))


def _clean(value: object) -> object:
    if isinstance(value, str):
        return printable(value) or None
    if isinstance(value, dict):
        return {name: _clean(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return tuple(each for each in map(_clean, value) if each is not None)
    return value


def _total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum, or None where one of the amounts is missing."""
    total = Decimal(0)
    for each in amounts:
        if each is None:
            return None
        total += each
    return total


def _categorised(row: TaxBreakdown, invoice: Invoice) -> TaxBreakdown:
    if row.category is not None or row.rate is None:
        return row
    if row.rate > 0:
        return row.model_copy(update={"category": "S"})
    taxed: tuple[InvoiceLine | AllowanceCharge, ...] = (*invoice.lines, *invoice.allowances_charges)
    known = {each.tax_category for each in taxed if each.tax_rate == 0 and each.tax_category}
    return row.model_copy(update={"category": known.pop()}) if len(known) == 1 else row


def _tax_of(category: str | None, rate: Decimal | None, rows: tuple[TaxBreakdown, ...]) -> dict[str, object]:
    """Return category and rate of a line, as far as they are stated or the breakdown leaves no choice."""
    fitting = [row for row in rows if category in {None, row.category} and (rate is None or rate == row.rate)]
    choices = {(row.category, row.rate) for row in fitting}
    if len(choices) == 1:
        category, rate = choices.pop()
    elif category is None and rate is not None and rate > 0:
        category = "S"
    return {"tax_category": category, "tax_rate": rate}


def _line(line: InvoiceLine, position: int, rows: tuple[TaxBreakdown, ...]) -> InvoiceLine:
    update: dict[str, object] = {
        "id": line.id or str(position),
        "unit": unit_code(line.unit),
        **_tax_of(line.tax_category, line.tax_rate, rows),
    }
    if line.unit_price is not None and line.unit_price < 0 and line.quantity is not None:
        update |= {"unit_price": -line.unit_price, "quantity": -line.quantity}
    return line.model_copy(update=update)


def _taxed(adjustment: AllowanceCharge, rows: tuple[TaxBreakdown, ...]) -> AllowanceCharge:
    return adjustment.model_copy(update=_tax_of(adjustment.tax_category, adjustment.tax_rate, rows))


def _basis(
    category: str | None,
    rate: Decimal | None,
    lines: tuple[InvoiceLine, ...],
    adjustments: tuple[AllowanceCharge, ...],
) -> Decimal | None:
    """Return the taxable amount of a category and rate (BT-116) as the sum of what has it."""
    amounts: list[Decimal | None] = [
        line.net for line in lines if (line.tax_category, line.tax_rate) == (category, rate)
    ]
    amounts += [
        each.amount if each.is_charge else -each.amount
        for each in adjustments
        if (each.tax_category, each.tax_rate) == (category, rate)
    ]
    return _total(amounts) if amounts else None


def _breakdown(lines: tuple[InvoiceLine, ...], adjustments: tuple[AllowanceCharge, ...]) -> tuple[TaxBreakdown, ...]:
    taxed: tuple[InvoiceLine | AllowanceCharge, ...] = (*lines, *adjustments)
    kinds = dict.fromkeys((each.tax_category, each.tax_rate) for each in taxed)
    return tuple(
        TaxBreakdown(category=category, rate=rate) for category, rate in kinds if category and rate is not None
    )


def _row(
    row: TaxBreakdown,
    lines: tuple[InvoiceLine, ...],
    adjustments: tuple[AllowanceCharge, ...],
    *,
    single: bool,
    total: Decimal | None,
) -> TaxBreakdown:
    basis = row.basis if row.basis is not None else _basis(row.category, row.rate, lines, adjustments)
    tax = row.amount
    if tax is None and single and total is not None:
        tax = total
    if tax is None and basis is not None and row.rate is not None:
        tax = (basis * row.rate / 100).quantize(CENT, ROUND_HALF_UP)
    reason = row.exemption_reason or EXEMPTIONS.get(row.category or "")
    return row.model_copy(update={"basis": basis, "amount": tax, "exemption_reason": reason})


def _totals(
    totals: Totals,
    lines: tuple[InvoiceLine, ...],
    adjustments: tuple[AllowanceCharge, ...],
    rows: tuple[TaxBreakdown, ...],
) -> Totals:
    """Return the totals by their definitions: BT-106 to BT-110, BT-112 and BT-115."""
    known = dict(totals)
    known["lines_net"] = totals.lines_net if totals.lines_net is not None else _total(line.net for line in lines)
    for name, is_charge in (("allowances", False), ("charges", True)):
        if known[name] is None and (amounts := [each.amount for each in adjustments if each.is_charge is is_charge]):
            known[name] = _total(amounts)
    zero = Decimal(0)
    if known["net"] is None and known["lines_net"] is not None:
        known["net"] = known["lines_net"] - (known["allowances"] or zero) + (known["charges"] or zero)
    if known["tax"] is None:
        known["tax"] = _total(row.amount for row in rows) if rows else None
    if known["gross"] is None:
        known["gross"] = _total((known["net"], known["tax"]))
    if known["payable"] is None and known["gross"] is not None:
        known["payable"] = known["gross"] - (known["prepaid"] or zero) + (known["rounding"] or zero)
    return Totals.model_validate(known)


def _payment(payment: Payment) -> Payment:
    """Return the payment with a code for its means (BT-81), which whatever else is said of it needs (BR-49)."""
    if payment == Payment() or payment.means in code_list("payment_means"):
        return payment
    return payment.model_copy(update={"means": CREDIT_TRANSFER if payment.iban else UNDEFINED_MEANS})
