"""UBL 2.1 Invoice and CreditNote (ISO/IEC 19845; binding CEN/TS 16931-3-2): Peppol BIS Billing 3, XRechnung UBL."""

import re

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

__all__ = ["read_ubl", "read_ubl_line"]

_INVOICED_OBJECT, _PROJECT = "130", "50"
"""UNTDID 1001 codes by which BT-18, BT-128 and, in a credit note, BT-11 stand among the document references."""
_CREDITOR = "SEPA"
"""Scheme of a party identification that is the creditor's bank identifier (BT-90)."""
_CODED_NOTE = re.compile(r"#([A-Z0-9]{3})#\s*(\S.*)", re.DOTALL)
"""CEN/TS 16931-3-2 has no element for the subject code (BT-21) and puts it in front of the note."""


def read_ubl(draft: Draft, root: Node) -> None:
    """Read all but the lines of ``root``, an ``Invoice`` or ``CreditNote`` element."""
    _header(draft, root)
    _references(draft, root)
    _party(draft, "/seller", root.at("AccountingSupplierParty/Party"))
    _party(draft, "/buyer", root.at("AccountingCustomerParty/Party"))
    _party(draft, "/payee", root.at("PayeeParty"))
    _party(draft, "/tax_representative", root.at("TaxRepresentativeParty"))
    _delivery(draft, root.at("Delivery"))
    _payment(draft, root)
    _taxes(draft, root)
    _totals(draft, root.at("LegalMonetaryTotal"))
    put_allowances(draft, "", map(_allowance, root.all("AllowanceCharge")))


def _header(draft: Draft, root: Node) -> None:
    draft.text("/business_process", root.at("ProfileID"))
    draft.text("/specification", root.at("CustomizationID"))
    draft.text("/number", root.at("ID"))
    _type(draft, root)
    draft.date("/issue_date", root.at("IssueDate"))
    if not draft.date("/due_date", root.at("DueDate")):
        draft.date("/due_date", root.at("PaymentMeans/PaymentDueDate"))
    draft.text("/currency", root.at("DocumentCurrencyCode"))
    draft.text("/tax_currency", root.at("TaxCurrencyCode"))
    draft.date("/tax_point_date", root.at("TaxPointDate"))
    draft.text("/buyer_reference", root.at("BuyerReference"))
    draft.text("/accounting_reference", root.at("AccountingCost"))
    draft.date("/period_start", root.at("InvoicePeriod/StartDate"))
    draft.date("/period_end", root.at("InvoicePeriod/EndDate"))
    draft.text("/tax_point_code", root.at("InvoicePeriod/DescriptionCode"))
    draft.joined("/payment_terms", root.each("PaymentTerms/Note"), "\n")
    _notes(draft, root)


def _type(draft: Draft, root: Node) -> None:
    code = root.at("InvoiceTypeCode") or root.at("CreditNoteTypeCode")
    credit = str(root.element.tag).endswith("}CreditNote")
    if code is None or code.text is None:
        if credit:
            draft.put("/type", InvoiceType.CREDIT_NOTE, root, "CreditNote")
        return
    draft.text("/type_code", code)
    kind = invoice_type(code.text)
    if kind is None:
        draft.note(unknown_type(code.text))
        kind = InvoiceType.CREDIT_NOTE if credit else InvoiceType.INVOICE
    draft.put("/type", kind, code)


def _notes(draft: Draft, root: Node) -> None:
    notes = [note for note in root.all("Note") if note.text]
    coded = [_CODED_NOTE.fullmatch(note.text or "") for note in notes]
    for index, (note, code) in enumerate(zip(notes, coded, strict=True)):
        draft.put(f"/notes/{index}", code[2] if code else note.text or "", note)
        if code:
            draft.put(f"/note_subject_codes/{index}", code[1], note)
        elif any(coded):
            draft.leave_empty(f"/note_subject_codes/{index}")


_NO_ORDER = "NA"
"""The purchase order where there is only a sales order: the schema wants one beside it, and Peppol BIS 3 names this text for it."""


