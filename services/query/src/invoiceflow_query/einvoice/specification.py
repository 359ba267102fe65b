"""What both syntaxes name alike."""

__all__ = ["DISCOUNT", "OTHER_CHARGE", "SPECIFICATION"]

SPECIFICATION = "urn:cen.eu:en16931:2017"
"""The specification that the documents keep to (BT-24): EN 16931 itself, which is also Factur-X's profile of that name."""

DISCOUNT, OTHER_CHARGE = "95", "ABK"
"""Reason of a line's allowance (UNTDID 5189: discount) and charge (UNTDID 7161: miscellaneous) that has no reason of its own."""
