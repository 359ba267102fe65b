"""Prices of one unit, and as a document states them."""

from decimal import Decimal

from invoiceflow_contracts.invoice import InvoiceLine

__all__ = ["stated"]

PRECISION = Decimal("1e-10")
"""To which a price of one unit is kept that does not come out even."""


def stated(line: InvoiceLine, price: Decimal | None) -> Decimal | None:
    """Return one of the line's prices, which are those of one unit, as the price of its base quantity.

    A price that did not come out even (10.00 for 3) becomes the one that it was made from, not 9.9999999999. A base quantity in another
    unit than the line's has divided nothing.
    """
    quantity = line.price_base_quantity
    if price is None or not quantity or line.price_base_unit not in {None, line.unit}:
        return price
    exact = price * quantity
    rounded = exact.quantize(Decimal("1e-6"))
    return rounded if (rounded / quantity).quantize(PRECISION) == price.quantize(PRECISION) else exact
