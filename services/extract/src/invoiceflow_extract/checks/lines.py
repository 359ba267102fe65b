"""Each line's own arithmetic."""

from collections.abc import Iterator
from decimal import Decimal

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_extract.checks.subject import Subject
from invoiceflow_extract.rules import RULES

__all__ = ["line_amounts_follow"]

_HALF = Decimal("0.5")


def line_amounts_follow(subject: Subject) -> Iterator[Finding]:
    """IF-LINE-NET: net = quantity x unit price - discount (PEPPOL-EN16931-R120 has the same rule).

    A price is often printed rounded: half a unit of its last digit, times the quantity, explains a difference. A price
    with VAT beside a net amount without is a habit, not an error.
    """
    for index, line in enumerate(subject.invoice.lines):
        if line.net is None or line.quantity is None or line.unit_price is None:
            continue
        expected = line.quantity * line.unit_price - (line.discount or 0)
        slack = _slack(line.quantity, line.unit_price, subject.unit)
        with_tax = line.net * (1 + (line.tax_rate or Decimal(0)) / 100)
        if any(abs(abs(amount) - abs(expected)) <= slack for amount in (line.net, with_tax)):
            continue
        at = f"/lines/{index}"
        rebate = _round_rebate(line.net, expected, slack) if line.discount is None and not subject.is_exact else None
        hint = f" A discount of {rebate} % would explain it." if rebate else ""
        yield RULES["IF-LINE-NET"].finding(
            f"Line {line.id or index + 1}: quantity times price less discount is {expected.normalize():f}, but the line says {line.net}.{hint}",
            pointers=(f"{at}/net", f"{at}/quantity", f"{at}/unit_price", f"{at}/discount"),
            values={
                "net": line.net,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "discount": line.discount or 0,
            },
            severity=Severity.INFO if rebate else None,
        )


def _round_rebate(net: Decimal, expected: Decimal, slack: Decimal) -> int | None:
    """Return the whole per cent by which ``net`` is lower: a discount that the page prints as a rate or not at all."""
    if not 0 < net < expected:
        return None
    per_cent = round((1 - net / expected) * 100)
    return per_cent if 0 < per_cent < 100 and abs(expected * (100 - per_cent) / 100 - net) <= slack else None


def _slack(quantity: Decimal, unit_price: Decimal, unit: Decimal) -> Decimal:
    exponent = unit_price.as_tuple().exponent
    # A round price such as 12 or 84.50 is more likely exact than cut: cents are the coarsest rounding assumed.
    digits = max(-exponent if isinstance(exponent, int) else 0, 2)
    return unit + abs(quantity) * _HALF * Decimal(1).scaleb(-digits)
