"""Which amounts of an invoice hold each other up."""

from dataclasses import dataclass
from decimal import Decimal

from invoiceflow_contracts.invoice import Invoice

__all__ = ["Sums", "sums_of"]

_CENT = Decimal("0.011")
_LINES = "/lines"


@dataclass(frozen=True, slots=True)
class Sums:
    """Pointers of the amounts that stand in a sum that closes, and in one that does not; all lines are ``/lines``."""

    proved: frozenset[str]
    contradicted: frozenset[str]
    whole: bool
    """Net and tax make the gross total, and the lines make the net or the gross total."""


def sums_of(invoice: Invoice) -> Sums:
    """Hold net, tax, gross, what is due, and the lines against each other, up to a cent for each amount added."""
    totals = invoice.totals
    net, tax, gross = totals.net, totals.tax, totals.gross
    proved: set[str] = set()
    contradicted: set[str] = set()

    def hold(closes: bool, *pointers: str) -> bool:  # noqa: FBT001 - a verdict
        (proved if closes else contradicted).update(pointers)
        return closes

    head = False
    if net is not None and gross is not None and (tax is not None or net != gross):
        head = hold(tax is not None and _equal(net + tax, gross, 2), "/totals/net", "/totals/tax", "/totals/gross")
    if totals.payable is not None and gross is not None:
        rest = gross - (totals.prepaid or 0) + (totals.rounding or 0)
        hold(_equal(rest, totals.payable, 2), "/totals/payable", "/totals/gross")
    nets = [line.net for line in invoice.lines if line.net is not None]
    lines = False
    if nets:
        total = sum(nets, start=Decimal(0))
        extras = (totals.charges or Decimal(0)) - (totals.allowances or Decimal(0))
        targets = {
            "/totals/lines_net": totals.lines_net,
            "/totals/net": None if net is None else net - extras,
            "/totals/gross": gross,
        }
        met = [name for name, value in targets.items() if value is not None and _equal(total, value, len(nets))]
        lines = bool(met)
        if met:
            hold(True, _LINES, *met)  # noqa: FBT003
        elif any(value is not None for value in targets.values()):
            hold(False, _LINES)  # noqa: FBT003
    if invoice.taxes and tax is not None:
        amounts = [each.amount for each in invoice.taxes if each.amount is not None]
        hold(_equal(sum(amounts, start=Decimal(0)), tax, len(amounts)), "/taxes", "/totals/tax")
    return Sums(frozenset(proved), frozenset(contradicted), head and lines)


def _equal(left: Decimal, right: Decimal, terms: int) -> bool:
    return abs(left - right) <= _CENT * max(1, terms // 2)
