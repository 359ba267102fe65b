"""UN/CEFACT Cross Industry Invoice D16B in the EN 16931 profile, elements in the order of the schema."""

from datetime import date
from decimal import Decimal

from lxml import etree

from invoiceflow_contracts.invoice import AllowanceCharge, Invoice, InvoiceLine, InvoiceType, Party
from invoiceflow_samples.einvoice.amounts import plain, two

__all__ = ["GUIDELINE", "write_cii"]

GUIDELINE = "urn:cen.eu:en16931:2017"
_CII = "urn:un:unece:uncefact:data:standard:"
_SPACES = {
    "rsm": f"{_CII}CrossIndustryInvoice:100",
    "ram": f"{_CII}ReusableAggregateBusinessInformationEntity:100",
    "udt": f"{_CII}UnqualifiedDataType:100",
}
_BY_DAY = "102"  # UNTDID 2379: CCYYMMDD


def _group(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_SPACES['ram']}}}{name}")


def _value(parent: etree._Element, name: str, text: str | None, **attributes: str) -> None:
    if text:
        etree.SubElement(parent, f"{{{_SPACES['ram']}}}{name}", attributes).text = text


def _day(parent: etree._Element, name: str, value: date | None) -> None:
    if value:
        stamp = etree.SubElement(_group(parent, name), f"{{{_SPACES['udt']}}}DateTimeString", {"format": _BY_DAY})
        stamp.text = f"{value:%Y%m%d}"


def _indicator(parent: etree._Element, *, charge: bool) -> None:
    flag = etree.SubElement(_group(parent, "ChargeIndicator"), f"{{{_SPACES['udt']}}}Indicator")
    flag.text = "true" if charge else "false"


def _line(parent: etree._Element, line: InvoiceLine) -> None:
    item = _group(parent, "IncludedSupplyChainTradeLineItem")
    _value(_group(item, "AssociatedDocumentLineDocument"), "LineID", line.id)
    product = _group(item, "SpecifiedTradeProduct")
    title, _, more = (line.description or "").partition("\n")
    _value(product, "SellerAssignedID", line.item_code)
    _value(product, "Name", title)
    _value(product, "Description", more)
    price = _group(_group(item, "SpecifiedLineTradeAgreement"), "NetPriceProductTradePrice")
    _value(price, "ChargeAmount", plain(line.unit_price or Decimal(0)))
    delivery = _group(item, "SpecifiedLineTradeDelivery")
    _value(delivery, "BilledQuantity", plain(line.quantity or Decimal(1)), unitCode=line.unit or "C62")
    settlement = _group(item, "SpecifiedLineTradeSettlement")
    tax = _group(settlement, "ApplicableTradeTax")
    _value(tax, "TypeCode", "VAT")
    _value(tax, "CategoryCode", line.tax_category)
    _value(tax, "RateApplicablePercent", plain(line.tax_rate or Decimal(0)))
    if line.discount:
        allowance = _group(settlement, "SpecifiedTradeAllowanceCharge")
        _indicator(allowance, charge=False)
        _value(allowance, "ActualAmount", two(line.discount))
        _value(allowance, "ReasonCode", "95")
    _value(_group(settlement, "SpecifiedTradeSettlementLineMonetarySummation"), "LineTotalAmount", two(line.net))


def _party(parent: etree._Element, name: str, party: Party) -> None:
    group = _group(parent, name)
    _value(group, "Name", party.name)
    contact = _group(group, "DefinedTradeContact")
    _value(contact, "DepartmentName", party.name)
    _value(_group(contact, "TelephoneUniversalCommunication"), "CompleteNumber", party.phone)
    _value(_group(contact, "EmailURIUniversalCommunication"), "URIID", party.email)
    address = _group(group, "PostalTradeAddress")
    _value(address, "PostcodeCode", party.address.postcode)
    _value(address, "LineOne", party.address.street)
    _value(address, "CityName", party.address.city)
    _value(address, "CountryID", party.address.country)
    _value(_group(group, "URIUniversalCommunication"), "URIID", party.email, schemeID="EM")
    if party.vat_id:
        _value(_group(group, "SpecifiedTaxRegistration"), "ID", party.vat_id, schemeID="VA")


def _agreement(transaction: etree._Element, invoice: Invoice) -> None:
    agreement = _group(transaction, "ApplicableHeaderTradeAgreement")
    _value(agreement, "BuyerReference", invoice.buyer_reference)
    _party(agreement, "SellerTradeParty", invoice.seller)
    _party(agreement, "BuyerTradeParty", invoice.buyer)
    if invoice.purchase_order:
        _value(_group(agreement, "BuyerOrderReferencedDocument"), "IssuerAssignedID", invoice.purchase_order)


