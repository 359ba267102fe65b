"""The namespaces of UBL 2.1, and what is written alike in many places."""

from decimal import Decimal

from invoiceflow_contracts.invoice import Address, AllowanceCharge, Identifier
from invoiceflow_query.einvoice.tree import Part, Vocabulary, amount

__all__ = ["CAC", "CBC", "UBL", "VAT", "address", "adjustment", "category", "group", "identifier", "money", "value"]

UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
CAC = f"{UBL}CommonAggregateComponents-2"
CBC = f"{UBL}CommonBasicComponents-2"
group, value = Vocabulary(CAC).group, Vocabulary(CBC).value

VAT = "VAT"
"""The scheme of value added tax (``cac:TaxScheme``)."""


def money(name: str, number: Decimal | None, currency: str | None) -> Part:
    """Return an amount with its currency."""
    return value(name, amount(number), currencyID=currency)


def identifier(name: str, given: Identifier | None) -> Part:
    """Return an identifier with its scheme."""
    return value(name, given.value, schemeID=given.scheme) if given else None


def address(name: str, given: Address) -> Part:
    """Return a postal address."""
    return group(
        name,
        value("StreetName", given.street),
        value("CityName", given.city),
        value("PostalZone", given.postcode),
        value("CountrySubentity", given.region),
        group("Country", value("IdentificationCode", given.country)),
    )


def category(name: str, code: str | None, rate: Decimal | None, *exemption: Part) -> Part:
    """Return a VAT category; what is not subject to VAT has no rate (BR-O-05)."""
    return group(
        name,
        value("ID", code),
        None if code == "O" else value("Percent", rate),
        *exemption,
        group("TaxScheme", value("ID", VAT)),
    )


def adjustment(item: AllowanceCharge, currency: str | None, *tax: Part) -> Part:
    """Return an allowance or charge, of the whole invoice or of a line."""
    return group(
        "AllowanceCharge",
        value("ChargeIndicator", "true" if item.is_charge else "false"),
        value("AllowanceChargeReasonCode", item.reason_code),
        value("AllowanceChargeReason", item.reason),
        value("MultiplierFactorNumeric", item.percent),
        money("Amount", item.amount, currency),
        money("BaseAmount", item.basis, currency),
        *tax,
    )
