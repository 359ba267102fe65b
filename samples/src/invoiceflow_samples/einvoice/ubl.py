"""UBL 2.1 invoices and credit notes after Peppol BIS Billing 3.0, elements in the order of the schema."""

from decimal import Decimal

from lxml import etree

from invoiceflow_contracts.invoice import AllowanceCharge, Invoice, InvoiceLine, InvoiceType, Party
from invoiceflow_samples.einvoice.amounts import plain, two

__all__ = ["CUSTOMIZATION", "write_ubl"]

CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
_PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_CAC = f"{_UBL}CommonAggregateComponents-2"
_CBC = f"{_UBL}CommonBasicComponents-2"


class _Writer:
    def __init__(self, root: etree._Element, currency: str) -> None:
        self.root = root
        self.currency = currency

    def group(self, parent: etree._Element, name: str) -> etree._Element:
        return etree.SubElement(parent, f"{{{_CAC}}}{name}")

    def value(self, parent: etree._Element, name: str, text: str | None, **attributes: str) -> None:
        if text:
            etree.SubElement(parent, f"{{{_CBC}}}{name}", attributes).text = text

    def amount(self, parent: etree._Element, name: str, value: Decimal | None) -> None:
        self.value(parent, name, two(value), currencyID=self.currency)

    def category(self, parent: etree._Element, name: str, category: str, rate: Decimal, reason: str | None) -> None:
        group = self.group(parent, name)
        self.value(group, "ID", category)
        self.value(group, "Percent", plain(rate))
        self.value(group, "TaxExemptionReason", reason)
        self.value(self.group(group, "TaxScheme"), "ID", "VAT")

    def party(self, name: str, party: Party) -> None:
        group = self.group(self.group(self.root, name), "Party")
        self.value(group, "EndpointID", party.email, schemeID="EM")
        self.value(self.group(group, "PartyName"), "Name", party.name)
        address = self.group(group, "PostalAddress")
        self.value(address, "StreetName", party.address.street)
        self.value(address, "CityName", party.address.city)
        self.value(address, "PostalZone", party.address.postcode)
        self.value(self.group(address, "Country"), "IdentificationCode", party.address.country)
        if party.vat_id:
            scheme = self.group(group, "PartyTaxScheme")
            self.value(scheme, "CompanyID", party.vat_id)
            self.value(self.group(scheme, "TaxScheme"), "ID", "VAT")
        self.value(self.group(group, "PartyLegalEntity"), "RegistrationName", party.name)
        contact = self.group(group, "Contact")
        self.value(contact, "Telephone", party.phone)
        self.value(contact, "ElectronicMail", party.email)

    def adjustment(self, item: AllowanceCharge) -> None:
        group = self.group(self.root, "AllowanceCharge")
        self.value(group, "ChargeIndicator", "true" if item.is_charge else "false")
        self.value(group, "AllowanceChargeReason", item.reason)
        if item.percent is not None:
            self.value(group, "MultiplierFactorNumeric", plain(item.percent))
        self.amount(group, "Amount", item.amount)
        if item.basis is not None:
            self.amount(group, "BaseAmount", item.basis)
        self.category(group, "TaxCategory", item.tax_category or "S", item.tax_rate or Decimal(0), None)

    def line(self, line: InvoiceLine, name: str, quantity_name: str) -> None:
        group = self.group(self.root, name)
        self.value(group, "ID", line.id)
        self.value(group, quantity_name, plain(line.quantity or Decimal(1)), unitCode=line.unit or "C62")
        self.amount(group, "LineExtensionAmount", line.net)
        if line.discount:
            allowance = self.group(group, "AllowanceCharge")
            self.value(allowance, "ChargeIndicator", "false")
            self.value(allowance, "AllowanceChargeReasonCode", "95")
            self.amount(allowance, "Amount", line.discount)
        item = self.group(group, "Item")
        title, _, more = (line.description or "").partition("\n")
        self.value(item, "Description", more)
        self.value(item, "Name", title)
        if line.item_code:
            self.value(self.group(item, "SellersItemIdentification"), "ID", line.item_code)
        self.category(item, "ClassifiedTaxCategory", line.tax_category or "S", line.tax_rate or Decimal(0), None)
        price = self.group(group, "Price")
        self.value(price, "PriceAmount", plain(line.unit_price or Decimal(0)), currencyID=self.currency)


