"""UN/CEFACT Cross Industry Invoice (binding CEN/TS 16931-3-3): Factur-X, ZUGFeRD 1 and 2, XRechnung CII."""

from collections.abc import Iterator

from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_extract.einvoice.codes import invoice_type, unknown_type
from invoiceflow_extract.einvoice.draft import Draft
from invoiceflow_extract.einvoice.lines import (
    Allowance,
    Price,
    put_allowances,
    put_discount,
    put_preceding,
    put_prices,
    put_quantity,
)
from invoiceflow_extract.einvoice.node import Node

__all__ = ["read_cii", "read_cii_line"]

_SUMMARY_LINES = {"GROUP", "INFORMATION"}
"""Values of ``LineStatusReasonCode`` (Factur-X EXTENDED) for lines whose amount other lines already carry."""

_TENDER, _INVOICED_OBJECT = "50", "130"
"""UNTDID 1001 codes by which BT-17, BT-18 and BT-128 stand among the referenced documents; the others are BG-24."""

_TAX_POINTS = {"5": "3", "29": "35", "72": "432"}
"""What makes VAT due (BT-8): UNTDID 2475, which this syntax has, to UNTDID 2005, which EN 16931 has."""


def read_cii(draft: Draft, root: Node) -> None:
    """Read all but the lines of ``root``, a ``CrossIndustryInvoice`` or ZUGFeRD 1's ``CrossIndustryDocument``.

    ZUGFeRD 1 is the same message from before the names were settled, so each part is looked for under both names.
    """
    context = root.at("ExchangedDocumentContext") or root.at("SpecifiedExchangedDocumentContext")
    if context is not None:
        draft.text("/specification", context.at("GuidelineSpecifiedDocumentContextParameter/ID"))
        draft.text("/business_process", context.at("BusinessProcessSpecifiedDocumentContextParameter/ID"))
    document = root.at("ExchangedDocument") or root.at("HeaderExchangedDocument")
    trade = root.at("SupplyChainTradeTransaction") or root.at("SpecifiedSupplyChainTradeTransaction")
    if document is not None:
        _document(draft, document)
    if trade is None:
        return
    agreement, delivery, settlement = (_part(trade, name) for name in ("Agreement", "Delivery", "Settlement"))
    if agreement is not None:
        _agreement(draft, agreement)
    if delivery is not None:
        _delivery(draft, delivery)
    if settlement is not None:
        _settlement(draft, settlement)


def _part(trade: Node, name: str) -> Node | None:
    return trade.at(f"ApplicableHeaderTrade{name}") or trade.at(f"ApplicableSupplyChainTrade{name}")


def _date(node: Node | None) -> Node | None:
    return node and (node.at("DateTimeString") or node.at("DateString") or node.at("DateTime"))


def _reference(document: Node | None) -> Node | None:
    """Return the number of a referenced document, by its name in CII or in ZUGFeRD 1."""
    return document and (document.at("IssuerAssignedID") or document.at("ID"))


def _document(draft: Draft, document: Node) -> None:
    draft.text("/number", document.at("ID"))
    code = document.at("TypeCode")
    if code is not None and code.text is not None:
        draft.text("/type_code", code)
        kind = invoice_type(code.text)
        if kind is None:
            draft.note(unknown_type(code.text))
        draft.put("/type", kind or InvoiceType.INVOICE, code)
    draft.date("/issue_date", _date(document.at("IssueDateTime")))
    notes = [
        (content, note.at("SubjectCode")) for note in document.all("IncludedNote") for content in note.all("Content")
    ]
    notes = [(content, code) for content, code in notes if content.text]
    coded = any(code and code.text for _, code in notes)
    for index, (content, code) in enumerate(notes):
        draft.text(f"/notes/{index}", content)
        if coded and not draft.text(f"/note_subject_codes/{index}", code):
            draft.leave_empty(f"/note_subject_codes/{index}")


def _agreement(draft: Draft, agreement: Node) -> None:
    draft.text("/buyer_reference", agreement.at("BuyerReference"))
    _party(draft, "/seller", agreement.at("SellerTradeParty"))
    _party(draft, "/buyer", agreement.at("BuyerTradeParty"))
    _party(draft, "/tax_representative", agreement.at("SellerTaxRepresentativeTradeParty"))
    draft.text("/purchase_order", _reference(agreement.at("BuyerOrderReferencedDocument")))
    draft.text("/sales_order", _reference(agreement.at("SellerOrderReferencedDocument")))
    draft.text("/contract", _reference(agreement.at("ContractReferencedDocument")))
    draft.text("/project", agreement.at("SpecifiedProcuringProject/ID"))
    index = 0
    for document in agreement.all("AdditionalReferencedDocument"):
        code = document.at("TypeCode")
        kind = code.text if code is not None else None
        if kind == _TENDER:
            draft.text("/tender", _reference(document))
            continue
        if kind == _INVOICED_OBJECT:
            draft.with_scheme("/object_id", _reference(document), document.at("ReferenceTypeCode"))
            continue
        at = f"/supporting_documents/{index}"
        draft.text(f"{at}/reference", _reference(document))
        draft.text(f"{at}/description", document.at("Name"))
        draft.text(f"{at}/url", document.at("URIID"))
        attached = document.at("AttachmentBinaryObject")
        draft.attribute(f"{at}/filename", attached, "filename")
        draft.attribute(f"{at}/media_type", attached, "mimeCode")
        index += draft.has(at)


