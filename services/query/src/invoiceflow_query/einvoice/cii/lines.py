"""Invoice lines in CII."""

from decimal import Decimal

from invoiceflow_contracts.invoice import InvoiceLine
from invoiceflow_query.einvoice.cii.vocabulary import (
    account,
    adjustment,
    group,
    indicator,
    money,
    object_reference,
    period,
    tax,
    value,
)
from invoiceflow_query.einvoice.prices import stated
from invoiceflow_query.einvoice.specification import OBJECT
from invoiceflow_query.einvoice.tree import Part

__all__ = ["write_line"]


def write_line(given: InvoiceLine) -> Part:
    """Return a line (BG-25)."""
    return group(
        "IncludedSupplyChainTradeLineItem",
        group(
            "AssociatedDocumentLineDocument",
            value("LineID", given.id),
            group("IncludedNote", value("Content", given.note)),
        ),
        _product(given),
        _agreement(given),
        group("SpecifiedLineTradeDelivery", value("BilledQuantity", given.quantity, unitCode=given.unit)),
        group(
            "SpecifiedLineTradeSettlement",
            tax("ApplicableTradeTax", given.tax_category, given.tax_rate),
            period(given.period_start, given.period_end),
            *(adjustment(each) for each in given.allowances_charges),
            group("SpecifiedTradeSettlementLineMonetarySummation", money("LineTotalAmount", given.net)),
            object_reference(given.object_id, OBJECT),
            account(given.accounting_reference),
        ),
    )


def _product(given: InvoiceLine) -> Part:
    title, _, more = (given.description or "").partition("\n")
    standard = given.standard_item_code
    return group(
        "SpecifiedTradeProduct",
        value("GlobalID", standard.value, schemeID=standard.scheme) if standard else None,
        value("SellerAssignedID", given.item_code),
        value("BuyerAssignedID", given.buyer_item_code),
        value("Name", title),
        value("Description", more),
        *(
            group("ApplicableProductCharacteristic", value("Description", each.name), value("Value", each.value))
            for each in given.attributes
        ),
        *(
            group(
                "DesignatedProductClassification",
                value("ClassCode", each.code, listID=each.scheme, listVersionID=each.version),
            )
            for each in given.classifications
        ),
        group("OriginTradeCountry", value("ID", given.country_of_origin)),
    )


def _agreement(given: InvoiceLine) -> Part:
    return group(
        "SpecifiedLineTradeAgreement",
        group("BuyerOrderReferencedDocument", value("LineID", given.order_line)),
        group(
            "GrossPriceProductTradePrice",
            value("ChargeAmount", stated(given, given.gross_price)),
            _basis(given),
            _price_discount(stated(given, given.price_discount)),
        )
        if given.gross_price is not None
        else None,
        group("NetPriceProductTradePrice", value("ChargeAmount", stated(given, given.unit_price)), _basis(given)),
    )


def _basis(given: InvoiceLine) -> Part:
    return value("BasisQuantity", given.price_base_quantity, unitCode=given.price_base_unit)


def _price_discount(discount: Decimal | None) -> Part:
    if discount is None:
        return None
    return group("AppliedTradeAllowanceCharge", indicator(is_charge=False), value("ActualAmount", discount))
