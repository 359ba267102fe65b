"""UBL 2.1 Invoice and CreditNote (ISO/IEC 19845; binding CEN/TS 16931-3-2): Peppol BIS Billing 3, XRechnung UBL."""

from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_extract.einvoice.codes import invoice_type, unknown_type
from invoiceflow_extract.einvoice.draft import Draft
from invoiceflow_extract.einvoice.lines import put_discount, put_unit_price
from invoiceflow_extract.einvoice.model import EInvoice, Syntax
from invoiceflow_extract.einvoice.node import Node

__all__ = ["read_ubl"]


def read_ubl(root: Node, syntax: Syntax) -> EInvoice:
    """Return the e-invoice under ``root``, an ``Invoice`` or ``CreditNote`` element."""
    draft = Draft()
    _header(draft, root, syntax)
    _party(draft, "/seller", root.at("AccountingSupplierParty/Party"))
    _party(draft, "/buyer", root.at("AccountingCustomerParty/Party"))
    _payment(draft, root)
    _taxes(draft, root)
    _totals(draft, root.at("LegalMonetaryTotal"))
    _allowances_charges(draft, root)
    _lines(draft, root, syntax)
    reading, findings = draft.finish()
    guideline = root.at("CustomizationID")
    return EInvoice(syntax, guideline.text if guideline else None, reading, findings)


def _header(draft: Draft, root: Node, syntax: Syntax) -> None:
    draft.text("/number", root.at("ID"))
    _type(draft, root, syntax)
    draft.date("/issue_date", root.at("IssueDate"))
    if not draft.date("/due_date", root.at("DueDate")):
        draft.date("/due_date", root.at("PaymentMeans/PaymentDueDate"))
    draft.text("/currency", root.at("DocumentCurrencyCode"))
    draft.text("/purchase_order", root.at("OrderReference/ID"))
    draft.text("/buyer_reference", root.at("BuyerReference"))
    draft.text("/preceding_invoice", root.at("BillingReference/InvoiceDocumentReference/ID"))
    draft.date("/delivery_date", root.at("Delivery/ActualDeliveryDate"))
    draft.date("/period_start", root.at("InvoicePeriod/StartDate"))
    draft.date("/period_end", root.at("InvoicePeriod/EndDate"))
    draft.joined("/payment_terms", root.each("PaymentTerms/Note"), "\n")
    notes = (note for note in root.all("Note") if note.text)
    for index, note in enumerate(notes):
        draft.text(f"/notes/{index}", note)


def _type(draft: Draft, root: Node, syntax: Syntax) -> None:
    code = root.at("InvoiceTypeCode") or root.at("CreditNoteTypeCode")
    credit = syntax is Syntax.UBL_CREDIT_NOTE
    if code is None or code.text is None:
        if credit:
            draft.put("/type", InvoiceType.CREDIT_NOTE, root, "CreditNote")
        return
    kind = invoice_type(code.text)
    if kind is None:
        draft.note(unknown_type(code.text))
        kind = InvoiceType.CREDIT_NOTE if credit else InvoiceType.INVOICE
    draft.put("/type", kind, code)


def _party(draft: Draft, at: str, party: Node | None) -> None:
    if party is None:
        return
    if not draft.first_text(f"{at}/name", party.at("PartyLegalEntity/RegistrationName"), party.at("PartyName/Name")):
        names = [party.at("Person/FirstName"), party.at("Person/MiddleName"), party.at("Person/FamilyName")]
        draft.joined(f"{at}/name", names, " ")
    for scheme in party.all("PartyTaxScheme"):
        kind = scheme.at("TaxScheme/ID")
        is_vat = kind is None or (kind.text or "").upper() in {"VAT", "VA"}
        pointer = f"{at}/vat_id" if is_vat else f"{at}/tax_id"
        if draft.value(pointer) is None:
            draft.identifier(pointer, scheme.at("CompanyID")) if is_vat else draft.text(pointer, scheme.at("CompanyID"))
    draft.text(f"{at}/registration_id", party.at("PartyLegalEntity/CompanyID"))
    draft.text(f"{at}/email", party.at("Contact/ElectronicMail"))
    draft.text(f"{at}/phone", party.at("Contact/Telephone"))
    address = party.at("PostalAddress") or party.at("PartyLegalEntity/RegistrationAddress")
    if address is not None:
        street = [address.at("StreetName"), address.at("AdditionalStreetName"), *address.each("AddressLine/Line")]
        draft.joined(f"{at}/address/street", street, ", ")
        draft.text(f"{at}/address/city", address.at("CityName"))
        draft.text(f"{at}/address/postcode", address.at("PostalZone"))
        draft.text(f"{at}/address/region", address.at("CountrySubentity"))
        draft.identifier(f"{at}/address/country", address.at("Country/IdentificationCode"))


