"""UN/CEFACT Cross Industry Invoice D22B in Factur-X's profile EN 16931 (CEN/TS 16931-3-3), elements in the order of the schema."""

import re
from collections.abc import Iterator

from invoiceflow_contracts.invoice import Invoice, Payment, PaymentAccount, SupportingDocument
from invoiceflow_query.einvoice.cii.lines import write_line
from invoiceflow_query.einvoice.cii.parties import buyer, payee, seller, ship_to, tax_representative
from invoiceflow_query.einvoice.cii.vocabulary import (
    SPACES,
    account,
    adjustment,
    day,
    document_reference,
    group,
    message,
    money,
    object_reference,
    period,
    required,
    tax,
    tax_point,
    value,
)
from invoiceflow_query.einvoice.specification import OBJECT, SPECIFICATION, SUPPORTING, TENDER
from invoiceflow_query.einvoice.tree import Part, as_bytes

__all__ = ["write_cii"]

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_TAX_POINTS = {"3": "5", "35": "29", "432": "72"}
"""What makes VAT due (BT-8): UNTDID 2005, which EN 16931 has, to UNTDID 2475, which this syntax has."""
_PROJECT_NAME = "Project reference"
"""The schema wants a name of the project (BT-11); EN 16931 has none."""


def write_cii(invoice: Invoice) -> bytes:
    """Return a completed invoice as a ``CrossIndustryInvoice``."""
    return as_bytes(
        "CrossIndustryInvoice",
        SPACES,
        SPACES["rsm"],
        message(
            "ExchangedDocumentContext",
            group("BusinessProcessSpecifiedDocumentContextParameter", value("ID", invoice.business_process)),
            group("GuidelineSpecifiedDocumentContextParameter", value("ID", SPECIFICATION)),
        ),
        message(
            "ExchangedDocument",
            value("ID", invoice.number),
            value("TypeCode", invoice.type_code),
            day("IssueDateTime", invoice.issue_date),
            *_notes(invoice),
        ),
        message(
            "SupplyChainTradeTransaction",
            *(write_line(line) for line in invoice.lines),
            _agreement(invoice),
            _delivery(invoice),
            _settlement(invoice),
        ),
    )


def _notes(invoice: Invoice) -> Iterator[Part]:
    subjects = (*invoice.note_subject_codes, *[None] * len(invoice.notes))
    for note, subject in zip(invoice.notes, subjects, strict=False):
        yield group("IncludedNote", value("Content", note), value("SubjectCode", subject))


def _agreement(invoice: Invoice) -> Part:
    return group(
        "ApplicableHeaderTradeAgreement",
        value("BuyerReference", invoice.buyer_reference),
        seller(invoice.seller),
        buyer(invoice.buyer),
        tax_representative(invoice.tax_representative),
        document_reference("SellerOrderReferencedDocument", invoice.sales_order),
        document_reference("BuyerOrderReferencedDocument", invoice.purchase_order),
        document_reference("ContractReferencedDocument", invoice.contract),
        *(_supporting(each) for each in invoice.supporting_documents),
        group("AdditionalReferencedDocument", value("IssuerAssignedID", invoice.tender), value("TypeCode", TENDER))
        if invoice.tender
        else None,
        object_reference(invoice.object_id, OBJECT),
        group("SpecifiedProcuringProject", value("ID", invoice.project), value("Name", _PROJECT_NAME))
        if invoice.project
        else None,
    )


def _supporting(document: SupportingDocument) -> Part:
    """Return a reference to a supporting document; its bytes stay in the original."""
    return group(
        "AdditionalReferencedDocument",
        value("IssuerAssignedID", document.reference),
        value("URIID", document.url),
        value("TypeCode", SUPPORTING),
        value("Name", document.description),
    )


def _delivery(invoice: Invoice) -> Part:
    # The schema wants the group also where it says nothing.
    return required(
        "ApplicableHeaderTradeDelivery",
        ship_to(invoice.delivery),
        group("ActualDeliverySupplyChainEvent", day("OccurrenceDateTime", invoice.delivery_date)),
        document_reference("DespatchAdviceReferencedDocument", invoice.despatch_advice),
        document_reference("ReceivingAdviceReferencedDocument", invoice.receiving_advice),
    )


