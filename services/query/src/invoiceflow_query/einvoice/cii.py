"""UN/CEFACT Cross Industry Invoice D22B in Factur-X's profile EN 16931 (CEN/TS 16931-3-3), elements in the order of the schema."""

import re
from datetime import date
from decimal import Decimal

from invoiceflow_contracts.invoice import (
    Address,
    AllowanceCharge,
    Invoice,
    InvoiceLine,
    Party,
    Payment,
    TaxBreakdown,
    Totals,
)
from invoiceflow_query.einvoice.code_lists import code_list
from invoiceflow_query.einvoice.specification import DISCOUNT, OTHER_CHARGE, SPECIFICATION
from invoiceflow_query.einvoice.tree import Part, Vocabulary, amount, as_bytes
from invoiceflow_query.einvoice.types import type_code

__all__ = ["write_cii"]

_CII = "urn:un:unece:uncefact:data:standard:"
_SPACES: dict[str | None, str] = {
    "rsm": f"{_CII}CrossIndustryInvoice:100",
    "ram": f"{_CII}ReusableAggregateBusinessInformationEntity:100",
    "udt": f"{_CII}UnqualifiedDataType:100",
}
_message, _entity, _data = (Vocabulary(_SPACES[prefix]) for prefix in ("rsm", "ram", "udt"))
_group, _value = _entity.group, _entity.value

_BY_DAY = "102"
"""UNTDID 2379: CCYYMMDD."""
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


def write_cii(invoice: Invoice) -> bytes:
    """Return a completed invoice as a ``CrossIndustryInvoice``."""
    return as_bytes(
        "CrossIndustryInvoice",
        _SPACES,
        _SPACES["rsm"],
        _message.group(
            "ExchangedDocumentContext",
            _group("GuidelineSpecifiedDocumentContextParameter", _value("ID", SPECIFICATION)),
        ),
        _message.group(
            "ExchangedDocument",
            _value("ID", invoice.number),
            _value("TypeCode", type_code(invoice.type)),
            _day("IssueDateTime", invoice.issue_date),
            *(_group("IncludedNote", _value("Content", note)) for note in invoice.notes),
        ),
        _message.group(
            "SupplyChainTradeTransaction",
            *(_line(line) for line in invoice.lines),
            _agreement(invoice),
            _delivery(invoice),
            _settlement(invoice),
        ),
    )


def _day(name: str, value: date | None) -> Part:
    return _group(name, _data.value("DateTimeString", f"{value:%Y%m%d}" if value else None, format=_BY_DAY))


def _indicator(*, is_charge: bool) -> Part:
    return _group("ChargeIndicator", _data.value("Indicator", "true" if is_charge else "false"))


def _amount(name: str, value: Decimal | None, **attributes: str | None) -> Part:
    return _value(name, amount(value), **attributes)


def _tax(name: str, category: str | None, rate: Decimal | None) -> Part:
    return _group(
        name,
        _value("TypeCode", "VAT"),
        _value("CategoryCode", category),
        # What is not subject to VAT has no rate (BR-O-05).
        None if category == "O" else _value("RateApplicablePercent", rate),
    )


def _line(line: InvoiceLine) -> Part:
    title, _, more = (line.description or "").partition("\n")
    return _group(
        "IncludedSupplyChainTradeLineItem",
        _group("AssociatedDocumentLineDocument", _value("LineID", line.id)),
        _group(
            "SpecifiedTradeProduct",
            _value("SellerAssignedID", line.item_code),
            _value("Name", title),
            _value("Description", more),
        ),
        _group(
            "SpecifiedLineTradeAgreement",
            _group("NetPriceProductTradePrice", _value("ChargeAmount", line.unit_price)),
        ),
        _group("SpecifiedLineTradeDelivery", _value("BilledQuantity", line.quantity, unitCode=line.unit)),
        _group(
            "SpecifiedLineTradeSettlement",
            _tax("ApplicableTradeTax", line.tax_category, line.tax_rate),
            _line_discount(line.discount),
            _group("SpecifiedTradeSettlementLineMonetarySummation", _amount("LineTotalAmount", line.net)),
        ),
    )


def _line_discount(discount: Decimal | None) -> Part:
    if not discount:
        return None
    return _group(
        "SpecifiedTradeAllowanceCharge",
        _indicator(is_charge=discount < 0),
        _amount("ActualAmount", abs(discount)),
        _value("ReasonCode", DISCOUNT if discount > 0 else OTHER_CHARGE),
    )


def _agreement(invoice: Invoice) -> Part:
    return _group(
        "ApplicableHeaderTradeAgreement",
        _value("BuyerReference", invoice.buyer_reference),
        _party("SellerTradeParty", invoice.seller, with_tax_id=True),
        _party("BuyerTradeParty", invoice.buyer, with_tax_id=False),
        _group("BuyerOrderReferencedDocument", _value("IssuerAssignedID", invoice.purchase_order)),
    )


