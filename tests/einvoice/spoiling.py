"""Invoices with something wrong: a field missing, another code, an amount a little off."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

from pydantic import ValidationError

from invoiceflow_contracts.invoice import Invoice, InvoiceType

__all__ = ["spoilt"]

CATEGORIES = (None, "S", "Z", "E", "AE", "K", "G", "O", "L", "M", "B", "X")
ADDED: dict[str, object] = {
    "account_name": "Acme",
    "basis": Decimal(100),
    "bic": "COBADEFF",
    "discount": Decimal(-1),
    "exemption_reason": "Because",
    "iban": "DE02120300000000202051",
    "means": "58",
    "percent": Decimal(10),
    "region": "BW",
    "registration_id": "HRB 1",
    "rounding": Decimal("0.02"),
    "tax_id": "12/345/678",
    "unit": "Stk.",
}
"""What is put where the invoice says nothing."""

Path = tuple[str | int, ...]


def spoilt(invoice: Invoice, rng: Random) -> Invoice:
    """Return ``invoice`` with one to three changes; one of them may well be harmless."""
    while True:
        tree = invoice.model_dump()
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            path, value = rng.choice(list(_places(tree)))
            _put(tree, path, _another(path, value, rng))
        try:
            return Invoice.model_validate(tree)
        except ValidationError:  # an allowance without amount is no invoice at all
            continue


def _places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value with its path, and every list as a whole."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else None
    if children is None or isinstance(value, tuple):
        yield path, value
    for name, child in children or ():
        yield from _places(child, (*path, name))


def _put(tree: Any, path: Path, value: object) -> None:
    """Set the value at ``path``; lists stand in the tree as tuples."""
    name, *rest = path
    if rest:
        child = list(tree[name]) if isinstance(tree[name], tuple) else tree[name]
        _put(child, tuple(rest), value)
        value = tuple(child) if isinstance(child, list) else child
    tree[name] = value


def _another(path: Path, value: Any, rng: Random) -> object:
    if path[-1] in {"tax_category", "category"}:
        return rng.choice(CATEGORIES)
    if path[-1] == "type":
        return rng.choice(list(InvoiceType))
    if isinstance(value, bool):
        return not value
    if isinstance(value, tuple):
        return value[:-1]
    return rng.choice(_others(str(path[-1]), value))


def _others(name: str, value: object) -> tuple[object, ...]:
    if isinstance(value, Decimal):
        near = (value + Decimal("0.01"), value + 1, -value, value + Decimal("0.001"))
        return (None, *near, Decimal(0), Decimal(19))
    if isinstance(value, str):
        return (None, "", "XX", "  ", "\x0cA<&", f"{value}é")
    return (ADDED.get(name) if value is None else None,)
