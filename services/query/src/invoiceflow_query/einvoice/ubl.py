"""UBL 2.1 Invoice and CreditNote (ISO/IEC 19845) after CEN/TS 16931-3-2, elements in the order of the schema."""

from decimal import Decimal

from invoiceflow_contracts.invoice import (
    Address,
    AllowanceCharge,
    Invoice,
    InvoiceLine,
    InvoiceType,
    Party,
    TaxBreakdown,
)
from invoiceflow_query.einvoice.code_lists import code_list
from invoiceflow_query.einvoice.specification import DISCOUNT, OTHER_CHARGE, SPECIFICATION
from invoiceflow_query.einvoice.tree import Part, Vocabulary, amount, as_bytes
from invoiceflow_query.einvoice.types import type_code

__all__ = ["write_ubl"]

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_CAC = f"{_UBL}CommonAggregateComponents-2"
_CBC = f"{_UBL}CommonBasicComponents-2"
_group, _value = Vocabulary(_CAC).group, Vocabulary(_CBC).value

_VAT, _OTHER_TAX = "VAT", "TAX"


def write_ubl(invoice: Invoice) -> bytes:
    """Return a completed invoice as UBL: a ``CreditNote`` where it is one, else an ``Invoice``."""
    return _Writer(invoice).document()


class _Writer:
    """Writes one invoice: currency and kind of document decide names and attributes throughout."""

    def __init__(self, invoice: Invoice) -> None:
        self.invoice = invoice
        self.credit = invoice.type is InvoiceType.CREDIT_NOTE
        self.name = "CreditNote" if self.credit else "Invoice"

    def document(self) -> bytes:
        invoice = self.invoice
        return as_bytes(
            self.name,
            {None: f"{_UBL}{self.name}-2", "cac": _CAC, "cbc": _CBC},
            f"{_UBL}{self.name}-2",
            *self.head(),
            _group("InvoicePeriod", _value("StartDate", invoice.period_start), _value("EndDate", invoice.period_end)),
            _group("OrderReference", _value("ID", invoice.purchase_order)),
            _group("BillingReference", _group("InvoiceDocumentReference", _value("ID", invoice.preceding_invoice))),
            _group("AccountingSupplierParty", _party(invoice.seller, with_tax_id=True)),
            _group("AccountingCustomerParty", _party(invoice.buyer, with_tax_id=False)),
            _group("Delivery", _value("ActualDeliveryDate", invoice.delivery_date)),
            self.payment_means(),
            _group("PaymentTerms", _value("Note", invoice.payment_terms)),
            *(self.adjustment(each) for each in invoice.allowances_charges),
            _group(
                "TaxTotal",
                self.amount("TaxAmount", invoice.totals.tax),
                *(self.tax(row) for row in invoice.taxes),
            ),
            self.totals(),
            *(self.line(line) for line in invoice.lines),
        )

    def head(self) -> list[Part]:
        invoice = self.invoice
        return [
            _value("CustomizationID", SPECIFICATION),
            _value("ID", invoice.number),
            _value("IssueDate", invoice.issue_date),
            # A credit note has no such element; its due date stands with the means of payment.
            None if self.credit else _value("DueDate", invoice.due_date),
            _value(f"{self.name}TypeCode", type_code(invoice.type)),
            *(_value("Note", note) for note in invoice.notes),
            _value("DocumentCurrencyCode", invoice.currency),
            _value("BuyerReference", invoice.buyer_reference),
        ]

    def amount(self, name: str, value: Decimal | None) -> Part:
        return _value(name, amount(value), currencyID=self.invoice.currency)

    def payment_means(self) -> Part:
        payment = self.invoice.payment
        return _group(
            "PaymentMeans",
            _value("PaymentMeansCode", payment.means),
            _value("PaymentDueDate", self.invoice.due_date) if self.credit else None,
            _value("PaymentID", payment.reference),
            _group(
                "PayeeFinancialAccount",
                _value("ID", payment.iban),
                _value("Name", payment.account_name),
                _group("FinancialInstitutionBranch", _value("ID", payment.bic)),
            ),
        )

    def adjustment(self, item: AllowanceCharge) -> Part:
        return _group(
            "AllowanceCharge",
            _value("ChargeIndicator", "true" if item.is_charge else "false"),
            *_reason(item),
            _value("MultiplierFactorNumeric", item.percent),
            self.amount("Amount", item.amount),
            self.amount("BaseAmount", item.basis),
            _category("TaxCategory", item.tax_category, item.tax_rate),
        )

    def tax(self, row: TaxBreakdown) -> Part:
        listed = row.exemption_reason if row.exemption_reason in code_list("exemption_reason") else None
        return _group(
            "TaxSubtotal",
            self.amount("TaxableAmount", row.basis),
            self.amount("TaxAmount", row.amount),
            _category(
                "TaxCategory",
                row.category,
                row.rate,
                _value("TaxExemptionReasonCode", listed),
                None if listed else _value("TaxExemptionReason", row.exemption_reason),
            ),
        )

    def totals(self) -> Part:
        totals = self.invoice.totals
        return _group(
            "LegalMonetaryTotal",
            self.amount("LineExtensionAmount", totals.lines_net),
            self.amount("TaxExclusiveAmount", totals.net),
            self.amount("TaxInclusiveAmount", totals.gross),
            self.amount("AllowanceTotalAmount", totals.allowances),
            self.amount("ChargeTotalAmount", totals.charges),
            self.amount("PrepaidAmount", totals.prepaid),
            self.amount("PayableRoundingAmount", totals.rounding),
            self.amount("PayableAmount", totals.payable),
        )

    def line(self, line: InvoiceLine) -> Part:
        title, _, more = (line.description or "").partition("\n")
        return _group(
            f"{self.name}Line",
            _value("ID", line.id),
            _value("CreditedQuantity" if self.credit else "InvoicedQuantity", line.quantity, unitCode=line.unit),
            self.amount("LineExtensionAmount", line.net),
            self.line_discount(line.discount),
            _group(
                "Item",
                _value("Description", more),
                _value("Name", title),
                _group("SellersItemIdentification", _value("ID", line.item_code)),
                _category("ClassifiedTaxCategory", line.tax_category, line.tax_rate),
            ),
            _group("Price", _value("PriceAmount", line.unit_price, currencyID=self.invoice.currency)),
        )

    def line_discount(self, discount: Decimal | None) -> Part:
        if not discount:
            return None
        return _group(
            "AllowanceCharge",
            _value("ChargeIndicator", "false" if discount > 0 else "true"),
            _value("AllowanceChargeReasonCode", DISCOUNT if discount > 0 else OTHER_CHARGE),
            self.amount("Amount", abs(discount)),
        )


