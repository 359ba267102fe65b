"""The arithmetic of the document (EN 16931-1, 6.4.2 and 6.5)."""

from collections.abc import Iterator
from decimal import Decimal

from invoiceflow_contracts.extraction import Finding
from invoiceflow_extract.checks.subject import Origin, Subject
from invoiceflow_extract.rules import RULES

__all__ = [
    "allowances_add_up",
    "gross_is_net_and_tax",
    "lines_add_up",
    "lines_are_complete",
    "net_follows_from_lines",
    "payable_follows_from_gross",
]

_ZERO = Decimal(0)


def lines_add_up(subject: Subject) -> Iterator[Finding]:
    """BR-CO-10: the lines' net amounts add up to their printed total."""
    lines, stated = subject.invoice.lines, subject.invoice.totals.lines_net
    nets = [line.net for line in lines if line.net is not None]
    if stated is None or not nets or len(nets) < len(lines):
        return
    total = sum(nets, _ZERO)
    if subject.origin is Origin.PAGE and _is_another_total(subject, total, len(nets)):
        return  # the lines are all there: their amounts carry VAT, or the label of the total has misled
    if subject.differs(stated, total, rounded=len(nets)):
        yield RULES["BR-CO-10"].finding(
            f"The lines add up to {total}, but the invoice says {stated}.",
            pointers=("/totals/lines_net", *(f"/lines/{index}/net" for index in range(len(lines)))),
            values={"sum of lines": total, "totals.lines_net": stated},
        )


def _is_another_total(subject: Subject, total: Decimal, rounded: int) -> bool:
    totals = subject.invoice.totals
    others = (totals.net, totals.gross, totals.payable)
    return any(other is not None and not subject.differs(other, total, rounded=rounded) for other in others)


def allowances_add_up(subject: Subject) -> Iterator[Finding]:
    """BR-CO-11 and BR-CO-12: the document's allowances and charges add up to their totals."""
    totals = subject.invoice.totals
    for rule, is_charge, stated, name in (
        ("BR-CO-11", False, totals.allowances, "allowances"),
        ("BR-CO-12", True, totals.charges, "charges"),
    ):
        given = [each.amount for each in subject.invoice.allowances_charges if each.is_charge is is_charge]
        total = sum(given, _ZERO)
        # Without the single amounts a printed total stands for itself, except where EN 16931 asks for them.
        if stated is None or (not given and subject.origin is not Origin.EN16931):
            continue
        if subject.differs(stated, total, rounded=len(given)):
            yield RULES[rule].finding(
                f"The {name} on document level add up to {total}, but their total says {stated}.",
                pointers=(f"/totals/{name}", "/allowances_charges"),
                values={f"sum of {name}": total, f"totals.{name}": stated},
            )


def net_follows_from_lines(subject: Subject) -> Iterator[Finding]:
    """BR-CO-13: total without VAT = sum of lines - allowances + charges."""
    totals = subject.invoice.totals
    if totals.net is None or totals.lines_net is None:
        return
    expected = totals.lines_net - (totals.allowances or _ZERO) + (totals.charges or _ZERO)
    if subject.differs(totals.net, expected, rounded=3):
        yield RULES["BR-CO-13"].finding(
            f"The total without VAT should be {expected} (lines less allowances plus charges), but the invoice says {totals.net}.",
            pointers=("/totals/net", "/totals/lines_net", "/totals/allowances", "/totals/charges"),
            values={
                "totals.net": totals.net,
                "totals.lines_net": totals.lines_net,
                "totals.allowances": totals.allowances or _ZERO,
                "totals.charges": totals.charges or _ZERO,
            },
        )


def gross_is_net_and_tax(subject: Subject) -> Iterator[Finding]:
    """BR-CO-15: total with VAT = total without VAT + VAT.

    Where only the amount due was found, the total with VAT is what it, the prepaid and the withheld amount come to (BR-CO-16).
    """
    totals = subject.invoice.totals
    if totals.net is None or totals.tax is None:
        return
    gross, pointers = totals.gross, ("/totals/gross", "/totals/net", "/totals/tax")
    if gross is None and totals.payable is not None:
        gross = totals.payable + (totals.prepaid or _ZERO) + (totals.withheld or _ZERO) - (totals.rounding or _ZERO)
        pointers = ("/totals/payable", "/totals/net", "/totals/tax")
    if gross is None:
        return
    expected = totals.net + totals.tax
    if subject.differs(gross, expected):
        yield RULES["BR-CO-15"].finding(
            f"The total without VAT and the VAT add up to {expected}, but the total with VAT says {gross}.",
            pointers=pointers,
            values={"totals.net": totals.net, "totals.tax": totals.tax, pointers[0][1:].replace("/", "."): gross},
        )


def payable_follows_from_gross(subject: Subject) -> Iterator[Finding]:
    """BR-CO-16: amount due = total with VAT - prepaid + rounding; what the buyer withholds for the state is not due either."""
    totals = subject.invoice.totals
    if totals.gross is None or totals.payable is None:
        return
    expected = totals.gross - (totals.prepaid or _ZERO) + (totals.rounding or _ZERO) - (totals.withheld or _ZERO)
    if subject.differs(totals.payable, expected):
        yield RULES["BR-CO-16"].finding(
            f"The amount due should be {expected}, but the invoice says {totals.payable}.",
            pointers=("/totals/payable", "/totals/gross", "/totals/prepaid", "/totals/rounding"),
            values={
                "totals.gross": totals.gross,
                "totals.prepaid": totals.prepaid or _ZERO,
                "totals.rounding": totals.rounding or _ZERO,
                "totals.payable": totals.payable,
            }
            | ({} if totals.withheld is None else {"totals.withheld": totals.withheld}),
        )


def lines_are_complete(subject: Subject) -> Iterator[Finding]:
    """IF-LINES-COMPLETE: on a page, the lines found add up to one of the totals, with or without VAT.

    Where the total of the lines is printed, BR-CO-10 says it more sharply, unless the amount of a line is missing. Lines that
    nothing can be held against are a finding, too: nobody could tell whether one is missing.
    """
    invoice = subject.invoice
    totals = invoice.totals
    if subject.origin is not Origin.PAGE or not invoice.lines:
        return
    unread = [index for index, line in enumerate(invoice.lines) if line.net is None]
    if totals.lines_net is not None and not unread:
        return
    total = sum((line.net for line in invoice.lines if line.net is not None), _ZERO)
    before = (totals.allowances or _ZERO) - (totals.charges or _ZERO)
    goals = {
        name: value
        for name, value in (("net", totals.net), ("gross", totals.gross), ("payable", totals.payable))
        if value is not None
    }
    closes = any(
        not subject.differs(goal + adjustment, total, rounded=len(invoice.lines))
        for goal in goals.values()
        for adjustment in {_ZERO, before}
    )
    if closes and not unread:
        return
    if unread:
        message = f"The amount of {len(unread)} of {len(invoice.lines)} lines could not be read."
    elif goals:
        message = f"The {len(invoice.lines)} lines found add up to {total}, which is none of the invoice's totals: lines may be missing or misread."
    else:
        message = f"The {len(invoice.lines)} lines found add up to {total}, and no total was found that would show whether that is all."
    yield RULES["IF-LINES-COMPLETE"].finding(
        message,
        pointers=("/lines", *(f"/totals/{name}" for name in goals)),
        values={"sum of lines": total, "lines": len(invoice.lines)}
        | {f"totals.{name}": value for name, value in goals.items()},
    )
