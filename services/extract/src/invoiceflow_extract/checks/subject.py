"""What the checks look at."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property, wraps

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_contracts.invoice import Invoice

__all__ = ["Check", "Origin", "Subject", "of_en16931"]


class Origin(StrEnum):
    """Where the values come from, which decides how strict a check may be."""

    EN16931 = "en16931"
    """An e-invoice that claims EN 16931 in full: its rules hold to the letter."""
    EINVOICE = "einvoice"
    """Another e-invoice (MINIMUM, BASIC WL, ZUGFeRD 1, no known profile): what it says is exact, but it may say less."""
    PAGE = "page"
    """Read from the page: sums may carry the rounding of what was not printed, and the reading may be wrong."""


@dataclass(frozen=True)
class Subject:
    """An invoice to check."""

    invoice: Invoice
    origin: Origin

    @cached_property
    def unit(self) -> Decimal:
        """The smallest amount of money the invoice uses: 1 where no total has decimals (yen, forint), else 0.01."""
        given = [value for value in vars(self.invoice.totals).values() if value is not None]
        return Decimal(1) if given and all(value == value.to_integral_value() for value in given) else Decimal("0.01")

    @property
    def is_exact(self) -> bool:
        return self.origin is not Origin.PAGE

    def differs(self, stated: Decimal, expected: Decimal, *, rounded: int = 1) -> bool:
        """Whether two amounts differ by more than rounding explains.

        EN 16931 asks for equality to the cent. On a page each of ``rounded`` amounts may be off by half a unit, so a
        sum of many may miss its printed total by a few cents without anyone having erred.
        """
        slack = Decimal(0) if self.is_exact else self.unit * max(1, (rounded + 1) // 2)
        return abs(round(stated - expected, 2)) > slack

    def severity(self, page: Severity, einvoice: Severity = Severity.ERROR) -> Severity:
        """Return the severity by origin."""
        return page if self.origin is Origin.PAGE else einvoice


Check = Callable[[Subject], Iterable[Finding]]
"""Looks at an invoice for one thing, or a few that belong together."""


def of_en16931(check: Check) -> Check:
    """Return ``check`` for e-invoices that claim EN 16931 in full; of anything else it is silent."""

    @wraps(check)
    def asked(subject: Subject) -> Iterable[Finding]:
        return check(subject) if subject.origin is Origin.EN16931 else ()

    return asked