def _reason(item: AllowanceCharge) -> tuple[Part, Part]:
    listed = (
        item.reason if item.reason in code_list("charge_reason" if item.is_charge else "allowance_reason") else None
    )
    return _value("AllowanceChargeReasonCode", listed), None if listed else _value("AllowanceChargeReason", item.reason)


def _category(name: str, category: str | None, rate: Decimal | None, *exemption: Part) -> Part:
    return _group(
        name,
        _value("ID", category),
        # What is not subject to VAT has no rate (BR-O-05).
        None if category == "O" else _value("Percent", rate),
        *exemption,
        _group("TaxScheme", _value("ID", _VAT)),
    )


def _tax_scheme(company: str | None, scheme: str) -> Part:
    if company is None:
        return None
    return _group("PartyTaxScheme", _value("CompanyID", company), _group("TaxScheme", _value("ID", scheme)))


def _party(party: Party, *, with_tax_id: bool) -> Part:
    return _group(
        "Party",
        _address(party.address),
        _tax_scheme(party.vat_id, _VAT),
        # EN 16931 has a place for the seller's (BT-32) alone.
        _tax_scheme(party.tax_id, _OTHER_TAX) if with_tax_id else None,
        _group("PartyLegalEntity", _value("RegistrationName", party.name), _value("CompanyID", party.registration_id)),
        _group("Contact", _value("Telephone", party.phone), _value("ElectronicMail", party.email)),
    )


def _address(address: Address) -> Part:
    return _group(
        "PostalAddress",
        _value("StreetName", address.street),
        _value("CityName", address.city),
        _value("PostalZone", address.postcode),
        _value("CountrySubentity", address.region),
        _group("Country", _value("IdentificationCode", address.country)),
    )