def _party(draft: Draft, at: str, party: Node | None) -> None:
    if party is None:
        return
    index = 0
    for given in (*party.all("ID"), *party.all("GlobalID")):
        index += draft.with_scheme(f"{at}/identifiers/{index}", given)
    organisation = party.at("SpecifiedLegalOrganization")
    trading = organisation.at("TradingBusinessName") if organisation else None
    if not draft.text(f"{at}/name", party.at("Name")):
        draft.text(f"{at}/name", trading)
    elif trading is not None and trading.text != draft.value(f"{at}/name"):
        draft.text(f"{at}/trading_name", trading)
    for registration in party.each("SpecifiedTaxRegistration/ID"):
        is_vat = (registration.attribute("schemeID") or "VA").upper() in {"VA", "VAT"}
        pointer = f"{at}/vat_id" if is_vat else f"{at}/tax_id"
        if draft.value(pointer) is None:
            draft.identifier(pointer, registration) if is_vat else draft.text(pointer, registration)
    if organisation is not None:
        draft.text(f"{at}/registration_id", organisation.at("ID"))
        draft.attribute(f"{at}/registration_scheme", organisation.at("ID"), "schemeID")
    draft.text(f"{at}/legal_information", party.at("Description"))
    draft.with_scheme(f"{at}/electronic_address", party.at("URIUniversalCommunication/URIID"))
    contact = party.at("DefinedTradeContact")
    if contact is not None:
        draft.joined(f"{at}/contact_name", [contact.at("PersonName"), contact.at("DepartmentName")], ", ")
        draft.text(f"{at}/email", contact.at("EmailURIUniversalCommunication/URIID"))
        draft.text(f"{at}/phone", contact.at("TelephoneUniversalCommunication/CompleteNumber"))
    _address(draft, f"{at}/address", party.at("PostalTradeAddress"))


def _address(draft: Draft, at: str, address: Node | None) -> None:
    if address is None:
        return
    street = [address.at(name) for name in ("StreetName", "LineOne", "LineTwo", "LineThree")]
    draft.joined(f"{at}/street", street, ", ")
    draft.text(f"{at}/city", address.at("CityName"))
    draft.text(f"{at}/postcode", address.at("PostcodeCode"))
    draft.text(f"{at}/region", address.at("CountrySubDivisionName"))
    draft.identifier(f"{at}/country", address.at("CountryID"))


def _delivery(draft: Draft, delivery: Node) -> None:
    draft.date("/delivery_date", _date(delivery.at("ActualDeliverySupplyChainEvent/OccurrenceDateTime")))
    draft.text("/despatch_advice", _reference(delivery.at("DespatchAdviceReferencedDocument")))
    draft.text("/receiving_advice", _reference(delivery.at("ReceivingAdviceReferencedDocument")))
    ship_to = delivery.at("ShipToTradeParty")
    if ship_to is not None:
        draft.text("/delivery/name", ship_to.at("Name"))
        draft.with_scheme("/delivery/location", ship_to.at("GlobalID") or ship_to.at("ID"))
        _address(draft, "/delivery/address", ship_to.at("PostalTradeAddress"))


def _settlement(draft: Draft, settlement: Node) -> None:
    draft.text("/payment/reference", settlement.at("PaymentReference"))
    draft.text("/currency", settlement.at("InvoiceCurrencyCode"))
    draft.text("/tax_currency", settlement.at("TaxCurrencyCode"))
    draft.text("/accounting_reference", settlement.at("ReceivableSpecifiedTradeAccountingAccount/ID"))
    _party(draft, "/payee", settlement.at("PayeeTradeParty"))
    _payment(draft, settlement)
    _taxes(draft, settlement)
    _period(draft, "", settlement)
    put_allowances(draft, "", _allowances(settlement))
    terms = settlement.all("SpecifiedTradePaymentTerms")
    draft.joined("/payment_terms", [term.at("Description") for term in terms], "\n")
    any(draft.date("/due_date", _date(term.at("DueDateDateTime"))) for term in terms)
    any(draft.text("/payment/direct_debit/mandate", term.at("DirectDebitMandateID")) for term in terms)
    _totals(draft, settlement)
    preceding = settlement.all("InvoiceReferencedDocument")
    issued = [document.at("FormattedIssueDateTime") or document.at("IssueDateTime") for document in preceding]
    put_preceding(draft, [(_reference(one), _date(when)) for one, when in zip(preceding, issued, strict=True)])


