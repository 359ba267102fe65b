"""The invoice as the whole system speaks of it.

Names follow the business terms of EN 16931-1; the number in brackets names the term
(BT) or group (BG). Amounts are ``Decimal`` and stand in JSON as strings, in the invoice's
currency unless said otherwise. Whatever the document does not say is ``None``, never a guess.
Every term of EN 16931-1 has its place here; what goes beyond it says so.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

__all__ = [
    "Address",
    "AllowanceCharge",
    "Classification",
    "Delivery",
    "DirectDebit",
    "Identifier",
    "Invoice",
    "InvoiceLine",
    "InvoiceType",
    "ItemAttribute",
    "Money",
    "Party",
    "Payment",
    "PaymentAccount",
    "PaymentCard",
    "PrecedingInvoice",
    "SupportingDocument",
    "TaxBreakdown",
    "Totals",
]


def _plain(value: Decimal) -> str:
    return format(value, "f")


Money = Annotated[
    Decimal,
    Field(allow_inf_nan=False, max_digits=30),
    PlainSerializer(_plain, return_type=str, when_used="json"),
]
"""A decimal number (amount, quantity, price, rate); a string such as ``"1234.50"`` in JSON, never a float."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class InvoiceType(StrEnum):
    """What kind of document this is (BT-3)."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    CORRECTED_INVOICE = "corrected_invoice"
    PREPAYMENT_INVOICE = "prepayment_invoice"
    SELF_BILLED_INVOICE = "self_billed_invoice"
    PRO_FORMA = "pro_forma"
    RECEIPT = "receipt"
    REMINDER = "reminder"


class Identifier(_Frozen):
    """An identifier with the scheme that gives it its meaning."""

    value: str
    scheme: str | None = Field(
        default=None, description="ISO/IEC 6523 ICD, EAS or UNTDID 1153 code, whichever the term asks for."
    )


class Address(_Frozen):
    """A postal address (BG-5, BG-8, BG-12, BG-15)."""

    street: str | None = Field(
        default=None,
        description="Street and number, further lines after a comma (BT-35, BT-36, BT-162 and those of the other addresses).",
    )
    city: str | None = Field(default=None, description="(BT-37, BT-52, BT-66, BT-77)")
    postcode: str | None = Field(default=None, description="(BT-38, BT-53, BT-67, BT-78)")
    region: str | None = Field(default=None, description="Country subdivision (BT-39, BT-54, BT-68, BT-79).")
    country: str | None = Field(default=None, description="ISO 3166-1 alpha-2 (BT-40, BT-55, BT-69, BT-80).")


class Party(_Frozen):
    """Seller (BG-4), buyer (BG-7), payee (BG-10) or the seller's tax representative (BG-11)."""

    name: str | None = Field(default=None, description="(BT-27, BT-44, BT-59, BT-62)")
    trading_name: str | None = Field(
        default=None, description="Name it is known by, where that is another one (BT-28, BT-45)."
    )
    vat_id: str | None = Field(
        default=None, description="VAT identifier with its country prefix, no spaces (BT-31, BT-48, BT-63)."
    )
    tax_id: str | None = Field(default=None, description="Local tax registration (BT-32).")
    registration_id: str | None = Field(
        default=None, description="Legal registration, e.g. SIRET or HRB (BT-30, BT-47, BT-61)."
    )
    registration_scheme: str | None = Field(
        default=None, description="Scheme of the legal registration, ISO/IEC 6523 ICD (BT-30-1, BT-47-1, BT-61-1)."
    )
    legal_information: str | None = Field(
        default=None, description="Further legal particulars, such as share capital (BT-33)."
    )
    identifiers: tuple[Identifier, ...] = Field(
        default=(), description="Other identifiers, such as a GLN or supplier number (BT-29, BT-46, BT-60)."
    )
    electronic_address: Identifier | None = Field(
        default=None, description="Where e-invoices reach it, with the EAS code of its scheme (BT-34, BT-49)."
    )
    address: Address = Address()
    contact_name: str | None = Field(default=None, description="Contact person or department (BT-41, BT-56).")
    email: str | None = Field(default=None, description="(BT-43, BT-58)")
    phone: str | None = Field(default=None, description="(BT-42, BT-57)")


