"""What lines have in common in both syntaxes."""

from decimal import Decimal

from invoiceflow_extract.einvoice.draft import Draft
from invoiceflow_extract.einvoice.node import Node

__all__ = ["put_discount", "put_unit_price"]

_PRICE_DIGITS = Decimal("1e-10")


def put_unit_price(draft: Draft, at: str, price: Node | None, per: Node | None, unit: str | None) -> None:
    """Set the price of one unit (BT-146): the price divided by the quantity it is for (BT-149).

    Where that quantity is in another unit than the line's (a price per kilogram of something counted in pieces), the
    price stays as it stands.
    """
    pointer = f"{at}/unit_price"
    value = draft.parse_number(pointer, price)
    if value is None or price is None:
        return
    basis = draft.parse_number(pointer, per)
    text = price.text or ""
    if per is not None and basis is not None and basis > 0 and basis != 1:
        per_unit = per.attribute("unitCode")
        if per_unit is None or unit is None or per_unit == unit:
            exact = value / basis
            value = min(exact, exact.quantize(_PRICE_DIGITS), key=lambda number: len(format(number, "f")))
            text = f"{text} / {per.text}"
    draft.put(pointer, value, price, text)


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
