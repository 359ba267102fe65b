"""What both syntaxes name alike."""

__all__ = ["DISCOUNT", "NO_ORDER", "OBJECT", "OTHER_CHARGE", "PROJECT", "SPECIFICATION", "SUPPORTING", "TENDER"]

SPECIFICATION = "urn:cen.eu:en16931:2017"
"""The specification that the documents keep to (BT-24): EN 16931 itself, which is also Factur-X's profile of that name."""

DISCOUNT, OTHER_CHARGE = "95", "ABK"
"""Reason of an allowance (UNTDID 5189: discount) and a charge (UNTDID 7161: miscellaneous) of which only the amount is known."""

OBJECT, PROJECT, TENDER, SUPPORTING = "130", "50", "50", "916"
"""UNTDID 1001: what a referenced document is. The one code of the project (a UBL credit note's) and the tender (CII's) is no mistake."""

NO_ORDER = "NA"
"""The purchase order where there is none and the syntax wants one beside the seller's own."""
