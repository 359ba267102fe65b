"""What EN 16931 wants said, and what is said already by other fields of the same invoice.

Nothing is guessed here: each value follows from others by the standard's own definition, and the rules are held against the result.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from invoiceflow_contracts.invoice import (
    AllowanceCharge,
    Delivery,
    Invoice,
    InvoiceLine,
    Party,
    Payment,
    PrecedingInvoice,
    TaxBreakdown,
    Totals,
)
from invoiceflow_query.einvoice.cleaning import cleaned
from invoiceflow_query.einvoice.code_lists import code_list
from invoiceflow_query.einvoice.line_completion import completed_line, reason_of, tax_of
from invoiceflow_query.einvoice.specification import DISCOUNT, OTHER_CHARGE, SPECIFICATION
from invoiceflow_query.einvoice.types import type_code

__all__ = ["completed"]

CENT = Decimal("0.01")
EXEMPTIONS = {"AE": "VATEX-EU-AE", "G": "VATEX-EU-G", "K": "VATEX-EU-IC", "O": "VATEX-EU-O"}
"""The reason (BT-121) that each of these categories has by its definition (BR-AE-10, BR-G-10, BR-IC-10, BR-O-10)."""
CREDIT_TRANSFER, DIRECT_DEBIT, UNDEFINED_MEANS = "30", "49", "1"
"""UNTDID 4461: what an account to pay to means, what a mandate means, and "instrument not defined"."""


def completed(invoice: Invoice) -> Invoice:
    """Return ``invoice`` with what its other fields say as well, and without what EN 16931 has no place for.

    Ids of lines are their positions, units are codes, sums that are not stated are added up, a line or allowance without category
    takes the one that its rate has in the VAT breakdown, and a breakdown that is missing is made of the lines. A price below zero
    changes its sign with the quantity's (BR-27), so the line's amount stays.
    """
    invoice = cleaned(invoice)
    rows = tuple(_categorised(row, invoice) for row in invoice.taxes)
    lines = tuple(completed_line(line, position, rows) for position, line in enumerate(invoice.lines, 1))
    adjustments = tuple(
        each.model_copy(update={**tax_of(each.tax_category, each.tax_rate, rows), **reason_of(each)})
        for each in invoice.allowances_charges
    )
    adjustments += _adjustments(invoice.totals, adjustments, rows)
    if not rows:
        rows = _breakdown(lines, adjustments)
    rows = tuple(_row(row, lines, adjustments, single=len(rows) == 1, total=invoice.totals.tax) for row in rows)
    return invoice.model_copy(
        update={
            **_header(invoice),
            "lines": lines,
            "allowances_charges": adjustments,
            "taxes": rows,
            "totals": _totals(invoice, lines, adjustments, rows),
            "payment": _payment(invoice.payment),
        }
    )


def _header(invoice: Invoice) -> dict[str, object]:
    preceding = invoice.preceding_invoices
    if not preceding and invoice.preceding_invoice:
        preceding = (PrecedingInvoice(number=invoice.preceding_invoice),)
    return {
        "type_code": invoice.type_code or type_code(invoice.type),
        "specification": SPECIFICATION,
        "tax_currency": _tax_currency(invoice),
        "preceding_invoices": preceding,
        "preceding_invoice": preceding[0].number if preceding else None,
        "seller": _party(invoice.seller),
        "buyer": _party(invoice.buyer, identifiers=1).model_copy(update={"tax_id": None, "legal_information": None}),
        "payee": _payee(invoice.payee),
        "tax_representative": _representative(invoice.tax_representative),
        "delivery": invoice.delivery if invoice.delivery != Delivery() else None,
        "supporting_documents": tuple(
            each.model_copy(update={"filename": None, "media_type": None}) for each in invoice.supporting_documents
        ),
    }


def _tax_currency(invoice: Invoice) -> str | None:
    """Return the currency that the VAT is accounted in (BT-6), where it is another than the invoice's."""
    return invoice.tax_currency if invoice.tax_currency != invoice.currency else None


def _party(party: Party, *, identifiers: int | None = None) -> Party:
    """Return a party with as many identifiers as its kind may have, those without a scheme first as CII has them."""
    return party.model_copy(
        update={
            "identifiers": tuple(sorted(party.identifiers, key=lambda each: each.scheme is not None))[:identifiers],
            "registration_scheme": party.registration_scheme if party.registration_id else None,
        }
    )


def _payee(payee: Party | None) -> Party | None:
    if payee is None or payee == Party():
        return None
    kept = _party(payee, identifiers=1)
    return Party(
        name=kept.name,
        identifiers=kept.identifiers,
        registration_id=kept.registration_id,
        registration_scheme=kept.registration_scheme,
    )


def _representative(party: Party | None) -> Party | None:
    if party is None or party == Party():
        return None
    return Party(name=party.name, address=party.address, vat_id=party.vat_id)


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


def _adjustments(
    totals: Totals, known: tuple[AllowanceCharge, ...], rows: tuple[TaxBreakdown, ...]
) -> tuple[AllowanceCharge, ...]:
    """Return the allowance and the charge that a total alone tells of (BT-107, BT-108), where all is taxed alike."""
    if len(rows) != 1:
        return ()
    (row,) = rows
    return tuple(
        AllowanceCharge(
            is_charge=is_charge,
            amount=total,
            reason_code=OTHER_CHARGE if is_charge else DISCOUNT,
            tax_category=row.category,
            tax_rate=row.rate,
        )
        for is_charge, total in ((False, totals.allowances), (True, totals.charges))
        if total and not any(each.is_charge is is_charge for each in known)
    )


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
    reason, listed = row.exemption_reason, row.exemption_reason_code
    if reason in code_list("exemption_reason"):
        reason, listed = None, listed or reason
    if reason is None and listed is None:
        listed = EXEMPTIONS.get(row.category or "")
    update = {"basis": basis, "amount": tax, "exemption_reason": reason, "exemption_reason_code": listed}
    return row.model_copy(update=update)


def _totals(
    invoice: Invoice,
    lines: tuple[InvoiceLine, ...],
    adjustments: tuple[AllowanceCharge, ...],
    rows: tuple[TaxBreakdown, ...],
) -> Totals:
    """Return the totals by their definitions: BT-106 to BT-110, BT-112 and BT-115."""
    totals = invoice.totals
    known = dict(totals)
    known["withheld"] = None
    if _tax_currency(invoice) is None:
        known["tax_in_tax_currency"] = None
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
    """Return the payment with a code for its means (BT-81), which whatever else is said of it needs (BR-49); words become BT-82."""
    if payment.card is not None and payment.card.number is None:
        payment = payment.model_copy(update={"card": None})  # a card without number says nothing (BT-87)
    if payment == Payment() or payment.means in code_list("payment_means"):
        return payment
    means = CREDIT_TRANSFER if payment.iban else DIRECT_DEBIT if payment.direct_debit else UNDEFINED_MEANS
    return payment.model_copy(update={"means": means, "means_text": payment.means_text or payment.means})