def _references(draft: Draft, root: Node) -> None:
    order = root.at("OrderReference/ID")
    if order is not None and not (order.text == _NO_ORDER and root.at("OrderReference/SalesOrderID")):
        draft.text("/purchase_order", order)
    for field, path in (
        ("sales_order", "OrderReference/SalesOrderID"),
        ("contract", "ContractDocumentReference/ID"),
        ("project", "ProjectReference/ID"),
        ("receiving_advice", "ReceiptDocumentReference/ID"),
        ("despatch_advice", "DespatchDocumentReference/ID"),
        ("tender", "OriginatorDocumentReference/ID"),
    ):
        draft.text(f"/{field}", root.at(path))
    preceding = root.each("BillingReference/InvoiceDocumentReference")
    put_preceding(draft, [(one.at("ID"), one.at("IssueDate")) for one in preceding])
    index = 0
    for document in root.all("AdditionalDocumentReference"):
        code = document.at("DocumentTypeCode")
        if code is not None and code.text == _INVOICED_OBJECT:
            draft.with_scheme("/object_id", document.at("ID"))
            continue
        if code is not None and code.text == _PROJECT:
            draft.text("/project", document.at("ID"))
            continue
        at = f"/supporting_documents/{index}"
        draft.text(f"{at}/reference", document.at("ID"))
        draft.joined(f"{at}/description", document.all("DocumentDescription"), "\n")
        draft.text(f"{at}/url", document.at("Attachment/ExternalReference/URI"))
        attached = document.at("Attachment/EmbeddedDocumentBinaryObject")
        draft.attribute(f"{at}/filename", attached, "filename")
        draft.attribute(f"{at}/media_type", attached, "mimeCode")
        index += 1 if draft.has(at) else 0


def _party(draft: Draft, at: str, party: Node | None) -> None:
    if party is None:
        return
    if draft.text(f"{at}/name", party.at("PartyLegalEntity/RegistrationName")):
        trading = party.at("PartyName/Name")
        if trading is not None and trading.text != draft.value(f"{at}/name"):
            draft.text(f"{at}/trading_name", trading)
    elif not draft.text(f"{at}/name", party.at("PartyName/Name")):
        names = [party.at("Person/FirstName"), party.at("Person/MiddleName"), party.at("Person/FamilyName")]
        draft.joined(f"{at}/name", names, " ")
    index = 0
    for given in party.each("PartyIdentification/ID"):
        if given.attribute("schemeID") == _CREDITOR:
            draft.identifier("/payment/direct_debit/creditor_id", given)
        else:
            index += draft.with_scheme(f"{at}/identifiers/{index}", given)
    for scheme in party.all("PartyTaxScheme"):
        kind = scheme.at("TaxScheme/ID")
        is_vat = kind is None or (kind.text or "").upper() in {"VAT", "VA"}
        pointer = f"{at}/vat_id" if is_vat else f"{at}/tax_id"
        if draft.value(pointer) is None:
            draft.identifier(pointer, scheme.at("CompanyID")) if is_vat else draft.text(pointer, scheme.at("CompanyID"))
    registration = party.at("PartyLegalEntity/CompanyID")
    draft.text(f"{at}/registration_id", registration)
    draft.attribute(f"{at}/registration_scheme", registration, "schemeID")
    draft.text(f"{at}/legal_information", party.at("PartyLegalEntity/CompanyLegalForm"))
    draft.with_scheme(f"{at}/electronic_address", party.at("EndpointID"))
    draft.text(f"{at}/contact_name", party.at("Contact/Name"))
    draft.text(f"{at}/email", party.at("Contact/ElectronicMail"))
    draft.text(f"{at}/phone", party.at("Contact/Telephone"))
    _address(draft, f"{at}/address", party.at("PostalAddress") or party.at("PartyLegalEntity/RegistrationAddress"))