class Delivery(_Frozen):
    """Where the goods or services went (BG-13); when is the invoice's ``delivery_date``."""

    name: str | None = Field(default=None, description="Party delivered to (BT-70).")
    location: Identifier | None = Field(default=None, description="Location delivered to, such as a GLN (BT-71).")
    address: Address = Field(default=Address(), description="Address delivered to (BG-15).")


class PaymentAccount(_Frozen):
    """An account to pay to (BG-17)."""

    iban: str | None = Field(default=None, description="IBAN, no spaces, or an account of another kind (BT-84).")
    bic: str | None = Field(default=None, description="(BT-86)")
    account_name: str | None = Field(default=None, description="(BT-85)")


class PaymentCard(_Frozen):
    """The card that was paid with (BG-18)."""

    number: str | None = Field(default=None, description="As given: all but the last digits are masked (BT-87).")
    holder: str | None = Field(default=None, description="(BT-88)")


class DirectDebit(_Frozen):
    """What a collection from the buyer's account rests on (BG-19)."""

    mandate: str | None = Field(default=None, description="Mandate reference (BT-89).")
    creditor_id: str | None = Field(default=None, description="Creditor identifier assigned by the bank (BT-90).")
    account: str | None = Field(default=None, description="The buyer's account that is debited, no spaces (BT-91).")


class Payment(_Frozen):
    """How the invoice is to be paid (BG-16)."""

    means: str | None = Field(default=None, description="UNTDID 4461 code where known, else the words printed (BT-81).")
    means_text: str | None = Field(default=None, description="The means of payment in words, beside its code (BT-82).")
    iban: str | None = Field(default=None, description="Account, no spaces (BT-84).")
    bic: str | None = Field(default=None, description="(BT-86)")
    account_name: str | None = Field(default=None, description="(BT-85)")
    reference: str | None = Field(default=None, description="Remittance information (BT-83).")
    other_accounts: tuple[PaymentAccount, ...] = Field(
        default=(), description="Accounts that may be paid to instead of the first one (BG-17)."
    )
    card: PaymentCard | None = Field(default=None, description="(BG-18)")
    direct_debit: DirectDebit | None = Field(default=None, description="(BG-19)")


class Totals(_Frozen):
    """Document totals (BG-22)."""

    lines_net: Money | None = Field(default=None, description="Sum of line net amounts (BT-106).")
    allowances: Money | None = Field(default=None, description="Sum of document allowances, positive (BT-107).")
    charges: Money | None = Field(default=None, description="Sum of document charges (BT-108).")
    net: Money | None = Field(default=None, description="Total without VAT (BT-109).")
    tax: Money | None = Field(default=None, description="Total VAT (BT-110).")
    tax_in_tax_currency: Money | None = Field(
        default=None, description="Total VAT in the invoice's tax_currency (BT-111)."
    )
    gross: Money | None = Field(default=None, description="Total with VAT (BT-112).")
    withheld: Money | None = Field(
        default=None,
        description="Tax that the buyer keeps back and pays to the state, positive, such as the Italian ritenuta or the "
        "Spanish IRPF (beyond EN 16931).",
    )
    prepaid: Money | None = Field(default=None, description="Already paid (BT-113).")
    rounding: Money | None = Field(default=None, description="(BT-114)")
    payable: Money | None = Field(default=None, description="Amount due for payment (BT-115).")


class TaxBreakdown(_Frozen):
    """One VAT category and rate (BG-23)."""

    category: str | None = Field(default=None, description="UNTDID 5305 code: S, Z, E, AE, K, G, O, L, M (BT-118).")
    rate: Money | None = Field(default=None, description="Per cent (BT-119).")
    basis: Money | None = Field(default=None, description="Taxable amount (BT-116).")
    amount: Money | None = Field(default=None, description="Tax amount (BT-117).")
    exemption_reason: str | None = Field(default=None, description="(BT-120)")
    exemption_reason_code: str | None = Field(default=None, description="VATEX code (BT-121).")