def _payment(draft: Draft, root: Node) -> None:
    means = root.all("PaymentMeans")
    if not means:
        return
    # Of several ways to pay, the one with an account says most.
    chosen = next((one for one in means if one.at("PayeeFinancialAccount/ID")), means[0])
    draft.text("/payment/means", chosen.at("PaymentMeansCode"))
    draft.text("/payment/reference", chosen.at("PaymentID"))
    account = chosen.at("PayeeFinancialAccount")
    if account is not None:
        draft.identifier("/payment/iban", account.at("ID"))
        draft.text("/payment/account_name", account.at("Name"))
        branch = account.at("FinancialInstitutionBranch")
        if branch is not None and not draft.identifier("/payment/bic", branch.at("ID")):
            draft.identifier("/payment/bic", branch.at("FinancialInstitution/ID"))


def _taxes(draft: Draft, root: Node) -> None:
    """Read the tax totals in the invoice's currency; a second one in the accounting currency (BT-111) is left aside."""
    totals = root.all("TaxTotal")
    currency = draft.value("/currency")
    own = [total for total in totals if _currency(total.at("TaxAmount")) in {currency, None}] or totals
    if not own:
        return
    draft.number("/totals/tax", own[0].at("TaxAmount"))
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
        reasons = (category.at("TaxExemptionReason"), category.at("TaxExemptionReasonCode"))
        draft.first_text(f"{at}/exemption_reason", *reasons)


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


def _is_charge(node: Node) -> bool:
    indicator = node.at("ChargeIndicator")
    return indicator is not None and indicator.text in {"true", "1"}


def _allowances_charges(draft: Draft, root: Node) -> None:
    index = 0
    for given in root.all("AllowanceCharge"):
        at = f"/allowances_charges/{index}"
        amount = draft.number(f"{at}/amount", given.at("Amount"))
        if amount is None:
            continue
        draft.put(f"{at}/is_charge", _is_charge(given), given.at("ChargeIndicator") or given)
        draft.number(f"{at}/basis", given.at("BaseAmount"))
        draft.number(f"{at}/percent", given.at("MultiplierFactorNumeric"))
        reasons = (given.at("AllowanceChargeReason"), given.at("AllowanceChargeReasonCode"))
        draft.first_text(f"{at}/reason", *reasons)
        draft.number(f"{at}/tax_rate", given.at("TaxCategory/Percent"))
        draft.text(f"{at}/tax_category", given.at("TaxCategory/ID"))
        index += 1


def _lines(draft: Draft, root: Node, syntax: Syntax) -> None:
    credit = syntax is Syntax.UBL_CREDIT_NOTE
    for index, line in enumerate(root.all("CreditNoteLine" if credit else "InvoiceLine")):
        at = f"/lines/{index}"
        draft.text(f"{at}/id", line.at("ID"))
        quantity = line.at("CreditedQuantity" if credit else "InvoicedQuantity")
        draft.number(f"{at}/quantity", quantity)
        unit = quantity.attribute("unitCode") if quantity is not None else None
        if quantity is not None and unit is not None:
            draft.put(f"{at}/unit", unit, Node(quantity.element, f"{quantity.path}/@unitCode"), unit)
        draft.number(f"{at}/net", line.at("LineExtensionAmount"))
        put_discount(draft, at, [(each.at("Amount"), _is_charge(each)) for each in line.all("AllowanceCharge")])
        put_unit_price(draft, at, line.at("Price/PriceAmount"), line.at("Price/BaseQuantity"))
        _item(draft, at, line)


def _item(draft: Draft, at: str, line: Node) -> None:
    item = line.at("Item")
    if item is None:
        return
    name, more = item.at("Name"), item.at("Description")
    same = name is not None and more is not None and name.text == more.text
    draft.joined(f"{at}/description", [name] if same else [name, more], "\n")
    draft.text(f"{at}/item_code", item.at("SellersItemIdentification/ID"))
    category = item.at("ClassifiedTaxCategory")
    if category is not None:
        draft.text(f"{at}/tax_category", category.at("ID"))
        draft.number(f"{at}/tax_rate", category.at("Percent"))