def _address(draft: Draft, at: str, address: Node | None) -> None:
    if address is None:
        return
    street = [address.at("StreetName"), address.at("AdditionalStreetName"), *address.each("AddressLine/Line")]
    draft.joined(f"{at}/street", street, ", ")
    draft.text(f"{at}/city", address.at("CityName"))
    draft.text(f"{at}/postcode", address.at("PostalZone"))
    draft.text(f"{at}/region", address.at("CountrySubentity"))
    draft.identifier(f"{at}/country", address.at("Country/IdentificationCode"))


def _delivery(draft: Draft, delivery: Node | None) -> None:
    if delivery is None:
        return
    draft.date("/delivery_date", delivery.at("ActualDeliveryDate"))
    draft.text("/delivery/name", delivery.at("DeliveryParty/PartyName/Name"))
    draft.with_scheme("/delivery/location", delivery.at("DeliveryLocation/ID"))
    _address(draft, "/delivery/address", delivery.at("DeliveryLocation/Address"))


def _payment(draft: Draft, root: Node) -> None:
    means = root.all("PaymentMeans")
    if not means:
        return
    # Of several ways to pay, the one with an account says most.
    chosen = next((one for one in means if one.at("PayeeFinancialAccount/ID")), means[0])
    code = chosen.at("PaymentMeansCode")
    draft.text("/payment/means", code)
    draft.attribute("/payment/means_text", code, "name")
    draft.text("/payment/reference", chosen.at("PaymentID"))
    _account(draft, "/payment", chosen)
    others = [one for one in means if one is not chosen and one.at("PayeeFinancialAccount/ID")]
    for index, other in enumerate(others):
        _account(draft, f"/payment/other_accounts/{index}", other)
    for one in means:
        draft.text("/payment/card/number", one.at("CardAccount/PrimaryAccountNumberID"))
        draft.text("/payment/card/holder", one.at("CardAccount/HolderName"))
        draft.text("/payment/direct_debit/mandate", one.at("PaymentMandate/ID"))
        draft.identifier("/payment/direct_debit/account", one.at("PaymentMandate/PayerFinancialAccount/ID"))


def _account(draft: Draft, at: str, means: Node) -> None:
    account = means.at("PayeeFinancialAccount")
    if account is None:
        return
    draft.identifier(f"{at}/iban", account.at("ID"))
    draft.text(f"{at}/account_name", account.at("Name"))
    branch = account.at("FinancialInstitutionBranch")
    if branch is not None and not draft.identifier(f"{at}/bic", branch.at("ID")):
        draft.identifier(f"{at}/bic", branch.at("FinancialInstitution/ID"))


def _taxes(draft: Draft, root: Node) -> None:
    """Read the tax totals in the invoice's currency, and the one in the accounting currency (BT-111)."""
    totals = root.all("TaxTotal")
    currency, accounting = draft.value("/currency"), draft.value("/tax_currency")
    own = [total for total in totals if _currency(total.at("TaxAmount")) in {currency, None}] or totals
    if not own:
        return
    draft.number("/totals/tax", own[0].at("TaxAmount"))
    for total in totals:
        if accounting is not None and total not in own and _currency(total.at("TaxAmount")) == accounting:
            draft.number("/totals/tax_in_tax_currency", total.at("TaxAmount"))
    subtotals = [subtotal for total in own for subtotal in total.all("TaxSubtotal")]
    for index, subtotal in enumerate(subtotals):
        at = f"/taxes/{index}"
        draft.number(f"{at}/basis", subtotal.at("TaxableAmount"))
        draft.number(f"{at}/amount", subtotal.at("TaxAmount"))
        category = subtotal.at("TaxCategory")
        if category is None:
            draft.number(f"{at}/rate", subtotal.at("Percent"))
            continue
        draft.text(f"{at}/category", category.at("ID"))
        draft.number(f"{at}/rate", category.at("Percent") or subtotal.at("Percent"))
        draft.joined(f"{at}/exemption_reason", category.all("TaxExemptionReason"), "\n")
        draft.text(f"{at}/exemption_reason_code", category.at("TaxExemptionReasonCode"))


def _currency(amount: Node | None) -> str | None:
    return amount.attribute("currencyID") if amount is not None else None