class AllowanceCharge(_Frozen):
    """A discount or surcharge on document or line level (BG-20, BG-21, BG-27, BG-28)."""

    is_charge: bool = Field(description="True for a charge, false for an allowance.")
    amount: Money = Field(description="Positive (BT-92, BT-99, BT-136, BT-141).")
    basis: Money | None = Field(
        default=None, description="Amount that the percentage is of (BT-93, BT-100, BT-137, BT-142)."
    )
    percent: Money | None = Field(default=None, description="(BT-94, BT-101, BT-138, BT-143)")
    reason: str | None = Field(default=None, description="(BT-97, BT-104, BT-139, BT-144)")
    reason_code: str | None = Field(
        default=None, description="UNTDID 5189 of an allowance, 7161 of a charge (BT-98, BT-105, BT-140, BT-145)."
    )
    tax_rate: Money | None = Field(default=None, description="Per cent, on document level (BT-96, BT-103).")
    tax_category: str | None = Field(default=None, description="UNTDID 5305 code, on document level (BT-95, BT-102).")


class Classification(_Frozen):
    """A code that says what kind of thing an item is (BT-158)."""

    code: str
    scheme: str | None = Field(
        default=None, description="UNTDID 7143 code of the list, such as STI for UNSPSC (BT-158-1)."
    )
    version: str | None = Field(default=None, description="Version of the list (BT-158-2).")


class ItemAttribute(_Frozen):
    """A property of an item, such as its colour (BG-32)."""

    name: str = Field(description="(BT-160)")
    value: str = Field(description="(BT-161)")


class InvoiceLine(_Frozen):
    """An invoice line (BG-25)."""

    id: str | None = Field(default=None, description="(BT-126)")
    description: str | None = Field(
        default=None, description="Item name, and its description after a line break (BT-153, BT-154)."
    )
    item_code: str | None = Field(default=None, description="Seller's article number (BT-155).")
    quantity: Money | None = Field(default=None, description="(BT-129)")
    unit: str | None = Field(
        default=None, description="As printed, or its UN/ECE Rec 20 code in an e-invoice (BT-130)."
    )
    unit_price: Money | None = Field(default=None, description="Net price of one unit (BT-146).")
    discount: Money | None = Field(
        default=None, description="Allowances less charges of the line (BT-136, BT-141); they follow one by one below."
    )
    net: Money | None = Field(default=None, description="Line net amount (BT-131).")
    tax_rate: Money | None = Field(default=None, description="Per cent (BT-152).")
    tax_category: str | None = Field(default=None, description="UNTDID 5305 code (BT-151).")
    note: str | None = Field(default=None, description="Several on lines of their own (BT-127).")
    period_start: date | None = Field(default=None, description="(BT-134)")
    period_end: date | None = Field(default=None, description="(BT-135)")
    order_line: str | None = Field(default=None, description="Line of the purchase order (BT-132).")
    object_id: Identifier | None = Field(
        default=None, description="What the line is about, such as a meter; scheme of UNTDID 1153 (BT-128)."
    )
    accounting_reference: str | None = Field(default=None, description="Where the buyer books it (BT-133).")
    gross_price: Money | None = Field(default=None, description="Price of one unit before its discount (BT-148).")
    price_discount: Money | None = Field(default=None, description="Discount on the price of one unit (BT-147).")
    price_base_quantity: Money | None = Field(
        default=None,
        description="Quantity that the document states its prices for; here they are those of one unit (BT-149).",
    )
    price_base_unit: str | None = Field(default=None, description="UN/ECE Rec 20 code (BT-150).")
    buyer_item_code: str | None = Field(default=None, description="Buyer's article number (BT-156).")
    standard_item_code: Identifier | None = Field(
        default=None, description="GTIN or the like, with its ISO/IEC 6523 ICD (BT-157)."
    )
    classifications: tuple[Classification, ...] = Field(default=(), description="(BT-158)")
    country_of_origin: str | None = Field(default=None, description="ISO 3166-1 alpha-2 (BT-159).")
    attributes: tuple[ItemAttribute, ...] = Field(default=(), description="(BG-32)")
    allowances_charges: tuple[AllowanceCharge, ...] = Field(default=(), description="On this line (BG-27, BG-28).")


