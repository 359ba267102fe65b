"""What must be there, and in the codes of the lists (BR-01 to BR-65, BR-CL-*, BR-CO-09, BR-CO-26)."""

from collections.abc import Iterator

from invoiceflow_contracts.invoice import Invoice, Party
from invoiceflow_query.einvoice.code_lists import CodeList, code_list
from invoiceflow_query.einvoice.types import type_code
from invoiceflow_query.einvoice.violations import Violation

__all__ = ["required"]

ACCOUNT_NEEDED = {"30", "58"}
"""UNTDID 4461: credit transfer, SEPA credit transfer (BR-61)."""


def required(invoice: Invoice) -> Iterator[Violation]:
    """Yield what of a completed invoice is missing or stands in no code list."""
    yield from _header(invoice)
    yield from _seller(invoice.seller)
    yield from _buyer(invoice.buyer)
    yield from _payment(invoice)
    for index in range(len(invoice.lines)):
        yield from _line(invoice, index)
    for index in range(len(invoice.allowances_charges)):
        yield from _adjustment(invoice, index)


def _missing(rule: str, value: object, pointer: str, message: str) -> Iterator[Violation]:
    if value is None or (isinstance(value, str) and not value.strip()):
        yield Violation(rule, message, (pointer,))


def _listed(rule: str, code: str | None, name: CodeList, pointer: str, what: str) -> Iterator[Violation]:
    if code and code not in code_list(name):
        yield Violation(rule, f"{what} {code[:30]!r} is not in the code list.", (pointer,))


def _header(invoice: Invoice) -> Iterator[Violation]:
    yield from _missing("BR-02", invoice.number, "/number", "The invoice has no number (BT-1).")
    yield from _missing("BR-03", invoice.issue_date, "/issue_date", "The invoice has no issue date (BT-2).")
    if type_code(invoice.type) is None:
        kind = invoice.type.value.replace("_", " ")
        yield Violation("BR-CL-01", f"A {kind} is no invoice: EN 16931 has no document type for it (BT-3).", ("/type",))
    yield from _missing("BR-05", invoice.currency, "/currency", "The invoice has no currency (BT-5).")
    yield from _listed("BR-CL-04", invoice.currency, "currency", "/currency", "The currency (BT-5)")
    if not invoice.lines:
        yield Violation("BR-16", "The invoice has no line (BG-25).", ("/lines",))
    start, end = invoice.period_start, invoice.period_end
    if start and end and end < start:
        message = "The invoicing period ends before it begins (BT-73, BT-74)."
        yield Violation("BR-29", message, ("/period_start", "/period_end"))


def _seller(seller: Party) -> Iterator[Violation]:
    yield from _missing("BR-06", seller.name, "/seller/name", "The seller has no name (BT-27).")
    yield from _address(seller, "/seller", "seller", ("BR-08", "BR-09"))
    if not (seller.registration_id or seller.vat_id):
        yield Violation(
            "BR-CO-26",
            "The seller has neither an identifier, nor a legal registration, nor a VAT identifier (BT-29, BT-30, BT-31).",
            ("/seller/registration_id", "/seller/vat_id"),
        )
    yield from _vat_prefix(seller.vat_id, "/seller/vat_id", "seller")


def _buyer(buyer: Party) -> Iterator[Violation]:
    yield from _missing("BR-07", buyer.name, "/buyer/name", "The buyer has no name (BT-44).")
    yield from _address(buyer, "/buyer", "buyer", ("BR-10", "BR-11"))
    yield from _vat_prefix(buyer.vat_id, "/buyer/vat_id", "buyer")


def _address(party: Party, at: str, who: str, rules: tuple[str, str]) -> Iterator[Violation]:
    address = party.address
    if not any((address.street, address.city, address.postcode, address.region, address.country)):
        yield Violation(rules[0], f"The {who} has no postal address.", (f"{at}/address",))
    yield from _missing(rules[1], address.country, f"{at}/address/country", f"The {who}'s address has no country.")
    yield from _listed("BR-CL-14", address.country, "country", f"{at}/address/country", f"The {who}'s country")


def _vat_prefix(vat_id: str | None, pointer: str, who: str) -> Iterator[Violation]:
    if vat_id and vat_id[:2] not in code_list("vat_prefix"):
        message = (
            f"The {who}'s VAT identifier does not begin with the code of a country (ISO 3166-1, or EL for Greece)."
        )
        yield Violation("BR-CO-09", message, (pointer,))


def _payment(invoice: Invoice) -> Iterator[Violation]:
    payment = invoice.payment
    if payment.means in ACCOUNT_NEEDED and not payment.iban:
        message = "The invoice is to be paid by credit transfer and names no account to pay to (BT-84)."
        yield Violation("BR-61", message, ("/payment/iban",))
    elif not payment.iban and (payment.account_name or payment.bic):
        message = "There is a name or a bank of an account to pay to, and no account (BT-84)."
        yield Violation("BR-50", message, ("/payment/iban",))


def _line(invoice: Invoice, index: int) -> Iterator[Violation]:
    line, at, name = invoice.lines[index], f"/lines/{index}", f"Line {invoice.lines[index].id}"
    yield from _missing("BR-22", line.quantity, f"{at}/quantity", f"{name} has no quantity (BT-129).")
    yield from _missing("BR-24", line.net, f"{at}/net", f"{name} has no net amount (BT-131).")
    title = (line.description or "").partition("\n")[0]
    yield from _missing("BR-25", title, f"{at}/description", f"{name} does not say what was sold (BT-153).")
    yield from _missing("BR-26", line.unit_price, f"{at}/unit_price", f"{name} has no price (BT-146).")
    if line.unit_price is not None and line.unit_price < 0:
        yield Violation("BR-27", f"{name} has a price below zero (BT-146).", (f"{at}/unit_price",))
    yield from _missing(
        "BR-CO-04",
        line.tax_category,
        f"{at}/tax_category",
        f"The VAT category of {name.lower()} cannot be told (BT-151).",
    )
    yield from _listed("BR-CL-18", line.tax_category, "tax_category", f"{at}/tax_category", f"{name}: the VAT category")


def _adjustment(invoice: Invoice, index: int) -> Iterator[Violation]:
    item, at = invoice.allowances_charges[index], f"/allowances_charges/{index}"
    what = "charge" if item.is_charge else "allowance"
    yield from _missing(
        "BR-37" if item.is_charge else "BR-32",
        item.tax_category,
        f"{at}/tax_category",
        f"The VAT category of an {what} on the whole invoice cannot be told.".replace("an charge", "a charge"),
    )
    yield from _listed("BR-CL-18", item.tax_category, "tax_category", f"{at}/tax_category", "The VAT category")
    yield from _missing(
        "BR-38" if item.is_charge else "BR-33",
        item.reason,
        f"{at}/reason",
        f"The {what} on the whole invoice has no reason.",
    )