def _totals(draft: Draft, total: Node | None) -> None:
    if total is None:
        return
    for field, name in (
        ("lines_net", "LineExtensionAmount"),
        ("allowances", "AllowanceTotalAmount"),
        ("charges", "ChargeTotalAmount"),
        ("net", "TaxExclusiveAmount"),
        ("gross", "TaxInclusiveAmount"),
        ("prepaid", "PrepaidAmount"),
        ("rounding", "PayableRoundingAmount"),
        ("payable", "PayableAmount"),
    ):
        draft.number(f"/totals/{field}", total.at(name))


def _allowance(given: Node) -> Allowance:
    indicator = given.at("ChargeIndicator")
    return Allowance(
        amount=given.at("Amount"),
        is_charge=indicator is not None and indicator.text in {"true", "1"},
        indicator=indicator or given,
        basis=given.at("BaseAmount"),
        percent=given.at("MultiplierFactorNumeric"),
        reason=given.at("AllowanceChargeReason"),
        code=given.at("AllowanceChargeReasonCode"),
        tax_rate=given.at("TaxCategory/Percent"),
        tax_category=given.at("TaxCategory/ID"),
    )


def read_ubl_line(draft: Draft, at: str, line: Node) -> bool:
    """Read an ``InvoiceLine`` or ``CreditNoteLine``; return whether it is a line, which it always is."""
    draft.text(f"{at}/id", line.at("ID"))
    put_quantity(draft, at, line.at("InvoicedQuantity") or line.at("CreditedQuantity"))
    draft.number(f"{at}/net", line.at("LineExtensionAmount"))
    draft.joined(f"{at}/note", line.all("Note"), "\n")
    draft.text(f"{at}/accounting_reference", line.at("AccountingCost"))
    draft.text(f"{at}/order_line", line.at("OrderLineReference/LineID"))
    period = line.at("InvoicePeriod")
    if period is not None:
        draft.date(f"{at}/period_start", period.at("StartDate"))
        draft.date(f"{at}/period_end", period.at("EndDate"))
    draft.with_scheme(f"{at}/object_id", line.at("DocumentReference/ID"))
    put_discount(draft, at, [_allowance(each) for each in line.all("AllowanceCharge")])
    price = line.at("Price")
    if price is not None:
        on_price = price.at("AllowanceCharge")
        gross, discount = (on_price.at("BaseAmount"), on_price.at("Amount")) if on_price else (None, None)
        put_prices(draft, at, Price(price.at("PriceAmount"), price.at("BaseQuantity"), gross, discount))
    item = line.at("Item")
    if item is not None:
        _item(draft, at, item)
    return True


def _item(draft: Draft, at: str, item: Node) -> None:
    name, more = item.at("Name"), item.at("Description")
    same = name is not None and more is not None and name.text == more.text
    draft.joined(f"{at}/description", [name] if same else [name, more], "\n")
    draft.text(f"{at}/item_code", item.at("SellersItemIdentification/ID"))
    draft.text(f"{at}/buyer_item_code", item.at("BuyersItemIdentification/ID"))
    draft.with_scheme(f"{at}/standard_item_code", item.at("StandardItemIdentification/ID"))
    draft.identifier(f"{at}/country_of_origin", item.at("OriginCountry/IdentificationCode"))
    index = 0
    for code in item.each("CommodityClassification/ItemClassificationCode"):
        own = f"{at}/classifications/{index}"
        if draft.text(f"{own}/code", code):
            draft.attribute(f"{own}/scheme", code, "listID")
            draft.attribute(f"{own}/version", code, "listVersionID")
            index += 1
    index = 0
    for attribute in item.all("AdditionalItemProperty"):
        index += draft.pair(f"{at}/attributes/{index}", attribute.at("Name"), attribute.at("Value"))
    category = item.at("ClassifiedTaxCategory")
    if category is not None:
        draft.text(f"{at}/tax_category", category.at("ID"))
        draft.number(f"{at}/tax_rate", category.at("Percent"))