class PrecedingInvoice(_Frozen):
    """An invoice that this one corrects or completes (BG-3)."""

    number: str = Field(description="(BT-25)")
    issue_date: date | None = Field(default=None, description="(BT-26)")


class SupportingDocument(_Frozen):
    """A document that supports the invoice, such as a time sheet (BG-24); its bytes stay in the original."""

    reference: str | None = Field(default=None, description="(BT-122)")
    description: str | None = Field(default=None, description="(BT-123)")
    url: str | None = Field(default=None, description="Where the sender says it is; nothing is fetched (BT-124).")
    filename: str | None = Field(default=None, description="Of the attached file (BT-125-2).")
    media_type: str | None = Field(default=None, description="Of the attached file (BT-125-1).")


class Invoice(_Frozen):
    """An invoice, credit note or receipt."""

    number: str | None = Field(default=None, description="(BT-1)")
    type: InvoiceType = Field(default=InvoiceType.INVOICE, description="(BT-3)")
    type_code: str | None = Field(
        default=None, description="As an e-invoice gives it: UNTDID 1001, in FatturaPA TD01 and so on (BT-3)."
    )
    issue_date: date | None = Field(default=None, description="(BT-2)")
    due_date: date | None = Field(default=None, description="(BT-9)")
    currency: str | None = Field(default=None, description="ISO 4217 (BT-5).")
    tax_currency: str | None = Field(
        default=None, description="Currency the VAT is accounted in, where that is another one; ISO 4217 (BT-6)."
    )
    purchase_order: str | None = Field(default=None, description="(BT-13)")
    buyer_reference: str | None = Field(default=None, description="(BT-10)")
    sales_order: str | None = Field(default=None, description="The seller's order number (BT-14).")
    contract: str | None = Field(default=None, description="(BT-12)")
    project: str | None = Field(default=None, description="(BT-11)")
    receiving_advice: str | None = Field(default=None, description="(BT-15)")
    despatch_advice: str | None = Field(default=None, description="Delivery note (BT-16).")
    tender: str | None = Field(default=None, description="Tender or lot (BT-17).")
    object_id: Identifier | None = Field(
        default=None, description="What the invoice is about, such as a meter; scheme of UNTDID 1153 (BT-18)."
    )
    accounting_reference: str | None = Field(default=None, description="Where the buyer books it (BT-19).")
    preceding_invoice: str | None = Field(default=None, description="Number of the invoice this one corrects (BT-25).")
    preceding_invoices: tuple[PrecedingInvoice, ...] = Field(
        default=(), description="All that it corrects or completes, the first one too, with their dates (BG-3)."
    )
    delivery_date: date | None = Field(default=None, description="(BT-72)")
    tax_point_date: date | None = Field(default=None, description="When the VAT becomes due (BT-7).")
    tax_point_code: str | None = Field(
        default=None, description="What makes the VAT due, UNTDID 2005: 3, 35 or 432 (BT-8)."
    )
    period_start: date | None = Field(default=None, description="(BT-73)")
    period_end: date | None = Field(default=None, description="(BT-74)")
    payment_terms: str | None = Field(default=None, description="(BT-20)")
    notes: tuple[str, ...] = Field(default=(), description="(BT-22)")
    note_subject_codes: tuple[str | None, ...] = Field(
        default=(), description="UNTDID 4451 code of each note, in their order; empty where none has one (BT-21)."
    )
    business_process: str | None = Field(default=None, description="(BT-23)")
    specification: str | None = Field(
        default=None, description="What the e-invoice says it keeps to: its profile (BT-24)."
    )
    seller: Party = Party()
    buyer: Party = Party()
    payee: Party | None = Field(default=None, description="Who is paid, where that is not the seller (BG-10).")
    tax_representative: Party | None = Field(default=None, description="(BG-11)")
    delivery: Delivery | None = Field(default=None, description="(BG-13)")
    payment: Payment = Payment()
    totals: Totals = Totals()
    taxes: tuple[TaxBreakdown, ...] = ()
    allowances_charges: tuple[AllowanceCharge, ...] = Field(default=(), description="On document level (BG-20, BG-21).")
    supporting_documents: tuple[SupportingDocument, ...] = Field(default=(), description="(BG-24)")
    lines: tuple[InvoiceLine, ...] = ()
