"""How numbers and dates stand in e-invoice XML."""

from decimal import Decimal

__all__ = ["plain", "two"]


def plain(value: Decimal) -> str:
    """A quantity, price or rate without exponent and without idle zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def two(value: Decimal | None) -> str:
    """An amount with its two decimals; nothing counts as zero."""
    return f"{value or Decimal(0):.2f}"
