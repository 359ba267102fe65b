"""The namespaces of CII, and what is written alike in many places."""

from datetime import date
from decimal import Decimal

from invoiceflow_contracts.invoice import Address, AllowanceCharge, Identifier
from invoiceflow_query.einvoice.tree import Part, Vocabulary, amount

__all__ = [
    "SPACES",
    "account",
    "address",
    "adjustment",
    "day",
    "document_reference",
    "group",
    "indicator",
    "message",
    "money",
    "object_reference",
    "period",
    "required",
    "tax",
    "tax_point",
    "value",
]

_CII = "urn:un:unece:uncefact:data:standard:"
SPACES: dict[str | None, str] = {
    "rsm": f"{_CII}CrossIndustryInvoice:100",
    "ram": f"{_CII}ReusableAggregateBusinessInformationEntity:100",
    "qdt": f"{_CII}QualifiedDataType:100",
    "udt": f"{_CII}UnqualifiedDataType:100",
}
message = Vocabulary(SPACES["rsm"]).group
group, required, value = (
    Vocabulary(SPACES["ram"]).group,
    Vocabulary(SPACES["ram"]).required,
    Vocabulary(SPACES["ram"]).value,
)
_data, _qualified = Vocabulary(SPACES["udt"]).value, Vocabulary(SPACES["qdt"]).value

_BY_DAY = "102"
"""UNTDID 2379: CCYYMMDD."""


def money(name: str, number: Decimal | None, **attributes: str | None) -> Part:
    """Return an amount."""
    return value(name, amount(number), **attributes)


def _digits(given: date | None) -> str | None:
    return f"{given:%Y%m%d}" if given else None


def day(name: str, given: date | None) -> Part:
    """Return a date."""
    return group(name, _data("DateTimeString", _digits(given), format=_BY_DAY))


def tax_point(given: date | None) -> Part:
    """Return when the VAT becomes due (BT-7): a date of another type than all others."""
    return group("TaxPointDate", _data("DateString", _digits(given), format=_BY_DAY))


def period(start: date | None, end: date | None) -> Part:
    """Return an invoicing period, of the invoice or of a line."""
    return group("BillingSpecifiedPeriod", day("StartDateTime", start), day("EndDateTime", end))


def indicator(*, is_charge: bool) -> Part:
    """Return whether something is a charge."""
    return group("ChargeIndicator", _data("Indicator", "true" if is_charge else "false"))


def tax(name: str, category: str | None, rate: Decimal | None) -> Part:
    """Return a VAT category; what is not subject to VAT has no rate (BR-O-05)."""
    return group(
        name,
        value("TypeCode", "VAT"),
        value("CategoryCode", category),
        None if category == "O" else value("RateApplicablePercent", rate),
    )


def adjustment(item: AllowanceCharge, *more: Part) -> Part:
    """Return an allowance or charge, of the whole invoice or of a line."""
    return group(
        "SpecifiedTradeAllowanceCharge",
        indicator(is_charge=item.is_charge),
        value("CalculationPercent", item.percent),
        money("BasisAmount", item.basis),
        money("ActualAmount", item.amount),
        value("ReasonCode", item.reason_code),
        value("Reason", item.reason),
        *more,
    )


def address(given: Address) -> Part:
    """Return a postal address."""
    return group(
        "PostalTradeAddress",
        value("PostcodeCode", given.postcode),
        value("LineOne", given.street),
        value("CityName", given.city),
        value("CountryID", given.country),
        value("CountrySubDivisionName", given.region),
    )


def account(reference: str | None) -> Part:
    """Return where the buyer books the invoice (BT-19) or a line (BT-133)."""
    return group("ReceivableSpecifiedTradeAccountingAccount", value("ID", reference))


def document_reference(name: str, number: str | None, issued: date | None = None) -> Part:
    """Return a reference to another document, with its date where that is known."""
    stamp = group("FormattedIssueDateTime", _qualified("DateTimeString", _digits(issued), format=_BY_DAY))
    return group(name, value("IssuerAssignedID", number), stamp)


def object_reference(given: Identifier | None, kind: str) -> Part:
    """Return what an invoice (BT-18) or a line (BT-128) is about, such as a meter."""
    if given is None:
        return None
    return group(
        "AdditionalReferencedDocument",
        value("IssuerAssignedID", given.value),
        value("TypeCode", kind),
        value("ReferenceTypeCode", given.scheme),
    )
