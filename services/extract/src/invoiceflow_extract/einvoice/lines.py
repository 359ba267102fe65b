"""What the syntaxes have in common: prices by their base quantity, allowances and charges, references."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoiceflow_extract.einvoice.draft import Draft
from invoiceflow_extract.einvoice.node import Node

__all__ = ["Allowance", "Price", "put_allowances", "put_discount", "put_preceding", "put_prices", "put_quantity"]

_PRICE_DIGITS = Decimal("1e-10")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Price:
    """The elements that hold a line's price."""

    net: Node | None
    """BT-146."""
    per: Node | None = None
    """BT-149, with its unit as an attribute (BT-150)."""
    gross: Node | None = None
    """BT-148."""
    discount: Node | None = None
    """BT-147."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """The elements that hold an allowance or a charge."""

    amount: Node | None
    is_charge: bool
    indicator: Node
    basis: Node | None = None
    percent: Node | None = None
    reason: Node | None = None
    code: Node | None = None
    tax_rate: Node | None = None
    tax_category: Node | None = None


def put_quantity(draft: Draft, at: str, quantity: Node | None) -> None:
    """Set a line's quantity (BT-129) and its unit (BT-130)."""
    draft.number(f"{at}/quantity", quantity)
    draft.attribute(f"{at}/unit", quantity, "unitCode")


def put_prices(draft: Draft, at: str, price: Price) -> None:
    """Set the prices of one unit (BT-146 to BT-148): those stated, divided by the quantity they are for (BT-149).

    Two cases leave the prices as they stand: that quantity is in another unit than the line's (a price per kilogram of
    something counted in pieces), or, a known mistake of senders, it repeats the line's quantity beside the price of one.
    The line's quantity, unit, net amount and discount are to be set before.
    """
    per = price.per
    basis = draft.number(f"{at}/price_base_quantity", per)
    draft.attribute(f"{at}/price_base_unit", per, "unitCode")
    value = draft.parse_number(f"{at}/unit_price", price.net)
    divisor = None
    if per is not None and basis is not None and basis > 0 and basis != 1:
        per_unit, unit = per.attribute("unitCode"), draft.value(f"{at}/unit")
        same_unit = per_unit is None or unit is None or per_unit == unit
        repeated = value is not None and _closes(draft, at, value) and not _closes(draft, at, value / basis)
        divisor = basis if same_unit and not repeated else None
    for name, node in (("unit_price", price.net), ("gross_price", price.gross), ("price_discount", price.discount)):
        stated = value if node is price.net else draft.parse_number(f"{at}/{name}", node)
        if stated is None or node is None:
            continue
        if divisor is None:
            draft.put(f"{at}/{name}", stated, node)
        else:
            exact = stated / divisor
            one = min(exact, exact.quantize(_PRICE_DIGITS), key=lambda number: len(format(number, "f")))
            draft.put(f"{at}/{name}", one, node, f"{node.text} / {divisor}")


def _closes(draft: Draft, at: str, unit_price: Decimal) -> bool:
    quantity, net, discount = (draft.value(f"{at}/{name}") for name in ("quantity", "net", "discount"))
    if not isinstance(quantity, Decimal) or not isinstance(net, Decimal):
        return False
    less = discount if isinstance(discount, Decimal) else Decimal(0)
    return abs(quantity * unit_price - less - net) < _CENT


def put_allowances(draft: Draft, at: str, given: Iterable[Allowance]) -> None:
    """Set the allowances and charges of the document (``at`` is empty) or of a line, those that have an amount."""
    index = 0
    for each in given:
        own = f"{at}/allowances_charges/{index}"
        if draft.number(f"{own}/amount", each.amount) is None:
            continue
        draft.put(f"{own}/is_charge", each.is_charge, each.indicator, None if each.indicator.text else "charge")
        draft.number(f"{own}/basis", each.basis)
        draft.number(f"{own}/percent", each.percent)
        draft.text(f"{own}/reason", each.reason)
        draft.text(f"{own}/reason_code", each.code)
        draft.number(f"{own}/tax_rate", each.tax_rate)
        draft.text(f"{own}/tax_category", each.tax_category)
        index += 1


def put_discount(draft: Draft, at: str, given: Sequence[Allowance]) -> None:
    """Set the line's discount: its allowances (BT-136) less its charges (BT-141), so that the line's arithmetic holds."""
    put_allowances(draft, at, given)
    amounts = [
        (each.amount, -value if each.is_charge else value)
        for each in given
        if each.amount is not None and (value := draft.parse_number("", each.amount, quiet=True)) is not None
    ]
    if amounts:
        total = sum((value for _, value in amounts), Decimal(0))
        first = amounts[0][0]
        draft.put(
            f"{at}/discount",
            total,
            first,
            first.text if len(amounts) == 1 else " + ".join(str(value) for _, value in amounts),
        )


def put_preceding(draft: Draft, given: Iterable[tuple[Node | None, Node | None]]) -> None:
    """Set the preceding invoices (BG-3), each given by the elements of its number and its date."""
    index = 0
    for number, issued in given:
        at = f"/preceding_invoices/{index}"
        if not draft.text(f"{at}/number", number):
            continue
        draft.date(f"{at}/issue_date", issued)
        if index == 0:
            draft.text("/preceding_invoice", number)
        index += 1
