"""What is asked of ``GET /v1/invoices`` under load: every filter, every order, pages from first to last, and what people combine.

The values asked for are those of invoices that are there, taken from the events they were made from. Where a page begins in the
middle of a list is said by a cursor, made as the service makes it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random
from typing import get_args
from urllib.parse import urlencode

from invoiceflow_contracts.identity import DEFAULT_TENANT
from invoiceflow_evaluation.bench.query_material import BRANCHES, RARE_RULE, documents, events
from invoiceflow_query.cursors import encode_cursor
from invoiceflow_query.folding import words
from invoiceflow_query.parameters import InvoiceListParameters, InvoiceSort
from invoiceflow_query.projection import change_of
from invoiceflow_query.queries import InvoiceField, invoice_position
from invoiceflow_query.records import InvoiceSummary, summarise

__all__ = ["COMBINED", "FILTERS", "Shape", "shapes"]

_SEED = 20_265
_SAMPLES = 150
_VARIANTS = 12
_SORTS: tuple[InvoiceSort, ...] = get_args(InvoiceSort)

Parameters = dict[str, str]
Ask = Callable[[InvoiceSummary], Parameters]
"""What to ask so that this invoice is among the answers."""


def _month(one: InvoiceSummary) -> tuple[str, str]:
    day = one.issue_date or date(2024, 1, 1)
    return day.replace(day=1).isoformat(), day.replace(day=28).isoformat()


def _around(one: InvoiceSummary) -> Parameters:
    gross = one.gross or Decimal(100)
    return {"gross_min": f"{gross * Decimal('0.99'):.2f}", "gross_max": f"{gross * Decimal('1.01'):.2f}"}


def _seller_word(one: InvoiceSummary) -> str:
    return words(one.seller.name or "")[0]


FILTERS: Mapping[str, Ask] = {
    "q, one invoice's number": lambda one: {"q": one.number or "1"},
    "q, a seller and a year": lambda one: {"q": f"{_seller_word(one)} {_month(one)[0][:4]}"},
    "q, a word in some": lambda one: {"q": words(one.seller.name or "")[-1]},
    "q, a word in all": lambda _: {"q": "example"},
    "seller, by name": lambda one: {"seller": _seller_word(one)},
    "seller, by legal form": lambda one: {"seller": words(one.seller.name or "")[-1]},
    "buyer": lambda one: {"buyer": words(one.buyer.name or "")[0]},
    "seller_vat_id": lambda one: {"seller_vat_id": one.seller.vat_id or "none"},
    "number": lambda one: {"number": one.number or "none"},
    "type=invoice": lambda _: {"type": "invoice"},
    "type=credit_note": lambda _: {"type": "credit_note"},
    "type=reminder": lambda _: {"type": "reminder"},
    "currency=EUR": lambda _: {"currency": "EUR"},
    "currency=CHF": lambda _: {"currency": "CHF"},
    "currency=JPY": lambda _: {"currency": "JPY"},
    "issue_date, a month": lambda one: {"issue_date_from": _month(one)[0], "issue_date_to": _month(one)[1]},
    "issue_date from": lambda one: {"since": _month(one)[0]},
    "issue_date to": lambda one: {"until": _month(one)[0]},
    "due_date, a month": lambda one: {"due_date_from": _month(one)[0], "due_date_to": _month(one)[1]},
    "due_date from": lambda one: {"due_date_from": _month(one)[0]},
    "due_date to": lambda one: {"due_date_to": _month(one)[0]},
    "gross, within 1 %": _around,
    "gross_min=20000": lambda _: {"gross_min": "20000"},
    "gross_max=50": lambda _: {"gross_max": "50"},
    "needs_review=true": lambda _: {"needs_review": "true"},
    "needs_review=false": lambda _: {"needs_review": "false"},
    "finding, frequent": lambda _: {"finding": "BR-CO-15"},
    "finding, rare": lambda _: {"finding": RARE_RULE},
    "severity=error": lambda _: {"severity": "error"},
}
"""Each filter alone."""

COMBINED: Mapping[str, Ask] = {
    "to review, in a currency": lambda _: {"needs_review": "true", "currency": "CHF"},
    "to review, since a day, longest there first": lambda one: {
        "needs_review": "true",
        "since": _month(one)[0],
        "sort": "extracted_at",
    },
    "of a seller, in a month": lambda one: {
        "seller": _seller_word(one),
        "since": _month(one)[0],
        "until": _month(one)[1],
    },
    "of a VAT id, to review": lambda one: {"seller_vat_id": one.seller.vat_id or "none", "needs_review": "true"},
    "words, currency and year": lambda one: {
        "q": words(one.buyer.name or "")[0],
        "currency": one.currency or "EUR",
        "since": f"{_month(one)[0][:4]}-01-01",
        "until": f"{_month(one)[0][:4]}-12-31",
    },
    "large ones due from a day, by amount": lambda one: {
        "due_date_from": _month(one)[0],
        "gross_min": "5000",
        "sort": "-gross",
    },
    "a finding in a month": lambda one: {
        "finding": "BR-CO-15",
        "since": _month(one)[0],
        "until": _month(one)[1],
    },
    "credit notes due from a day (there are none)": lambda one: {
        "type": "credit_note",
        "due_date_from": _month(one)[0],
    },
    "a number at another amount (there is none)": lambda one: {"number": one.number or "none", "gross_max": "0"},
}
"""What people ask for; of each the order given, else the usual one."""


@dataclass(frozen=True)
class Shape:
    """One kind of question, in several variants."""

    name: str
    targets: tuple[str, ...]
    """Path and query string of each variant."""
    tenant: str = DEFAULT_TENANT


def shapes(invoices: int) -> list[Shape]:
    """Return everything that is asked of a read model with so many invoices, the same in every run."""
    rng = Random(_SEED)  # noqa: S311 - reproducible load, no secret
    samples = _samples(invoices, rng)
    alone = {name: _variants(ask, samples, rng) for name, ask in FILTERS.items()}
    return [
        *(_shape(f"sort={sort}", [{"sort": sort}]) for sort in _SORTS),
        *(_shape(f"sort={sort}, in the middle", _pages_in(sort, rng.sample(samples, _VARIANTS))) for sort in _SORTS),
        *(_shape(f"sort={sort}, near the end", _pages_in(sort, _last(sort, samples))) for sort in _SORTS),
        *(_shape(name, variants) for name, variants in alone.items()),
        *(_shape(f"{name}, any order", _in_any_order(variants)) for name, variants in alone.items()),
        *(_shape(name, _variants(ask, samples, rng)) for name, ask in COMBINED.items()),
        _shape("limit=200", [{"limit": "200", "sort": sort} for sort in _SORTS]),
        _shape("a small tenant", _in_any_order([{}, *alone["needs_review=true"]]), tenant=BRANCHES[0]),
    ]


def _samples(invoices: int, rng: Random) -> list[InvoiceSummary]:
    """Return some invoices of the default tenant from all of the time."""
    found: list[InvoiceSummary] = []
    while len(found) < _SAMPLES:
        number = rng.randrange(documents(invoices))
        for event, name in events(invoices, number, number + 1):
            record = change_of(event, name).invoice
            if event.tenant == DEFAULT_TENANT and record:
                found.append(summarise(record))
    return found


def _variants(ask: Ask, samples: Sequence[InvoiceSummary], rng: Random) -> list[Parameters]:
    """Return what to ask for some of the samples, each thing once."""
    asked = {urlencode(each): each for each in map(ask, rng.sample(samples, _VARIANTS))}
    return list(asked.values())


def _in_any_order(variants: Sequence[Parameters]) -> list[Parameters]:
    """Return the variants, one after the other, with every order."""
    count = max(len(variants), len(_SORTS))
    return [{**variants[place % len(variants)], "sort": _SORTS[place % len(_SORTS)]} for place in range(count)]


def _pages_in(sort: InvoiceSort, samples: Sequence[InvoiceSummary]) -> list[Parameters]:
    """Return pages of the list of all that begin after each of the samples."""
    query = InvoiceListParameters(sort=sort).query()
    return [
        {"sort": sort, "cursor": encode_cursor(DEFAULT_TENANT, query, invoice_position(one, query.sort.field))}
        for one in samples
    ]


def _last(sort: InvoiceSort, samples: Sequence[InvoiceSummary]) -> list[InvoiceSummary]:
    """Return the sample that stands last in this order."""
    field = InvoiceListParameters(sort=sort).query().sort.field
    ordered = sorted(samples, key=lambda one: _key(one, field), reverse=sort.startswith("-"))
    return ordered[-1:]


def _key(one: InvoiceSummary, field: InvoiceField) -> tuple[bool, Decimal | str]:
    value = one.gross if field == "gross" else invoice_position(one, field).value
    return value is not None, value or ""


def _shape(name: str, variants: Sequence[Parameters], tenant: str = DEFAULT_TENANT) -> Shape:
    return Shape(name, tuple(f"/v1/invoices?{urlencode(each)}" for each in variants), tenant)
