"""What lines have in common in both syntaxes."""

from decimal import Decimal

from invoiceflow_extract.einvoice.draft import Draft
from invoiceflow_extract.einvoice.node import Node

__all__ = ["put_discount", "put_unit_price"]

_PRICE_DIGITS = Decimal("1e-10")
_CENT = Decimal("0.01")


def put_unit_price(draft: Draft, at: str, price: Node | None, per: Node | None) -> None:
    """Set the price of one unit (BT-146): the price divided by the quantity it is for (BT-149).

    Two cases leave the price as it stands: that quantity is in another unit than the line's (a price per kilogram of
    something counted in pieces), or, a known mistake of senders, it repeats the line's quantity beside the price of one.
    The line's quantity, unit, net amount and discount are to be set before.
    """
    pointer = f"{at}/unit_price"
    value = draft.parse_number(pointer, price)
    if value is None or price is None:
        return
    basis = draft.parse_number(pointer, per)
    text = price.text or ""
    if per is not None and basis is not None and basis > 0 and basis != 1:
        per_unit, unit = per.attribute("unitCode"), draft.value(f"{at}/unit")
        same_unit = per_unit is None or unit is None or per_unit == unit
        if same_unit and not (_closes(draft, at, value) and not _closes(draft, at, value / basis)):
            exact = value / basis
            value = min(exact, exact.quantize(_PRICE_DIGITS), key=lambda number: len(format(number, "f")))
            text = f"{text} / {per.text}"
    draft.put(pointer, value, price, text)


def _closes(draft: Draft, at: str, unit_price: Decimal) -> bool:
    quantity, net, discount = (draft.value(f"{at}/{name}") for name in ("quantity", "net", "discount"))
    if not isinstance(quantity, Decimal) or not isinstance(net, Decimal):
        return False
    less = discount if isinstance(discount, Decimal) else Decimal(0)
    return abs(quantity * unit_price - less - net) < _CENT


def put_discount(draft: Draft, at: str, amounts: list[tuple[Node | None, bool]]) -> None:
    """Set the line's discount: its allowances (BT-136) less its charges (BT-141), so that the line's arithmetic holds.

    Args:
        draft: where to set it.
        at: pointer of the line.
        amounts: each allowance or charge with whether it is a charge.
    """
    pointer = f"{at}/discount"
    given = [
        (node, -value if is_charge else value)
        for node, is_charge in amounts
        if node is not None and (value := draft.parse_number(pointer, node)) is not None
    ]
    if given:
        total = sum((value for _, value in given), Decimal(0))
        text = given[0][0].text if len(given) == 1 else " + ".join(str(value) for _, value in given)
        draft.put(pointer, total, given[0][0], text)
