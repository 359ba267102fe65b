"""UN/CEFACT Cross Industry Invoice (binding CEN/TS 16931-3-3): Factur-X, ZUGFeRD 1 and 2, XRechnung CII."""

from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_extract.einvoice.codes import invoice_type, unknown_type
from invoiceflow_extract.einvoice.draft import Draft
from invoiceflow_extract.einvoice.lines import put_discount, put_unit_price
from invoiceflow_extract.einvoice.model import EInvoice, Syntax
from invoiceflow_extract.einvoice.node import Node

__all__ = ["read_cii"]

_SUMMARY_LINES = {"GROUP", "INFORMATION"}
"""Values of ``LineStatusReasonCode`` (Factur-X EXTENDED) for lines whose amount other lines already carry."""


def read_cii(root: Node, syntax: Syntax) -> EInvoice:
    """Return the e-invoice under ``root``, a ``CrossIndustryInvoice`` or ZUGFeRD 1's ``CrossIndustryDocument``.

    ZUGFeRD 1 is the same message from before the names were settled, so each part is looked for under both names.
    """
    draft = Draft()
    document = root.at("ExchangedDocument") or root.at("HeaderExchangedDocument")
    trade = root.at("SupplyChainTradeTransaction") or root.at("SpecifiedSupplyChainTradeTransaction")
    if document is not None:
        _document(draft, document)
    if trade is not None:
        agreement = _part(trade, "Agreement")
        delivery = _part(trade, "Delivery")
        settlement = _part(trade, "Settlement")
        if agreement is not None:
            _agreement(draft, agreement)
        if delivery is not None:
            draft.date("/delivery_date", _date(delivery.at("ActualDeliverySupplyChainEvent/OccurrenceDateTime")))
        if settlement is not None:
            _settlement(draft, settlement)
        _lines(draft, trade)
    reading, findings = draft.finish()
    context = root.at("ExchangedDocumentContext") or root.at("SpecifiedExchangedDocumentContext")
    guideline = context.at("GuidelineSpecifiedDocumentContextParameter/ID") if context else None
    return EInvoice(syntax, guideline.text if guideline else None, reading, findings)


def _part(trade: Node, name: str) -> Node | None:
    return trade.at(f"ApplicableHeaderTrade{name}") or trade.at(f"ApplicableSupplyChainTrade{name}")


def _date(node: Node | None) -> Node | None:
    return node and (node.at("DateTimeString") or node.at("DateString") or node.at("DateTime"))


def _document(draft: Draft, document: Node) -> None:
    draft.text("/number", document.at("ID"))
    code = document.at("TypeCode")
    if code is not None and code.text is not None:
        kind = invoice_type(code.text)
        if kind is None:
            draft.note(unknown_type(code.text))
        draft.put("/type", kind or InvoiceType.INVOICE, code)
    draft.date("/issue_date", _date(document.at("IssueDateTime")))
    notes = (note for note in document.each("IncludedNote/Content") if note.text)
    for index, note in enumerate(notes):
        draft.text(f"/notes/{index}", note)


def _agreement(draft: Draft, agreement: Node) -> None:
    draft.text("/buyer_reference", agreement.at("BuyerReference"))
    _party(draft, "/seller", agreement.at("SellerTradeParty"))
    _party(draft, "/buyer", agreement.at("BuyerTradeParty"))
    order = agreement.at("BuyerOrderReferencedDocument")
    if order is not None:
        draft.first_text("/purchase_order", order.at("IssuerAssignedID"), order.at("ID"))


