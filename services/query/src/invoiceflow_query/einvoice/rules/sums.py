"""Totals: there, exact, and of no more than two decimals (BR-12 to BR-15, BR-CO-10 to BR-CO-16, BR-DEC-*)."""

from collections.abc import Iterator
from decimal import Decimal

from invoiceflow_contracts.invoice import Invoice
from invoiceflow_query.einvoice.violations import Violation

__all__ = ["sums"]

CENT = Decimal("0.01")
_DECIMALS = {
    "lines_net": "BR-DEC-09",
    "allowances": "BR-DEC-10",
    "charges": "BR-DEC-11",
    "net": "BR-DEC-12",
    "tax": "BR-DEC-13",
    "tax_in_tax_currency": "BR-DEC-15",
    "gross": "BR-DEC-14",
    "prepaid": "BR-DEC-16",
    "rounding": "BR-DEC-17",
    "payable": "BR-DEC-18",
}
_MANDATORY = {
    "lines_net": ("BR-12", "the sum of its lines (BT-106)"),
    "net": ("BR-13", "a total without VAT (BT-109)"),
    "gross": ("BR-14", "a total with VAT (BT-112)"),
    "payable": ("BR-15", "an amount due for payment (BT-115)"),
}
ZERO = Decimal(0)


def sums(invoice: Invoice) -> Iterator[Violation]:
    """Yield where the totals of a completed invoice are missing or do not add up."""
    for name, (rule, what) in _MANDATORY.items():
        if getattr(invoice.totals, name) is None:
            yield Violation(
                rule,
                f"The invoice states no {what.removeprefix('a ').removeprefix('an ')}, and it follows from nothing else.",
                (f"/totals/{name}",),
            )
    yield from _equations(invoice)
    for rule, pointer, value in _amounts(invoice):
        if value is not None and value != value.quantize(CENT):
            yield Violation(rule, f"The amount {value} has more than two decimals.", (pointer,))


def _equations(invoice: Invoice) -> Iterator[Violation]:
    totals = invoice.totals
    lines = sum((line.net or ZERO for line in invoice.lines), ZERO)
    allowances = sum((each.amount for each in invoice.allowances_charges if not each.is_charge), ZERO)
    charges = sum((each.amount for each in invoice.allowances_charges if each.is_charge), ZERO)
    taxes = sum((row.amount or ZERO for row in invoice.taxes), ZERO)
    net = _plus(totals.lines_net, -(totals.allowances or ZERO) + (totals.charges or ZERO))
    payable = _plus(totals.gross, -(totals.prepaid or ZERO) + (totals.rounding or ZERO))
    equations = (
        ("BR-CO-10", "lines_net", lines, "the sum of the lines' net amounts"),
        ("BR-CO-11", "allowances", allowances, "the sum of the allowances on the whole invoice"),
        ("BR-CO-12", "charges", charges, "the sum of the charges on the whole invoice"),
        ("BR-CO-13", "net", net, "sum of lines, less allowances, plus charges"),
        ("BR-CO-14", "tax", taxes, "the sum of the taxes of the VAT breakdown"),
        ("BR-CO-15", "gross", _plus(totals.net, totals.tax), "total without VAT plus VAT"),
        ("BR-CO-16", "payable", payable, "total with VAT, less prepaid, plus rounding"),
    )
    for rule, name, expected, what in equations:
        stated = getattr(totals, name)
        if stated is not None and expected is not None and stated != expected:
            message = f"Stated are {stated}, and {what} is {expected}."
            yield Violation(rule, message, (f"/totals/{name}",))


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other


def _amounts(invoice: Invoice) -> Iterator[tuple[str, str, Decimal | None]]:
    """Yield every amount with the rule that limits its decimals."""
    for name, rule in _DECIMALS.items():
        yield rule, f"/totals/{name}", getattr(invoice.totals, name)
    for index, row in enumerate(invoice.taxes):
        yield "BR-DEC-19", f"/taxes/{index}/basis", row.basis
        yield "BR-DEC-20", f"/taxes/{index}/amount", row.amount
    for index, item in enumerate(invoice.allowances_charges):
        of_amount, of_basis = ("BR-DEC-05", "BR-DEC-06") if item.is_charge else ("BR-DEC-01", "BR-DEC-02")
        yield of_amount, f"/allowances_charges/{index}/amount", item.amount
        yield of_basis, f"/allowances_charges/{index}/basis", item.basis
    for index, line in enumerate(invoice.lines):
        yield "BR-DEC-23", f"/lines/{index}/net", line.net
        for position, item in enumerate(line.allowances_charges):
            of_amount, of_basis = ("BR-DEC-27", "BR-DEC-28") if item.is_charge else ("BR-DEC-24", "BR-DEC-25")
            at = f"/lines/{index}/allowances_charges/{position}"
            yield of_amount, f"{at}/amount", item.amount
            yield of_basis, f"{at}/basis", item.basis