def _period(draft: Draft, at: str, settlement: Node) -> None:
    period = settlement.at("BillingSpecifiedPeriod")
    if period is not None:
        draft.date(f"{at}/period_start", _date(period.at("StartDateTime")))
        draft.date(f"{at}/period_end", _date(period.at("EndDateTime")))


def _payment(draft: Draft, settlement: Node) -> None:
    draft.identifier("/payment/direct_debit/creditor_id", settlement.at("CreditorReferenceID"))
    means = settlement.all("SpecifiedTradeSettlementPaymentMeans")
    if not means:
        return
    # Of several ways to pay, the one with an account says most.
    chosen = next((one for one in means if one.at("PayeePartyCreditorFinancialAccount")), means[0])
    words = chosen.at("Information")
    if draft.text("/payment/means", chosen.at("TypeCode")):
        draft.text("/payment/means_text", words)
    else:
        draft.text("/payment/means", words)
    _account(draft, "/payment", chosen)
    others = [one for one in means if one is not chosen and one.at("PayeePartyCreditorFinancialAccount")]
    for index, other in enumerate(others):
        _account(draft, f"/payment/other_accounts/{index}", other)
    for one in means:
        draft.text("/payment/card/number", one.at("ApplicableTradeSettlementFinancialCard/ID"))
        draft.text("/payment/card/holder", one.at("ApplicableTradeSettlementFinancialCard/CardholderName"))
        draft.identifier("/payment/direct_debit/account", one.at("PayerPartyDebtorFinancialAccount/IBANID"))


def _account(draft: Draft, at: str, means: Node) -> None:
    account = means.at("PayeePartyCreditorFinancialAccount")
    if account is not None:
        if not draft.identifier(f"{at}/iban", account.at("IBANID")):
            draft.identifier(f"{at}/iban", account.at("ProprietaryID"))
        draft.text(f"{at}/account_name", account.at("AccountName"))
    draft.identifier(f"{at}/bic", means.at("PayeeSpecifiedCreditorFinancialInstitution/BICID"))


def _taxes(draft: Draft, settlement: Node) -> None:
    for index, tax in enumerate(settlement.all("ApplicableTradeTax")):
        at = f"/taxes/{index}"
        draft.text(f"{at}/category", tax.at("CategoryCode"))
        draft.number(f"{at}/rate", _rate(tax))
        draft.number(f"{at}/basis", tax.at("BasisAmount"))
        draft.number(f"{at}/amount", tax.at("CalculatedAmount"))
        draft.text(f"{at}/exemption_reason", tax.at("ExemptionReason"))
        draft.text(f"{at}/exemption_reason_code", tax.at("ExemptionReasonCode"))
        if draft.value("/tax_point_date") is None:
            draft.date("/tax_point_date", _date(tax.at("TaxPointDate")))
        point = tax.at("DueDateTypeCode")
        if draft.value("/tax_point_code") is None and point is not None and point.text is not None:
            draft.put("/tax_point_code", _TAX_POINTS.get(point.text, point.text), point)


def _rate(tax: Node | None) -> Node | None:
    return tax and (tax.at("RateApplicablePercent") or tax.at("ApplicablePercent"))


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
    currency, accounting = draft.value("/currency"), draft.value("/tax_currency")
    own = [tax for tax in taxes if tax.attribute("currencyID") in {currency, None}] or taxes
    draft.number("/totals/tax", next(iter(own), None))
    for tax in taxes:
        if accounting is not None and tax not in own and tax.attribute("currencyID") == accounting:
            draft.number("/totals/tax_in_tax_currency", tax)


def _allowances(settlement: Node) -> Iterator[Allowance]:
    """Yield the allowances and charges of the document or of a line."""
    for given in settlement.all("SpecifiedTradeAllowanceCharge"):
        indicator = given.at("ChargeIndicator/Indicator")
        tax = given.at("CategoryTradeTax")
        yield Allowance(
            amount=given.at("ActualAmount"),
            is_charge=indicator is not None and indicator.text in {"true", "1"},
            indicator=indicator or given,
            basis=given.at("BasisAmount"),
            percent=given.at("CalculationPercent"),
            reason=given.at("Reason"),
            code=given.at("ReasonCode"),
            tax_rate=_rate(tax),
            tax_category=tax.at("CategoryCode") if tax else None,
        )
    for charge in settlement.all("SpecifiedLogisticsServiceCharge"):
        tax = charge.at("AppliedTradeTax")
        yield Allowance(
            amount=charge.at("AppliedAmount"),
            is_charge=True,
            indicator=charge,
            reason=charge.at("Description"),
            tax_rate=_rate(tax),
            tax_category=tax.at("CategoryCode") if tax else None,
        )


