"""What a line says by its other fields and by the VAT breakdown."""

from decimal import Decimal

from invoiceflow_contracts.invoice import AllowanceCharge, InvoiceLine, TaxBreakdown
from invoiceflow_query.einvoice.code_lists import code_list
from invoiceflow_query.einvoice.specification import DISCOUNT, OTHER_CHARGE
from invoiceflow_query.einvoice.units import unit_code

__all__ = ["completed_line", "reason_of", "tax_of"]


def tax_of(category: str | None, rate: Decimal | None, rows: tuple[TaxBreakdown, ...]) -> dict[str, object]:
    """Return category and rate of a line or an allowance, as far as they are stated or the breakdown leaves no choice."""
    fitting = [row for row in rows if category in {None, row.category} and (rate is None or rate == row.rate)]
    choices = {(row.category, row.rate) for row in fitting}
    if len(choices) == 1:
        category, rate = choices.pop()
    elif category is None and rate is not None and rate > 0:
        category = "S"
    return {"tax_category": category, "tax_rate": rate}


def reason_of(item: AllowanceCharge) -> dict[str, object]:
    """Return the reason of an allowance or charge; one that is a code of the list is the code."""
    listed = item.reason in code_list("charge_reason" if item.is_charge else "allowance_reason")
    if not listed:
        return {}
    return {"reason": None, "reason_code": item.reason_code or item.reason}


def completed_line(line: InvoiceLine, position: int, rows: tuple[TaxBreakdown, ...]) -> InvoiceLine:
    """Return the ``position``-th line (from 1) with id, unit, category and the allowances that its discount stands for."""
    update: dict[str, object] = {
        "id": line.id or str(position),
        "unit": unit_code(line.unit),
        **tax_of(line.tax_category, line.tax_rate, rows),
        **_prices(line),
        **_allowances(line),
    }
    if line.unit_price is not None and line.unit_price < 0 and line.quantity is not None:
        update |= {"unit_price": -line.unit_price, "quantity": -line.quantity}
    return line.model_copy(update=update)


def _prices(line: InvoiceLine) -> dict[str, object]:
    """Return the price before its discount with the discount, both or none, and a base quantity that can divide."""
    per = line.price_base_quantity if line.price_base_quantity and line.price_base_quantity > 0 else None
    net, gross, discount = line.unit_price, line.gross_price, line.price_discount
    if net is None or (gross is None and discount is None):
        gross, discount = None, None
    elif gross is None:
        gross = net + (discount or Decimal(0))
    elif discount is None:
        discount = gross - net
    return {
        "price_base_quantity": per,
        "price_base_unit": unit_code(line.price_base_unit) if per and line.price_base_unit else None,
        "gross_price": gross,
        "price_discount": discount,
    }


def _allowances(line: InvoiceLine) -> dict[str, object]:
    """Return the line's allowances and charges with the discount that they come to (BT-136 less BT-141)."""
    given = tuple(
        each.model_copy(update={"tax_rate": None, "tax_category": None, **reason_of(each)})
        for each in line.allowances_charges
    )
    if not given and line.discount:
        is_charge = line.discount < 0
        reason = OTHER_CHARGE if is_charge else DISCOUNT
        given = (AllowanceCharge(is_charge=is_charge, amount=abs(line.discount), reason_code=reason),)
    total = sum((-each.amount if each.is_charge else each.amount for each in given), Decimal(0))
    return {"allowances_charges": given, "discount": total if given else None}
