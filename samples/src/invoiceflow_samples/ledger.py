"""What comes in over years: invoices of many sellers who come again, without documents, for load.

A seller keeps its name, VAT identifier, account, language, currency and goods; a few send much and most send little. Each
invoice has its own number, day, buyer and lines, and totals that close.
"""

from bisect import bisect
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random

from invoiceflow_contracts.invoice import Invoice, InvoiceLine, InvoiceType, Party
from invoiceflow_samples.arithmetic import cents, tax_breakdown, total_up
from invoiceflow_samples.fiction import imagine
from invoiceflow_samples.scenario import random_scenario

__all__ = ["Ledger"]

_BEGIN, _END = datetime(2019, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)

_TYPES = (
    (InvoiceType.INVOICE, 0.915),
    (InvoiceType.CREDIT_NOTE, 0.05),
    (InvoiceType.RECEIPT, 0.02),
    (InvoiceType.CORRECTED_INVOICE, 0.007),
    (InvoiceType.PREPAYMENT_INVOICE, 0.005),
    (InvoiceType.REMINDER, 0.003),
)
_RARE_CURRENCIES = ("CZK", "DKK", "HUF", "JPY", "NOK", "PLN", "RON")
_ONE_IN_RARE = 600
_WITHOUT_DUE_DATE = frozenset({InvoiceType.CREDIT_NOTE, InvoiceType.RECEIPT})


@dataclass(frozen=True)
class _Seller:
    first: Invoice
    goods: tuple[InvoiceLine, ...]
    terms: timedelta
    prefix: str


class Ledger:
    """``count`` invoices that come in from 2019 to 2025, of some thousand sellers to some buyers; the same for the same seed."""

    def __init__(self, seed: int, count: int, *, sellers: int = 4000, buyers: int = 40) -> None:
        self._seed = seed
        self._count = count
        self._sellers = sellers
        self._buyers = buyers
        self._seller = lru_cache(maxsize=None)(self._new_seller)
        self._buyer = lru_cache(maxsize=None)(self._new_buyer)

    def arrival(self, number: int) -> datetime:
        """Return when invoice ``number``, counted from 0, comes in: in the order of their numbers, more from year to year."""
        share: float = ((number + 0.5) / self._count) ** 0.8
        return _BEGIN + (_END - _BEGIN) * share

    def invoice(self, number: int) -> Invoice:
        """Return invoice ``number``, whatever others were made before."""
        rng = self._rng("invoice", number)
        # The cube makes the first of a thousand sellers a tenth of all invoices, and the last hundred hardly one in thirty.
        which = int(self._sellers * rng.random() ** 3)
        seller = self._seller(which)
        kind = _TYPES[bisect(_SHARES, rng.random())][0]
        # Most come in within days, a few weeks late.
        issued = (self.arrival(number) - timedelta(days=min(60.0, rng.expovariate(0.25)))).date()
        lines = _lines(seller, rng)
        taxes = tax_breakdown(lines)
        totals = total_up(lines, (), taxes)
        reference = f"{seller.prefix}{issued.year}-{number % 1_000_000:06d}"
        return seller.first.model_copy(
            update={
                "number": reference,
                "type": kind,
                "issue_date": issued,
                "due_date": None if kind in _WITHOUT_DUE_DATE else issued + seller.terms,
                "currency": seller.first.currency if rng.randrange(_ONE_IN_RARE) else rng.choice(_RARE_CURRENCIES),
                "purchase_order": f"PO-{rng.randint(10000, 99999)}" if rng.random() < 0.55 else None,
                "delivery_date": issued - timedelta(days=rng.randint(0, 12)),
                "preceding_invoice": None,
                "buyer": self._buyer(int(self._buyers * rng.random() ** 2)),
                "payment": seller.first.payment.model_copy(update={"reference": reference}),
                "totals": totals,
                "taxes": taxes,
                "allowances_charges": (),
                "lines": lines,
            }
        )

    def _rng(self, *names: object) -> Random:
        return Random("/".join(map(str, (self._seed, *names))))  # noqa: S311 - reproducible fiction, no secret

    def _new_seller(self, which: int) -> _Seller:
        rng = self._rng("seller", which)
        scenario = replace(
            random_scenario(rng), lines=rng.randint(6, 14), line_discounts=False, allowance=False, charge=False,
            prepaid=False, type=InvoiceType.INVOICE,
        )  # fmt: skip
        invoice = imagine(scenario, rng).invoice
        terms = (invoice.due_date or date.max) - (invoice.issue_date or date.max)
        return _Seller(invoice, invoice.lines, terms, rng.choice(("", "", "RE-", "F", "INV", "S", "A/", "2-")))

    def _new_buyer(self, which: int) -> Party:
        rng = self._rng("buyer", which)
        return imagine(replace(random_scenario(rng), lines=1), rng).invoice.buyer


_SHARES = tuple(sum(share for _, share in _TYPES[: place + 1]) for place in range(len(_TYPES) - 1))


def _lines(seller: _Seller, rng: Random) -> tuple[InvoiceLine, ...]:
    """Some of the seller's goods, each in another quantity."""
    count = min(len(seller.goods), 1 + int(rng.expovariate(0.4)))
    lines = []
    for place, goods in enumerate(rng.sample(seller.goods, count), start=1):
        quantity = (goods.quantity or Decimal(1)) + rng.randrange(40)
        lines.append(
            goods.model_copy(
                update={
                    "id": str(place),
                    "quantity": quantity,
                    "discount": None,
                    "net": cents(quantity * (goods.unit_price or Decimal(0))),
                }
            )
        )
    return tuple(lines)