def _party(name: str, party: Party, *, with_tax_id: bool) -> Part:
    return _group(
        name,
        _value("Name", party.name),
        _group("SpecifiedLegalOrganization", _value("ID", party.registration_id)),
        _group(
            "DefinedTradeContact",
            _group("TelephoneUniversalCommunication", _value("CompleteNumber", party.phone)),
            _group("EmailURIUniversalCommunication", _value("URIID", party.email)),
        ),
        _address(party.address),
        _group("SpecifiedTaxRegistration", _value("ID", party.vat_id, schemeID="VA")),
        # EN 16931 has a place for the seller's (BT-32) alone.
        _group("SpecifiedTaxRegistration", _value("ID", party.tax_id, schemeID="FC")) if with_tax_id else None,
    )


def _address(address: Address) -> Part:
    return _group(
        "PostalTradeAddress",
        _value("PostcodeCode", address.postcode),
        _value("LineOne", address.street),
        _value("CityName", address.city),
        _value("CountryID", address.country),
        _value("CountrySubDivisionName", address.region),
    )


def _delivery(invoice: Invoice) -> Part:
    event = _group("ActualDeliverySupplyChainEvent", _day("OccurrenceDateTime", invoice.delivery_date))
    # The schema wants the group also where it says nothing.
    return _entity.required("ApplicableHeaderTradeDelivery", event)


def _settlement(invoice: Invoice) -> Part:
    return _group(
        "ApplicableHeaderTradeSettlement",
        _value("PaymentReference", invoice.payment.reference),
        _value("InvoiceCurrencyCode", invoice.currency),
        _means(invoice.payment),
        *(_breakdown(row) for row in invoice.taxes),
        _group(
            "BillingSpecifiedPeriod",
            _day("StartDateTime", invoice.period_start),
            _day("EndDateTime", invoice.period_end),
        ),
        *(_adjustment(each) for each in invoice.allowances_charges),
        _group(
            "SpecifiedTradePaymentTerms",
            _value("Description", invoice.payment_terms),
            _day("DueDateDateTime", invoice.due_date),
        ),
        _summation(invoice.totals, invoice.currency),
        _group("InvoiceReferencedDocument", _value("IssuerAssignedID", invoice.preceding_invoice)),
    )


def _means(payment: Payment) -> Part:
    kind = "IBANID" if payment.iban and _IBAN.fullmatch(payment.iban) else "ProprietaryID"
    return _group(
        "SpecifiedTradeSettlementPaymentMeans",
        _value("TypeCode", payment.means),
        _group(
            "PayeePartyCreditorFinancialAccount",
            *_in_order(
                _value(kind, payment.iban), _value("AccountName", payment.account_name), kind == "ProprietaryID"
            ),
        ),
        _group("PayeeSpecifiedCreditorFinancialInstitution", _value("BICID", payment.bic)),
    )


def _in_order(account: Part, name: Part, name_first: bool) -> tuple[Part, Part]:  # noqa: FBT001
    """Return both as the schema has them: IBANID, AccountName, ProprietaryID."""
    return (name, account) if name_first else (account, name)


def _breakdown(row: TaxBreakdown) -> Part:
    listed = row.exemption_reason if row.exemption_reason in code_list("exemption_reason") else None
    return _group(
        "ApplicableTradeTax",
        _amount("CalculatedAmount", row.amount),
        _value("TypeCode", "VAT"),
        None if listed else _value("ExemptionReason", row.exemption_reason),
        _amount("BasisAmount", row.basis),
        _value("CategoryCode", row.category),
        _value("ExemptionReasonCode", listed),
        None if row.category == "O" else _value("RateApplicablePercent", row.rate),
    )


def _adjustment(item: AllowanceCharge) -> Part:
    listed = (
        item.reason if item.reason in code_list("charge_reason" if item.is_charge else "allowance_reason") else None
    )
    return _group(
        "SpecifiedTradeAllowanceCharge",
        _indicator(is_charge=item.is_charge),
        _value("CalculationPercent", item.percent),
        _amount("BasisAmount", item.basis),
        _amount("ActualAmount", item.amount),
        _value("ReasonCode", listed),
        None if listed else _value("Reason", item.reason),
        _tax("CategoryTradeTax", item.tax_category, item.tax_rate),
    )


def _summation(totals: Totals, currency: str | None) -> Part:
    return _group(
        "SpecifiedTradeSettlementHeaderMonetarySummation",
        _amount("LineTotalAmount", totals.lines_net),
        _amount("ChargeTotalAmount", totals.charges),
        _amount("AllowanceTotalAmount", totals.allowances),
        _amount("TaxBasisTotalAmount", totals.net),
        _amount("TaxTotalAmount", totals.tax, currencyID=currency),
        _amount("RoundingAmount", totals.rounding),
        _amount("GrandTotalAmount", totals.gross),
        _amount("TotalPrepaidAmount", totals.prepaid),
        _amount("DuePayableAmount", totals.payable),
    )
