"""The e-invoice beside the page it travels with.

A hybrid invoice (Factur-X, ZUGFeRD) says everything twice, and people pay what they see. A difference is found where the
page does not show the e-invoice's value in any usual format and another reader is sure that it shows a different one.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rapidfuzz.fuzz import token_set_ratio
from rapidfuzz.utils import default_process

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_contracts.invoice import Invoice
from invoiceflow_extract.printed import PrintedText
from invoiceflow_extract.reading import Reading
from invoiceflow_extract.rules import RULES

__all__ = ["SURE", "differences", "not_shown"]

SURE = 0.7
"""Confidence from which the page's reader is believed against the e-invoice."""

_SIMILAR = 60
"""Of 100 (rapidfuzz's token set ratio): from here on two names may be one party's."""

_ROUNDING = Decimal("0.01")
"""Page and e-invoice are often made by two programs that round on their own: a cent apart is a warning."""

_MOST = 10
"""Amounts that a finding lists."""

Value = str | date | Decimal


@dataclass(frozen=True)
class _Field:
    pointer: str
    rule: str
    name: str
    of: Callable[[Invoice], Value | None]


_FIELDS = (
    _Field("/number", "IF-PAGE-NUMBER", "number", lambda invoice: invoice.number),
    _Field("/issue_date", "IF-PAGE-DATE", "issue date", lambda invoice: invoice.issue_date),
    _Field("/due_date", "IF-PAGE-DATE", "due date", lambda invoice: invoice.due_date),
    _Field("/currency", "IF-PAGE-CURRENCY", "currency", lambda invoice: invoice.currency),
    _Field("/seller/name", "IF-PAGE-PARTY", "seller", lambda invoice: invoice.seller.name),
    _Field("/buyer/name", "IF-PAGE-PARTY", "buyer", lambda invoice: invoice.buyer.name),
    _Field("/totals/net", "IF-PAGE-TOTAL", "total without VAT", lambda invoice: invoice.totals.net),
    _Field("/totals/tax", "IF-PAGE-TOTAL", "VAT", lambda invoice: invoice.totals.tax),
    _Field("/totals/gross", "IF-PAGE-TOTAL", "total with VAT", lambda invoice: invoice.totals.gross),
    _Field("/totals/payable", "IF-PAGE-TOTAL", "amount due", lambda invoice: invoice.totals.payable),
    _Field("/payment/iban", "IF-PAGE-IBAN", "IBAN", lambda invoice: invoice.payment.iban),
    _Field("/seller/vat_id", "IF-PAGE-VAT-ID", "seller's VAT identifier", lambda invoice: invoice.seller.vat_id),
    _Field("/buyer/vat_id", "IF-PAGE-VAT-ID", "buyer's VAT identifier", lambda invoice: invoice.buyer.vat_id),
)


_FOLLOWS = (
    ("/totals/tax", {"/totals/net", "/totals/gross"}),
    ("/totals/net", {"/totals/tax", "/totals/gross"}),
)


_LINES = "/lines"


def _shows(page: PrintedText, pointer: str, value: Value) -> bool:
    if pointer == "/currency":
        return page.shows_currency(str(value))
    if isinstance(value, Decimal):
        return page.shows_amount(value)
    if isinstance(value, date):
        return page.shows_date(value)
    return page.shows_text(value)


def not_shown(einvoice: Invoice, page: PrintedText) -> frozenset[str]:
    """Return the pointers of the compared values that the page does not show; ``/lines`` where a line's amount is among them.

    With several rates many pages print the VAT of each and not their sum: a total that follows from two others on the
    page is taken as shown.
    """
    if page.is_empty:
        return frozenset()
    given = {field.pointer: value for field in _FIELDS if (value := field.of(einvoice)) is not None}
    shown = {pointer for pointer, value in given.items() if _shows(page, pointer, value)}
    implied = {total for total, others in _FOLLOWS if others <= shown}
    lines = {_LINES} if any(not page.shows_amount(net) for net in _nets(einvoice)) else set()
    return frozenset((given.keys() | lines) - shown - implied)


def differences(einvoice: Invoice, missing: frozenset[str], printed: Reading) -> Iterator[Finding]:
    """Yield a finding for each value in ``missing`` of which the page's reader is sure that it is another one.

    Args:
        einvoice: what the e-invoice says.
        missing: what ``not_shown`` returned for it.
        printed: what a reader made of the page.
    """
    for field in _FIELDS:
        stated, shown = field.of(einvoice), field.of(printed.invoice)
        evidence = printed.evidence.get(field.pointer)
        if field.pointer not in missing or shown is None or evidence is None or evidence.confidence < SURE:
            continue
        apart = _apart(stated, shown)
        if apart == 0 or (field.rule == "IF-PAGE-PARTY" and _may_be_one(str(stated), str(shown))):
            continue
        yield RULES[field.rule].finding(
            f"The e-invoice's {field.name} is {stated}, but the page shows {shown}. Ask the seller which of them holds.",
            pointers=(field.pointer,),
            values={"e-invoice": stated, "page": shown, "text on the page": evidence.text},
            severity=Severity.WARNING if apart is not None and apart <= _ROUNDING else None,
        )
    if _LINES in missing:
        yield from _lines_differ(einvoice, printed)


def _lines_differ(einvoice: Invoice, printed: Reading) -> Iterator[Finding]:
    """Yield a finding where the page shows other lines than the e-invoice has.

    A page may list what the e-invoice sums up, so lines that come to the same total are a warning.
    """
    stated, shown = _nets(einvoice), _nets(printed.invoice)
    sure = [
        evidence.confidence
        for index in range(len(printed.invoice.lines))
        if (evidence := printed.evidence.get(f"/lines/{index}/net")) is not None
    ]
    # A line that was not read is none that is not there: every line's amount must be known, and for sure.
    if not shown or len(sure) < len(printed.invoice.lines) or min(sure) < SURE or sorted(stated) == sorted(shown):
        return
    alike = abs(sum(stated, Decimal(0)) - sum(shown, Decimal(0))) <= _ROUNDING
    others = list((Counter(stated) - Counter(shown)).elements())
    instead = list((Counter(shown) - Counter(stated)).elements())
    yield RULES["IF-PAGE-LINES"].finding(
        f"The e-invoice has {len(stated)} lines and the page {len(shown)}, with other amounts. Ask the seller which of them hold.",
        pointers=(_LINES,),
        values={
            "e-invoice": len(stated),
            "page": len(shown),
            "only in the e-invoice": ", ".join(map(str, others[:_MOST])),
            "only on the page": ", ".join(map(str, instead[:_MOST])),
        },
        severity=Severity.WARNING if alike else None,
    )


def _nets(invoice: Invoice) -> list[Decimal]:
    return [abs(line.net) for line in invoice.lines if line.net is not None]


def _may_be_one(name: str, other: str) -> bool:
    """Whether two names may be one party's: the trading name in the letterhead, the legal name in the file."""
    return token_set_ratio(name, other, processor=default_process) >= _SIMILAR


def _apart(stated: Value | None, shown: Value) -> Decimal | None:
    """Return by how much two values differ: 0 where they are the same, None where no amount says how much."""
    if isinstance(stated, Decimal) and isinstance(shown, Decimal):
        return abs(abs(shown) - abs(stated))  # a credit note may be printed with a minus
    return Decimal(0) if shown == stated else None