def _party(draft: Draft, at: str, party: Node | None) -> None:
    if party is None:
        return
    organisation = party.at("SpecifiedLegalOrganization")
    trading_name = organisation.at("TradingBusinessName") if organisation else None
    draft.first_text(f"{at}/name", party.at("Name"), trading_name)
    for registration in party.each("SpecifiedTaxRegistration/ID"):
        is_vat = (registration.attribute("schemeID") or "VA").upper() in {"VA", "VAT"}
        pointer = f"{at}/vat_id" if is_vat else f"{at}/tax_id"
        if draft.value(pointer) is None:
            draft.identifier(pointer, registration) if is_vat else draft.text(pointer, registration)
    if organisation is not None:
        draft.text(f"{at}/registration_id", organisation.at("ID"))
    contact = party.at("DefinedTradeContact")
    if contact is not None:
        draft.text(f"{at}/email", contact.at("EmailURIUniversalCommunication/URIID"))
        draft.text(f"{at}/phone", contact.at("TelephoneUniversalCommunication/CompleteNumber"))
    address = party.at("PostalTradeAddress")
    if address is not None:
        street = [address.at(name) for name in ("StreetName", "LineOne", "LineTwo", "LineThree")]
        draft.joined(f"{at}/address/street", street, ", ")
        draft.text(f"{at}/address/city", address.at("CityName"))
        draft.text(f"{at}/address/postcode", address.at("PostcodeCode"))
        draft.text(f"{at}/address/region", address.at("CountrySubDivisionName"))
        draft.identifier(f"{at}/address/country", address.at("CountryID"))


def _settlement(draft: Draft, settlement: Node) -> None:
    draft.text("/payment/reference", settlement.at("PaymentReference"))
    draft.text("/currency", settlement.at("InvoiceCurrencyCode"))
    _payment(draft, settlement)
    _taxes(draft, settlement)
    period = settlement.at("BillingSpecifiedPeriod")
    if period is not None:
        draft.date("/period_start", _date(period.at("StartDateTime")))
        draft.date("/period_end", _date(period.at("EndDateTime")))
    _allowances_charges(draft, settlement)
    terms = settlement.all("SpecifiedTradePaymentTerms")
    draft.joined("/payment_terms", [term.at("Description") for term in terms], "\n")
    any(draft.date("/due_date", _date(term.at("DueDateDateTime"))) for term in terms)
    _totals(draft, settlement)
    preceding = settlement.at("InvoiceReferencedDocument")
    if preceding is not None:
        draft.first_text("/preceding_invoice", preceding.at("IssuerAssignedID"), preceding.at("ID"))


def _payment(draft: Draft, settlement: Node) -> None:
    means = settlement.all("SpecifiedTradeSettlementPaymentMeans")
    if not means:
        return
    # Of several ways to pay, the one with an account says most.
    chosen = next((one for one in means if one.at("PayeePartyCreditorFinancialAccount")), means[0])
    draft.first_text("/payment/means", chosen.at("TypeCode"), chosen.at("Information"))
    account = chosen.at("PayeePartyCreditorFinancialAccount")
    if account is not None:
        if not draft.identifier("/payment/iban", account.at("IBANID")):
            draft.identifier("/payment/iban", account.at("ProprietaryID"))
        draft.text("/payment/account_name", account.at("AccountName"))
    draft.identifier("/payment/bic", chosen.at("PayeeSpecifiedCreditorFinancialInstitution/BICID"))


def _taxes(draft: Draft, settlement: Node) -> None:
    for index, tax in enumerate(settlement.all("ApplicableTradeTax")):
        at = f"/taxes/{index}"
        draft.text(f"{at}/category", tax.at("CategoryCode"))
        draft.number(f"{at}/rate", tax.at("RateApplicablePercent") or tax.at("ApplicablePercent"))
        draft.number(f"{at}/basis", tax.at("BasisAmount"))
        draft.number(f"{at}/amount", tax.at("CalculatedAmount"))
        draft.first_text(f"{at}/exemption_reason", tax.at("ExemptionReason"), tax.at("ExemptionReasonCode"))


def _totals(draft: Draft, settlement: Node) -> None:
    total = settlement.at("SpecifiedTradeSettlementHeaderMonetarySummation") or settlement.at(
        "SpecifiedTradeSettlementMonetarySummation"
    )
    if total is None:
        return
    for field, name in (
        ("lines_net", "LineTotalAmount"),
        ("charges", "ChargeTotalAmount"),
        ("allowances", "AllowanceTotalAmount"),
        ("net", "TaxBasisTotalAmount"),
        ("rounding", "RoundingAmount"),
        ("gross", "GrandTotalAmount"),
        ("prepaid", "TotalPrepaidAmount"),
        ("payable", "DuePayableAmount"),
    ):
        draft.number(f"/totals/{field}", total.at(name))
    # The tax total may stand there a second time, in the accounting currency (BT-111).
    taxes = total.all("TaxTotalAmount")
    currency = draft.value("/currency")
    own = [tax for tax in taxes if tax.attribute("currencyID") in {currency, None}] or taxes
    draft.number("/totals/tax", next(iter(own), None))


