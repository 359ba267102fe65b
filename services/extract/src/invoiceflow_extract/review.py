"""How sure an invoice is as a whole, and whether a person should look at it."""

from collections.abc import Iterable

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_extract.reading import Reading

__all__ = ["confidence", "key_fields", "needs_review"]

_ALWAYS = ("/issue_date", "/seller/name", "/currency")


def key_fields(reading: Reading) -> tuple[str, ...]:
    """Return the pointers of the values that a payment cannot do without.

    A receipt needs no number. The total with VAT stands for what is owed; where only the amount due is known, that does.
    """
    totals = reading.invoice.totals
    amount = "/totals/payable" if totals.gross is None and totals.payable is not None else "/totals/gross"
    number = () if reading.invoice.type is InvoiceType.RECEIPT else ("/number",)
    return (*number, *_ALWAYS, amount)


def confidence(reading: Reading) -> float:
    """Return the confidence of the invoice: that of its least certain key field, 0 where one is missing.

    The lowest and not the product: the fields of one page are right or wrong together more often than independently, and
    a person who looks wants to know how weak the weakest link is.
    """
    values = (reading.evidence.get(pointer) for pointer in key_fields(reading))
    return min(evidence.confidence if evidence else 0.0 for evidence in values)


def needs_review(sureness: float, findings: Iterable[Finding], threshold: float) -> bool:
    """Whether a person should look: an error was found, or a key field is less certain than ``threshold``.

    The threshold follows from the rate at which what passes is to be right (``Calibration.threshold``). Values of an
    e-invoice are certain, so that it is held up by findings only.
    """
    return sureness < threshold or any(finding.severity is Severity.ERROR for finding in findings)
