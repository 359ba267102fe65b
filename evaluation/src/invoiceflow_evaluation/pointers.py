"""Where the invoice has what the truth names."""

from collections.abc import Mapping

__all__ = ["POINTERS"]

POINTERS: Mapping[str, str] = {
    "invoice_number": "/number",
    "issue_date": "/issue_date",
    "due_date": "/due_date",
    "seller_name": "/seller/name",
    "seller_vat_id": "/seller/vat_id",
    "buyer_name": "/buyer/name",
    "currency": "/currency",
    "order_reference": "/purchase_order",
    "line_total": "/totals/lines_net",
    "tax_basis_total": "/totals/net",
    "tax_total": "/totals/tax",
    "grand_total": "/totals/gross",
    "due_payable": "/totals/payable",
    "type_code": "/type",
    "seller_country": "/seller/address/country",
    "buyer_vat_id": "/buyer/vat_id",
    "buyer_country": "/buyer/address/country",
    "buyer_reference": "/buyer_reference",
    "iban": "/payment/iban",
    "payment_reference": "/payment/reference",
    "allowance_total": "/totals/allowances",
    "charge_total": "/totals/charges",
    "prepaid": "/totals/prepaid",
    "tax_breakdown": "/taxes/0/amount",
}
"""JSON pointer (RFC 6901) of each judged field; a tax breakdown is shown at its first row."""
