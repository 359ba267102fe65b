"""UBL 2.1 Invoice and CreditNote (ISO/IEC 19845) after CEN/TS 16931-3-2, elements in the order of the schema."""

from collections.abc import Iterator
from decimal import Decimal

from invoiceflow_contracts.invoice import Invoice, SupportingDocument, TaxBreakdown
from invoiceflow_query.einvoice.specification import NO_ORDER, OBJECT, PROJECT, SPECIFICATION
from invoiceflow_query.einvoice.tree import Part, as_bytes
from invoiceflow_query.einvoice.types import is_credit_note
from invoiceflow_query.einvoice.ubl.lines import write_line
from invoiceflow_query.einvoice.ubl.parties import buyer, delivery, payee, payment_means, seller, tax_representative
from invoiceflow_query.einvoice.ubl.vocabulary import (
    CAC,
    CBC,
    UBL,
    adjustment,
    category,
    group,
    identifier,
    money,
    value,
)

__all__ = ["write_ubl"]


def write_ubl(invoice: Invoice) -> bytes:
    """Return a completed invoice as UBL: a ``CreditNote`` where its type is one's, else an ``Invoice``."""
    return _Writer(invoice).document()


class _Writer:
    """Writes one invoice: currency and kind of document decide names and attributes throughout."""

    def __init__(self, invoice: Invoice) -> None:
        self.invoice = invoice
        self.credit = is_credit_note(invoice.type_code)
        self.name = "CreditNote" if self.credit else "Invoice"

    def document(self) -> bytes:
        invoice, debit = self.invoice, self.invoice.payment.direct_debit
        return as_bytes(
            self.name,
            {None: f"{UBL}{self.name}-2", "cac": CAC, "cbc": CBC},
            f"{UBL}{self.name}-2",
            *self.head(),
            *self.references(),
            group("AccountingSupplierParty", seller(invoice.seller, debit.creditor_id if debit else None)),
            group("AccountingCustomerParty", buyer(invoice.buyer)),
            payee(invoice.payee),
            tax_representative(invoice.tax_representative),
            delivery(invoice.delivery, invoice.delivery_date),
            *payment_means(invoice.payment, invoice.due_date if self.credit else None),
            group("PaymentTerms", value("Note", invoice.payment_terms)),
            *(
                adjustment(each, invoice.currency, category("TaxCategory", each.tax_category, each.tax_rate))
                for each in invoice.allowances_charges
            ),
            group(
                "TaxTotal",
                self.money("TaxAmount", invoice.totals.tax),
                *(self.tax(row) for row in invoice.taxes),
            ),
            group("TaxTotal", money("TaxAmount", invoice.totals.tax_in_tax_currency, invoice.tax_currency)),
            self.totals(),
            *(write_line(line, invoice.currency, credit=self.credit) for line in invoice.lines),
        )

    def head(self) -> Iterator[Part]:
        invoice = self.invoice
        kind = value(f"{self.name}TypeCode", invoice.type_code)
        tax_point = value("TaxPointDate", invoice.tax_point_date)
        subjects = (*invoice.note_subject_codes, *[None] * len(invoice.notes))
        notes = [
            value("Note", f"#{subject}#{note}" if subject else note)
            for note, subject in zip(invoice.notes, subjects, strict=False)
        ]
        yield value("CustomizationID", SPECIFICATION)
        yield value("ProfileID", invoice.business_process)
        yield value("ID", invoice.number)
        yield value("IssueDate", invoice.issue_date)
        if self.credit:  # has no due date here: it stands with the means of payment
            yield from (tax_point, kind, *notes)
        else:
            yield from (value("DueDate", invoice.due_date), kind, *notes, tax_point)
        yield value("DocumentCurrencyCode", invoice.currency)
        yield value("TaxCurrencyCode", invoice.tax_currency)
        yield value("AccountingCost", invoice.accounting_reference)
        yield value("BuyerReference", invoice.buyer_reference)
        yield group(
            "InvoicePeriod",
            value("StartDate", invoice.period_start),
            value("EndDate", invoice.period_end),
            value("DescriptionCode", invoice.tax_point_code),
        )

    def references(self) -> Iterator[Part]:
        invoice = self.invoice
        # The schema wants the buyer's order beside the seller's.
        order = invoice.purchase_order or (NO_ORDER if invoice.sales_order else None)
        yield group("OrderReference", value("ID", order), value("SalesOrderID", invoice.sales_order))
        for preceding in invoice.preceding_invoices:
            reference = value("ID", preceding.number), value("IssueDate", preceding.issue_date)
            yield group("BillingReference", group("InvoiceDocumentReference", *reference))
        yield group("DespatchDocumentReference", value("ID", invoice.despatch_advice))
        yield group("ReceiptDocumentReference", value("ID", invoice.receiving_advice))
        tender = group("OriginatorDocumentReference", value("ID", invoice.tender))
        contract = group("ContractDocumentReference", value("ID", invoice.contract))
        additional = [*self.additional_documents()]
        if self.credit:
            yield from (contract, *additional, tender)
        else:
            project = group("ProjectReference", value("ID", invoice.project))
            yield from (tender, contract, *additional, project)

    def additional_documents(self) -> Iterator[Part]:
        invoice = self.invoice
        if invoice.object_id:
            yield group(
                "AdditionalDocumentReference", identifier("ID", invoice.object_id), value("DocumentTypeCode", OBJECT)
            )
        if self.credit and invoice.project:
            yield group("AdditionalDocumentReference", value("ID", invoice.project), value("DocumentTypeCode", PROJECT))
        for each in invoice.supporting_documents:
            yield _supporting(each)

    def money(self, name: str, number: Decimal | None) -> Part:
        return money(name, number, self.invoice.currency)

    def tax(self, row: TaxBreakdown) -> Part:
        exemption = (
            value("TaxExemptionReasonCode", row.exemption_reason_code),
            value("TaxExemptionReason", row.exemption_reason),
        )
        return group(
            "TaxSubtotal",
            self.money("TaxableAmount", row.basis),
            self.money("TaxAmount", row.amount),
            category("TaxCategory", row.category, row.rate, *exemption),
        )

    def totals(self) -> Part:
        totals = self.invoice.totals
        return group(
            "LegalMonetaryTotal",
            self.money("LineExtensionAmount", totals.lines_net),
            self.money("TaxExclusiveAmount", totals.net),
            self.money("TaxInclusiveAmount", totals.gross),
            self.money("AllowanceTotalAmount", totals.allowances),
            self.money("ChargeTotalAmount", totals.charges),
            self.money("PrepaidAmount", totals.prepaid),
            self.money("PayableRoundingAmount", totals.rounding),
            self.money("PayableAmount", totals.payable),
        )


def _supporting(document: SupportingDocument) -> Part:
    """Return a reference to a supporting document; its bytes stay in the original."""
    return group(
        "AdditionalDocumentReference",
        value("ID", document.reference),
        value("DocumentDescription", document.description),
        group("Attachment", group("ExternalReference", value("URI", document.url))),
    )
