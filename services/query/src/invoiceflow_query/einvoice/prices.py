"""Prices of one unit, and as a document states them."""

from decimal import Decimal

__all__ = ["of_quantity"]

PRECISION = Decimal("1e-10")
"""To which a price of one unit is kept that does not come out even."""


def of_quantity(price: Decimal | None, quantity: Decimal | None) -> Decimal | None:
    """Return the price of ``quantity`` units where that of one is ``price``.

    A price that did not come out even (10.00 for 3) becomes the one that it was made from, not 9.9999999999.
    """
    if price is None or not quantity:
        return price
    exact = price * quantity
    rounded = exact.quantize(Decimal("1e-6"))
    return rounded if (rounded / quantity).quantize(PRECISION) == price.quantize(PRECISION) else exact