def _head(writer: _Writer, invoice: Invoice, *, credit: bool) -> None:
    root = writer.root
    writer.value(root, "CustomizationID", CUSTOMIZATION)
    writer.value(root, "ProfileID", _PROFILE)
    writer.value(root, "ID", invoice.number)
    writer.value(root, "IssueDate", invoice.issue_date.isoformat() if invoice.issue_date else None)
    if not credit and invoice.due_date:
        writer.value(root, "DueDate", invoice.due_date.isoformat())
    writer.value(root, "CreditNoteTypeCode" if credit else "InvoiceTypeCode", "381" if credit else "380")
    for note in invoice.notes:
        writer.value(root, "Note", note)
    writer.value(root, "DocumentCurrencyCode", invoice.currency)
    writer.value(root, "BuyerReference", invoice.buyer_reference)
    if invoice.purchase_order:
        writer.value(writer.group(root, "OrderReference"), "ID", invoice.purchase_order)
    if invoice.preceding_invoice:
        reference = writer.group(writer.group(root, "BillingReference"), "InvoiceDocumentReference")
        writer.value(reference, "ID", invoice.preceding_invoice)


def _payment(writer: _Writer, invoice: Invoice) -> None:
    if invoice.payment.iban:
        means = writer.group(writer.root, "PaymentMeans")
        writer.value(means, "PaymentMeansCode", invoice.payment.means)
        writer.value(means, "PaymentID", invoice.payment.reference)
        account = writer.group(means, "PayeeFinancialAccount")
        writer.value(account, "ID", invoice.payment.iban)
        writer.value(account, "Name", invoice.payment.account_name)
        if invoice.payment.bic:
            writer.value(writer.group(account, "FinancialInstitutionBranch"), "ID", invoice.payment.bic)
    if invoice.payment_terms:
        writer.value(writer.group(writer.root, "PaymentTerms"), "Note", invoice.payment_terms)


def _sums(writer: _Writer, invoice: Invoice) -> None:
    totals = invoice.totals
    tax_total = writer.group(writer.root, "TaxTotal")
    writer.amount(tax_total, "TaxAmount", totals.tax)
    for row in invoice.taxes:
        group = writer.group(tax_total, "TaxSubtotal")
        writer.amount(group, "TaxableAmount", row.basis)
        writer.amount(group, "TaxAmount", row.amount)
        writer.category(group, "TaxCategory", row.category or "S", row.rate or Decimal(0), row.exemption_reason)
    group = writer.group(writer.root, "LegalMonetaryTotal")
    writer.amount(group, "LineExtensionAmount", totals.lines_net)
    writer.amount(group, "TaxExclusiveAmount", totals.net)
    writer.amount(group, "TaxInclusiveAmount", totals.gross)
    for name, value in (
        ("AllowanceTotalAmount", totals.allowances),
        ("ChargeTotalAmount", totals.charges),
        ("PrepaidAmount", totals.prepaid),
    ):
        if value is not None:
            writer.amount(group, name, value)
    writer.amount(group, "PayableAmount", totals.payable)


def write_ubl(invoice: Invoice) -> bytes:
    """The invoice as a UBL 2.1 ``Invoice`` or ``CreditNote`` document."""
    credit = invoice.type is InvoiceType.CREDIT_NOTE
    name = "CreditNote" if credit else "Invoice"
    namespaces: dict[str | None, str] = {None: f"{_UBL}{name}-2", "cac": _CAC, "cbc": _CBC}
    root = etree.Element(f"{{{_UBL}{name}-2}}{name}", nsmap=namespaces)  # type: ignore[arg-type]
    writer = _Writer(root, invoice.currency or "EUR")
    _head(writer, invoice, credit=credit)
    writer.party("AccountingSupplierParty", invoice.seller)
    writer.party("AccountingCustomerParty", invoice.buyer)
    if invoice.delivery_date:
        writer.value(writer.group(root, "Delivery"), "ActualDeliveryDate", invoice.delivery_date.isoformat())
    _payment(writer, invoice)
    for item in invoice.allowances_charges:
        writer.adjustment(item)
    _sums(writer, invoice)
    for line in invoice.lines:
        writer.line(line, f"{name}Line", "CreditedQuantity" if credit else "InvoicedQuantity")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