def _settlement(invoice: Invoice) -> Part:
    debit = invoice.payment.direct_debit
    return group(
        "ApplicableHeaderTradeSettlement",
        value("CreditorReferenceID", debit.creditor_id if debit else None),
        value("PaymentReference", invoice.payment.reference),
        value("TaxCurrencyCode", invoice.tax_currency),
        value("InvoiceCurrencyCode", invoice.currency),
        payee(invoice.payee),
        *_means(invoice.payment),
        *_breakdown(invoice),
        period(invoice.period_start, invoice.period_end),
        *(
            adjustment(each, tax("CategoryTradeTax", each.tax_category, each.tax_rate))
            for each in invoice.allowances_charges
        ),
        group(
            "SpecifiedTradePaymentTerms",
            value("Description", invoice.payment_terms),
            day("DueDateDateTime", invoice.due_date),
            value("DirectDebitMandateID", debit.mandate if debit else None),
        ),
        _summation(invoice),
        *(
            document_reference("InvoiceReferencedDocument", each.number, each.issue_date)
            for each in invoice.preceding_invoices
        ),
        account(invoice.accounting_reference),
    )


def _means(payment: Payment) -> Iterator[Part]:
    """Yield the ways to pay (BG-16): one for each account, what they have in common in the first."""
    debit, card = payment.direct_debit, payment.card
    accounts = (
        PaymentAccount(iban=payment.iban, bic=payment.bic, account_name=payment.account_name),
        *payment.other_accounts,
    )
    for position, given in enumerate(accounts):
        first = position == 0
        yield group(
            "SpecifiedTradeSettlementPaymentMeans",
            value("TypeCode", payment.means),
            value("Information", payment.means_text if first else None),
            group(
                "ApplicableTradeSettlementFinancialCard", value("ID", card.number), value("CardholderName", card.holder)
            )
            if card and first
            else None,
            group("PayerPartyDebtorFinancialAccount", value("IBANID", debit.account)) if debit and first else None,
            group("PayeePartyCreditorFinancialAccount", *_account(given)),
            group("PayeeSpecifiedCreditorFinancialInstitution", value("BICID", given.bic)),
        )


def _account(given: PaymentAccount) -> tuple[Part, Part]:
    """Return account and name as the schema has them: IBANID, AccountName, ProprietaryID."""
    name = value("AccountName", given.account_name)
    if given.iban and _IBAN.fullmatch(given.iban):
        return value("IBANID", given.iban), name
    return name, value("ProprietaryID", given.iban)


def _breakdown(invoice: Invoice) -> Iterator[Part]:
    for index, row in enumerate(invoice.taxes):
        first = index == 0  # of all rows one alone may say when the VAT becomes due
        yield group(
            "ApplicableTradeTax",
            money("CalculatedAmount", row.amount),
            value("TypeCode", "VAT"),
            value("ExemptionReason", row.exemption_reason),
            money("BasisAmount", row.basis),
            value("CategoryCode", row.category),
            value("ExemptionReasonCode", row.exemption_reason_code),
            tax_point(invoice.tax_point_date) if first else None,
            value("DueDateTypeCode", _TAX_POINTS.get(invoice.tax_point_code or "")) if first else None,
            None if row.category == "O" else value("RateApplicablePercent", row.rate),
        )


def _summation(invoice: Invoice) -> Part:
    totals = invoice.totals
    return group(
        "SpecifiedTradeSettlementHeaderMonetarySummation",
        money("LineTotalAmount", totals.lines_net),
        money("ChargeTotalAmount", totals.charges),
        money("AllowanceTotalAmount", totals.allowances),
        money("TaxBasisTotalAmount", totals.net),
        money("TaxTotalAmount", totals.tax, currencyID=invoice.currency),
        money("TaxTotalAmount", totals.tax_in_tax_currency, currencyID=invoice.tax_currency),
        money("RoundingAmount", totals.rounding),
        money("GrandTotalAmount", totals.gross),
        money("TotalPrepaidAmount", totals.prepaid),
        money("DuePayableAmount", totals.payable),
    )
