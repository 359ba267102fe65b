"""The invoice as the whole system speaks of it.

Names follow the business terms of EN 16931-1; the number in brackets names the term
(BT) or group (BG). Amounts are ``Decimal`` and stand in JSON as strings, in the invoice's
currency unless said otherwise. Whatever the document does not say is ``None``, never a guess.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

__all__ = [
    "Address",
    "AllowanceCharge",
    "Invoice",
    "InvoiceLine",
    "InvoiceType",
    "Money",
    "Party",
    "Payment",
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


class Address(_Frozen):
    """A postal address (BG-5, BG-8)."""

    street: str | None = Field(
        default=None, description="Street and number, further lines after a comma (BT-35, BT-50)."
    )
    city: str | None = Field(default=None, description="(BT-37, BT-52)")
    postcode: str | None = Field(default=None, description="(BT-38, BT-53)")
    region: str | None = Field(default=None, description="Country subdivision (BT-39, BT-54).")
    country: str | None = Field(default=None, description="ISO 3166-1 alpha-2 (BT-40, BT-55).")


class Party(_Frozen):
    """Seller (BG-4) or buyer (BG-7)."""

    name: str | None = Field(default=None, description="(BT-27, BT-44)")
    vat_id: str | None = Field(
        default=None, description="VAT identifier with its country prefix, no spaces (BT-31, BT-48)."
    )
    tax_id: str | None = Field(default=None, description="Local tax registration (BT-32).")
    registration_id: str | None = Field(
        default=None, description="Legal registration, e.g. SIRET or HRB (BT-30, BT-47)."
    )
    address: Address = Address()
    email: str | None = Field(default=None, description="(BT-43, BT-58)")
    phone: str | None = Field(default=None, description="(BT-42, BT-57)")


class Payment(_Frozen):
    """How the invoice is to be paid (BG-16)."""

    means: str | None = Field(default=None, description="UNTDID 4461 code where known, else the words printed (BT-81).")
    iban: str | None = Field(default=None, description="Account, no spaces (BT-84).")
    bic: str | None = Field(default=None, description="(BT-86)")
    account_name: str | None = Field(default=None, description="(BT-85)")
    reference: str | None = Field(default=None, description="Remittance information (BT-83).")


class Totals(_Frozen):
    """Document totals (BG-22)."""

    lines_net: Money | None = Field(default=None, description="Sum of line net amounts (BT-106).")
    allowances: Money | None = Field(default=None, description="Sum of document allowances, positive (BT-107).")
    charges: Money | None = Field(default=None, description="Sum of document charges (BT-108).")
    net: Money | None = Field(default=None, description="Total without VAT (BT-109).")
    tax: Money | None = Field(default=None, description="Total VAT (BT-110).")
    gross: Money | None = Field(default=None, description="Total with VAT (BT-112).")
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


class AllowanceCharge(_Frozen):
    """A discount or surcharge on document or line level (BG-20, BG-21, BG-27, BG-28)."""

    is_charge: bool = Field(description="True for a charge, false for an allowance.")
    amount: Money = Field(description="Positive (BT-92, BT-99, BT-136, BT-141).")
    basis: Money | None = None
    percent: Money | None = None
    reason: str | None = None
    tax_rate: Money | None = None
    tax_category: str | None = None


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
    discount: Money | None = Field(default=None, description="Line allowance, positive amount (BT-136).")
    net: Money | None = Field(default=None, description="Line net amount (BT-131).")
    tax_rate: Money | None = Field(default=None, description="Per cent (BT-152).")
    tax_category: str | None = Field(default=None, description="UNTDID 5305 code (BT-151).")


class Invoice(_Frozen):
    """An invoice, credit note or receipt."""

    number: str | None = Field(default=None, description="(BT-1)")
    type: InvoiceType = Field(default=InvoiceType.INVOICE, description="(BT-3)")
    issue_date: date | None = Field(default=None, description="(BT-2)")
    due_date: date | None = Field(default=None, description="(BT-9)")
    currency: str | None = Field(default=None, description="ISO 4217 (BT-5).")
    purchase_order: str | None = Field(default=None, description="(BT-13)")
    buyer_reference: str | None = Field(default=None, description="(BT-10)")
    preceding_invoice: str | None = Field(default=None, description="Number of the invoice this one corrects (BT-25).")
    delivery_date: date | None = Field(default=None, description="(BT-72)")
    period_start: date | None = Field(default=None, description="(BT-73)")
    period_end: date | None = Field(default=None, description="(BT-74)")
    payment_terms: str | None = Field(default=None, description="(BT-20)")
    notes: tuple[str, ...] = Field(default=(), description="(BT-22)")
    seller: Party = Party()
    buyer: Party = Party()
    payment: Payment = Payment()
    totals: Totals = Totals()
    taxes: tuple[TaxBreakdown, ...] = ()
    allowances_charges: tuple[AllowanceCharge, ...] = Field(default=(), description="On document level.")
    lines: tuple[InvoiceLine, ...] = ()