def read_cii_line(draft: Draft, at: str, line: Node) -> bool:
    """Read an ``IncludedSupplyChainTradeLineItem``.

    Returns:
        Whether it is a line that counts. A text between lines (one without product and amount) is none, nor is one that
        sums up or explains others.
    """
    document = line.at("AssociatedDocumentLineDocument")
    status = document.at("LineStatusReasonCode") if document else None
    delivery = line.at("SpecifiedLineTradeDelivery") or line.at("SpecifiedSupplyChainTradeDelivery")
    settlement = line.at("SpecifiedLineTradeSettlement") or line.at("SpecifiedSupplyChainTradeSettlement")
    product = line.at("SpecifiedTradeProduct")
    if (status is not None and status.text in _SUMMARY_LINES) or (product is None and settlement is None):
        return False
    if document is not None:
        draft.text(f"{at}/id", document.at("LineID"))
        draft.joined(f"{at}/note", document.each("IncludedNote/Content"), "\n")
    if product is not None:
        _product(draft, at, product)
    put_quantity(draft, at, delivery.at("BilledQuantity") if delivery else None)
    if settlement is not None:
        _line_settlement(draft, at, settlement)
    agreement = line.at("SpecifiedLineTradeAgreement") or line.at("SpecifiedSupplyChainTradeAgreement")
    if agreement is not None:
        draft.text(f"{at}/order_line", agreement.at("BuyerOrderReferencedDocument/LineID"))
        _prices(draft, at, agreement)
    return True


def _prices(draft: Draft, at: str, agreement: Node) -> None:
    net, gross = agreement.at("NetPriceProductTradePrice"), agreement.at("GrossPriceProductTradePrice")
    per = (net.at("BasisQuantity") if net else None) or (gross.at("BasisQuantity") if gross else None)
    put_prices(
        draft,
        at,
        Price(
            net=net.at("ChargeAmount") if net else None,
            per=per,
            gross=gross.at("ChargeAmount") if gross else None,
            discount=gross.at("AppliedTradeAllowanceCharge/ActualAmount") if gross else None,
        ),
    )


def _product(draft: Draft, at: str, product: Node) -> None:
    draft.joined(f"{at}/description", [product.at("Name"), product.at("Description")], "\n")
    draft.text(f"{at}/item_code", product.at("SellerAssignedID"))
    draft.text(f"{at}/buyer_item_code", product.at("BuyerAssignedID"))
    draft.with_scheme(f"{at}/standard_item_code", product.at("GlobalID"))
    draft.identifier(f"{at}/country_of_origin", product.at("OriginTradeCountry/ID"))
    index = 0
    for code in product.each("DesignatedProductClassification/ClassCode"):
        own = f"{at}/classifications/{index}"
        if draft.text(f"{own}/code", code):
            draft.attribute(f"{own}/scheme", code, "listID")
            draft.attribute(f"{own}/version", code, "listVersionID")
            index += 1
    index = 0
    for each in product.all("ApplicableProductCharacteristic"):
        index += draft.pair(f"{at}/attributes/{index}", each.at("Description"), each.at("Value"))


def _line_settlement(draft: Draft, at: str, settlement: Node) -> None:
    put_discount(draft, at, list(_allowances(settlement)))
    total = settlement.at("SpecifiedTradeSettlementLineMonetarySummation") or settlement.at(
        "SpecifiedTradeSettlementMonetarySummation"
    )
    draft.number(f"{at}/net", total.at("LineTotalAmount") if total else None)
    tax = settlement.at("ApplicableTradeTax")
    if tax is not None:
        draft.text(f"{at}/tax_category", tax.at("CategoryCode"))
        draft.number(f"{at}/tax_rate", _rate(tax))
    _period(draft, at, settlement)
    draft.text(f"{at}/accounting_reference", settlement.at("ReceivableSpecifiedTradeAccountingAccount/ID"))
    for document in settlement.all("AdditionalReferencedDocument"):
        code = document.at("TypeCode")
        if code is not None and code.text == _INVOICED_OBJECT:
            draft.with_scheme(f"{at}/object_id", _reference(document), document.at("ReferenceTypeCode"))
