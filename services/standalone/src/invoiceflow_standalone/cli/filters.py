"""Which invoices ``invoiceflow list`` and ``invoiceflow export`` are about."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Filters"]


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What is None does not filter."""

    q: str | None = None
    seller: str | None = None
    number: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    currency: str | None = None
    needs_review: bool | None = None
    finding: str | None = None
    sort: str | None = None

    def params(self) -> dict[str, str | int | bool | None]:
        """Return them as the parameters of ``GET /v1/invoices``."""
        return {
            "q": self.q,
            "seller": self.seller,
            "number": self.number,
            "issue_date_from": self.since.date().isoformat() if self.since else None,
            "issue_date_to": self.until.date().isoformat() if self.until else None,
            "currency": self.currency.upper() if self.currency else None,
            "needs_review": self.needs_review,
            "finding": self.finding,
            "sort": self.sort,
        }
