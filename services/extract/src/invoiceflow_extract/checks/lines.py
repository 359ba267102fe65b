"""The lines: whether there are any and all of them, and each line's own arithmetic."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_contracts.invoice import InvoiceLine, InvoiceType
from invoiceflow_extract.checks.subject import Origin, Subject
from invoiceflow_extract.rules import RULES

__all__ = ["line_amounts_follow", "line_numbers_run_on", "lines_are_there", "no_line_is_repeated"]

_HALF = Decimal("0.5")


def lines_are_there(subject: Subject) -> Iterator[Finding]:
    """BR-16 on a page: a line was found. Without any, what is owed for is not known."""
    if subject.origin is Origin.PAGE and not subject.invoice.lines:
        yield RULES["BR-16"].finding("No line was found on the pages.", pointers=("/lines",), severity=Severity.WARNING)


def line_numbers_run_on(subject: Subject) -> Iterator[Finding]:
    """IF-LINE-NUMBERS: printed positions run from the first on in steps of one (or of ten, and so on).

    Numbers that do not rise, such as article numbers, are no positions; an order's lines may be delivered in part, so this asks only.
    """
    given = [line.id for line in subject.invoice.lines]
    if (
        subject.origin is not Origin.PAGE
        or len(given) < 2
        or not all(one and one.isdecimal() and len(one) <= 5 for one in given)
    ):
        return
    numbers = [int(one) for one in given if one]
    step = min(later - earlier for earlier, later in pairwise(numbers))
    if step not in {1, 5, 10, 100} or numbers[0] > 100 * step:
        return
    missing = sorted(set(range(min(step, numbers[0]), numbers[-1], step)) - set(numbers))
    if missing:
        shown = ", ".join(map(str, missing[:5]))
        yield RULES["IF-LINE-NUMBERS"].finding(
            f"The lines are numbered up to {numbers[-1]}, and {len(missing)} of them are missing: {shown}.",
            pointers=tuple(f"/lines/{index}/id" for index in range(len(given))),
            values={"missing": shown, "lines": len(given)},
        )


def no_line_is_repeated(subject: Subject) -> Iterator[Finding]:
    """IF-LINE-REPEATED: no two lines are the same in everything but their number.

    Two hours of the same work on two days differ by their dates; what differs in nothing may be charged twice.
    """
    if subject.invoice.type is InvoiceType.RECEIPT:
        return  # the till lists each piece
    same: dict[InvoiceLine, list[int]] = {}
    for index, line in enumerate(subject.invoice.lines):
        if line.description and line.net:
            same.setdefault(line.model_copy(update={"id": None}), []).append(index)
    for line, places in same.items():
        if len(places) > 1:
            description = (line.description or "")[:60]
            yield RULES["IF-LINE-REPEATED"].finding(
                f"{len(places)} lines are the same, {description!r} for {line.net}: it may be charged more than once.",
                pointers=tuple(f"/lines/{index}" for index in places),
                values={"description": description, "net": line.net, "lines": len(places)},
            )


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