def _delivery(transaction: etree._Element, invoice: Invoice) -> None:
    delivery = _group(transaction, "ApplicableHeaderTradeDelivery")
    if invoice.delivery_date:
        event = _group(delivery, "ActualDeliverySupplyChainEvent")
        _day(event, "OccurrenceDateTime", invoice.delivery_date)


def _means(settlement: etree._Element, invoice: Invoice) -> None:
    _value(settlement, "PaymentReference", invoice.payment.reference)
    _value(settlement, "InvoiceCurrencyCode", invoice.currency)
    if invoice.payment.iban:
        means = _group(settlement, "SpecifiedTradeSettlementPaymentMeans")
        _value(means, "TypeCode", invoice.payment.means)
        account = _group(means, "PayeePartyCreditorFinancialAccount")
        _value(account, "IBANID", invoice.payment.iban)
        _value(account, "AccountName", invoice.payment.account_name)
        if invoice.payment.bic:
            _value(_group(means, "PayeeSpecifiedCreditorFinancialInstitution"), "BICID", invoice.payment.bic)


def _adjustment(settlement: etree._Element, item: AllowanceCharge) -> None:
    group = _group(settlement, "SpecifiedTradeAllowanceCharge")
    _indicator(group, charge=item.is_charge)
    if item.percent is not None:
        _value(group, "CalculationPercent", plain(item.percent))
    if item.basis is not None:
        _value(group, "BasisAmount", two(item.basis))
    _value(group, "ActualAmount", two(item.amount))
    _value(group, "Reason", item.reason)
    tax = _group(group, "CategoryTradeTax")
    _value(tax, "TypeCode", "VAT")
    _value(tax, "CategoryCode", item.tax_category)
    _value(tax, "RateApplicablePercent", plain(item.tax_rate or Decimal(0)))


def _summation(settlement: etree._Element, invoice: Invoice) -> None:
    totals = invoice.totals
    group = _group(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation")
    _value(group, "LineTotalAmount", two(totals.lines_net))
    _value(group, "ChargeTotalAmount", two(totals.charges) if totals.charges is not None else None)
    _value(group, "AllowanceTotalAmount", two(totals.allowances) if totals.allowances is not None else None)
    _value(group, "TaxBasisTotalAmount", two(totals.net))
    _value(group, "TaxTotalAmount", two(totals.tax), currencyID=invoice.currency or "EUR")
    _value(group, "GrandTotalAmount", two(totals.gross))
    _value(group, "TotalPrepaidAmount", two(totals.prepaid) if totals.prepaid is not None else None)
    _value(group, "DuePayableAmount", two(totals.payable))


def _settlement(transaction: etree._Element, invoice: Invoice) -> None:
    settlement = _group(transaction, "ApplicableHeaderTradeSettlement")
    _means(settlement, invoice)
    for row in invoice.taxes:
        tax = _group(settlement, "ApplicableTradeTax")
        _value(tax, "CalculatedAmount", two(row.amount))
        _value(tax, "TypeCode", "VAT")
        _value(tax, "ExemptionReason", row.exemption_reason)
        _value(tax, "BasisAmount", two(row.basis))
        _value(tax, "CategoryCode", row.category)
        _value(tax, "RateApplicablePercent", plain(row.rate or Decimal(0)))
    for item in invoice.allowances_charges:
        _adjustment(settlement, item)
    if invoice.payment_terms or invoice.due_date:
        terms = _group(settlement, "SpecifiedTradePaymentTerms")
        _value(terms, "Description", invoice.payment_terms)
        _day(terms, "DueDateDateTime", invoice.due_date)
    _summation(settlement, invoice)
    if invoice.preceding_invoice:
        _value(_group(settlement, "InvoiceReferencedDocument"), "IssuerAssignedID", invoice.preceding_invoice)


def write_cii(invoice: Invoice) -> bytes:
    """The invoice as a ``CrossIndustryInvoice`` document."""
    rsm = f"{{{_SPACES['rsm']}}}"
    root = etree.Element(f"{rsm}CrossIndustryInvoice", nsmap=_SPACES)
    context = etree.SubElement(root, f"{rsm}ExchangedDocumentContext")
    _value(_group(context, "GuidelineSpecifiedDocumentContextParameter"), "ID", GUIDELINE)
    document = etree.SubElement(root, f"{rsm}ExchangedDocument")
    _value(document, "ID", invoice.number)
    _value(document, "TypeCode", "381" if invoice.type is InvoiceType.CREDIT_NOTE else "380")
    _day(document, "IssueDateTime", invoice.issue_date)
    for note in invoice.notes:
        _value(_group(document, "IncludedNote"), "Content", note)
    transaction = etree.SubElement(root, f"{rsm}SupplyChainTradeTransaction")
    for line in invoice.lines:
        _line(transaction, line)
    _agreement(transaction, invoice)
    _delivery(transaction, invoice)
    _settlement(transaction, invoice)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
