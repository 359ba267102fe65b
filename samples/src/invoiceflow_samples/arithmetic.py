"""Totals that close, by the calculation rules of EN 16931-1 (BR-CO-10 to BR-CO-17, BR-S-08)."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

from invoiceflow_contracts.invoice import AllowanceCharge, InvoiceLine, TaxBreakdown, Totals

__all__ = ["cents", "line_net", "tax_breakdown", "total_up"]

_CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Round to two decimals, half away from zero, as EN 16931 does."""
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def line_net(quantity: Decimal, unit_price: Decimal, discount: Decimal | None = None) -> Decimal:
    """Line net amount (BT-131): quantity times price, rounded, less the line allowance."""
    return cents(quantity * unit_price) - (discount or Decimal(0))


def tax_breakdown(
    lines: Iterable[InvoiceLine],
    adjustments: Iterable[AllowanceCharge] = (),
    exemption_reason: str | None = None,
) -> tuple[TaxBreakdown, ...]:
    """One row for each category and rate (BG-23), the highest rate first; the tax is rounded once per row."""
    bases: dict[tuple[str, Decimal], Decimal] = {}
    for line in lines:
        key = (line.tax_category or "S", line.tax_rate or Decimal(0))
        bases[key] = bases.get(key, Decimal(0)) + (line.net or Decimal(0))
    for item in adjustments:
        key = (item.tax_category or "S", item.tax_rate or Decimal(0))
        bases[key] = bases.get(key, Decimal(0)) + (item.amount if item.is_charge else -item.amount)
    return tuple(
        TaxBreakdown(
            category=category,
            rate=rate,
            basis=basis,
            amount=cents(basis * rate / 100),
            exemption_reason=None if category == "S" else exemption_reason,
        )
        for (category, rate), basis in sorted(bases.items(), key=lambda entry: (-entry[0][1], entry[0][0]))
    )


def total_up(
    lines: Sequence[InvoiceLine],
    adjustments: Sequence[AllowanceCharge],
    taxes: Sequence[TaxBreakdown],
    prepaid: Decimal | None = None,
) -> Totals:
    """Document totals (BG-22). Allowances, charges and prepaid are ``None`` where the invoice has none."""
    zero = Decimal("0.00")
    allowances = [item.amount for item in adjustments if not item.is_charge]
    charges = [item.amount for item in adjustments if item.is_charge]
    lines_net = sum((line.net or zero for line in lines), zero)
    net = lines_net - sum(allowances, zero) + sum(charges, zero)
    tax = sum((row.amount or zero for row in taxes), zero)
    gross = net + tax
    return Totals(
        lines_net=lines_net,
        allowances=sum(allowances, zero) if allowances else None,
        charges=sum(charges, zero) if charges else None,
        net=net,
        tax=tax,
        gross=gross,
        prepaid=prepaid,
        payable=gross - (prepaid or zero),
    )