def _is_charge(node: Node) -> bool:
    indicator = node.at("ChargeIndicator/Indicator")
    return indicator is not None and indicator.text in {"true", "1"}


def _allowances_charges(draft: Draft, settlement: Node) -> None:
    index = 0
    for given in settlement.all("SpecifiedTradeAllowanceCharge"):
        at = f"/allowances_charges/{index}"
        if draft.number(f"{at}/amount", given.at("ActualAmount")) is None:
            continue
        draft.put(f"{at}/is_charge", _is_charge(given), given.at("ChargeIndicator/Indicator") or given)
        draft.number(f"{at}/basis", given.at("BasisAmount"))
        draft.number(f"{at}/percent", given.at("CalculationPercent"))
        draft.first_text(f"{at}/reason", given.at("Reason"), given.at("ReasonCode"))
        _tax_of(draft, at, given.at("CategoryTradeTax"))
        index += 1
    for charge in settlement.all("SpecifiedLogisticsServiceCharge"):
        at = f"/allowances_charges/{index}"
        if draft.number(f"{at}/amount", charge.at("AppliedAmount")) is None:
            continue
        draft.put(f"{at}/is_charge", value=True, node=charge, text="SpecifiedLogisticsServiceCharge")
        draft.text(f"{at}/reason", charge.at("Description"))
        _tax_of(draft, at, charge.at("AppliedTradeTax"))
        index += 1


def _tax_of(draft: Draft, at: str, tax: Node | None) -> None:
    if tax is None:
        return
    draft.text(f"{at}/tax_category", tax.at("CategoryCode"))
    draft.number(f"{at}/tax_rate", tax.at("RateApplicablePercent") or tax.at("ApplicablePercent"))


def _lines(draft: Draft, trade: Node) -> None:
    """Read the lines that count; a text between lines (a line without product and amount) is none."""
    index = 0
    for line in trade.all("IncludedSupplyChainTradeLineItem"):
        document = line.at("AssociatedDocumentLineDocument")
        status = document.at("LineStatusReasonCode") if document else None
        delivery = line.at("SpecifiedLineTradeDelivery") or line.at("SpecifiedSupplyChainTradeDelivery")
        settlement = line.at("SpecifiedLineTradeSettlement") or line.at("SpecifiedSupplyChainTradeSettlement")
        product = line.at("SpecifiedTradeProduct")
        if (status is not None and status.text in _SUMMARY_LINES) or (product is None and settlement is None):
            continue
        at = f"/lines/{index}"
        index += 1
        draft.text(f"{at}/id", document.at("LineID") if document else None)
        if product is not None:
            draft.joined(f"{at}/description", [product.at("Name"), product.at("Description")], "\n")
            draft.text(f"{at}/item_code", product.at("SellerAssignedID"))
        quantity = delivery.at("BilledQuantity") if delivery else None
        draft.number(f"{at}/quantity", quantity)
        unit = quantity.attribute("unitCode") if quantity is not None else None
        if quantity is not None and unit is not None:
            draft.put(f"{at}/unit", unit, Node(quantity.element, f"{quantity.path}/@unitCode"), unit)
        if settlement is not None:
            _line_settlement(draft, at, settlement)
        agreement = line.at("SpecifiedLineTradeAgreement") or line.at("SpecifiedSupplyChainTradeAgreement")
        price = agreement.at("NetPriceProductTradePrice") if agreement else None
        if price is not None:
            put_unit_price(draft, at, price.at("ChargeAmount"), price.at("BasisQuantity"))


def _line_settlement(draft: Draft, at: str, settlement: Node) -> None:
    given = settlement.all("SpecifiedTradeAllowanceCharge")
    put_discount(draft, at, [(each.at("ActualAmount"), _is_charge(each)) for each in given])
    total = settlement.at("SpecifiedTradeSettlementLineMonetarySummation") or settlement.at(
        "SpecifiedTradeSettlementMonetarySummation"
    )
    draft.number(f"{at}/net", total.at("LineTotalAmount") if total else None)
    _tax_of(draft, at, settlement.at("ApplicableTradeTax"))
