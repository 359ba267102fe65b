"""Invoice lines in UBL."""

from invoiceflow_contracts.invoice import InvoiceLine
from invoiceflow_query.einvoice.prices import stated
from invoiceflow_query.einvoice.specification import OBJECT
from invoiceflow_query.einvoice.tree import Part
from invoiceflow_query.einvoice.ubl.vocabulary import adjustment, category, group, identifier, money, value

__all__ = ["write_line"]


def write_line(given: InvoiceLine, currency: str | None, *, credit: bool) -> Part:
    """Return a line (BG-25) of an invoice or a credit note."""
    return group(
        "CreditNoteLine" if credit else "InvoiceLine",
        value("ID", given.id),
        value("Note", given.note),
        value("CreditedQuantity" if credit else "InvoicedQuantity", given.quantity, unitCode=given.unit),
        money("LineExtensionAmount", given.net, currency),
        value("AccountingCost", given.accounting_reference),
        group("InvoicePeriod", value("StartDate", given.period_start), value("EndDate", given.period_end)),
        group("OrderLineReference", value("LineID", given.order_line)),
        group(
            "DocumentReference",
            identifier("ID", given.object_id),
            value("DocumentTypeCode", OBJECT if given.object_id else None),
        ),
        *(adjustment(each, currency) for each in given.allowances_charges),
        _item(given),
        _price(given, currency),
    )


def _item(given: InvoiceLine) -> Part:
    title, _, more = (given.description or "").partition("\n")
    return group(
        "Item",
        value("Description", more),
        value("Name", title),
        group("BuyersItemIdentification", value("ID", given.buyer_item_code)),
        group("SellersItemIdentification", value("ID", given.item_code)),
        group("StandardItemIdentification", identifier("ID", given.standard_item_code)),
        group("OriginCountry", value("IdentificationCode", given.country_of_origin)),
        *(
            group(
                "CommodityClassification",
                value("ItemClassificationCode", each.code, listID=each.scheme, listVersionID=each.version),
            )
            for each in given.classifications
        ),
        category("ClassifiedTaxCategory", given.tax_category, given.tax_rate),
        *(
            group("AdditionalItemProperty", value("Name", each.name), value("Value", each.value))
            for each in given.attributes
        ),
    )


def _price(given: InvoiceLine, currency: str | None) -> Part:
    return group(
        "Price",
        value("PriceAmount", stated(given, given.unit_price), currencyID=currency),
        value("BaseQuantity", given.price_base_quantity, unitCode=given.price_base_unit),
        group(
            "AllowanceCharge",
            value("ChargeIndicator", "false"),
            value("Amount", stated(given, given.price_discount), currencyID=currency),
            value("BaseAmount", stated(given, given.gross_price), currencyID=currency),
        )
        if given.gross_price is not None
        else None,
    )
