"""Seller, buyer, payee, tax representative, delivery and payment (BR-06 to BR-11, BR-17 to BR-20, BR-51 to BR-63, BR-CO-09, BR-CO-26)."""

from collections.abc import Iterator, Sequence

from invoiceflow_contracts.invoice import Address, Delivery, Identifier, Invoice, Party, Payment
from invoiceflow_query.einvoice.code_lists import code_list
from invoiceflow_query.einvoice.rules.asking import listed, missing, scheme_listed
from invoiceflow_query.einvoice.violations import Violation

__all__ = ["parties"]

ACCOUNT_NEEDED = {"30", "58"}
"""UNTDID 4461: credit transfer, SEPA credit transfer (BR-61)."""
CARD_DIGITS = 10
"""So many characters of a card's number may be shown: the first six and the last four (BR-51)."""


def parties(invoice: Invoice) -> Iterator[Violation]:
    """Yield what is wrong with who takes part in a completed invoice, and how it is paid."""
    yield from _seller(invoice.seller)
    yield from _buyer(invoice.buyer)
    if invoice.payee is not None:
        yield from _payee(invoice.payee, invoice.seller)
    if invoice.tax_representative is not None:
        yield from _representative(invoice.tax_representative)
    if invoice.delivery is not None:
        yield from _delivery(invoice.delivery)
    yield from _payment(invoice.payment)


def _seller(seller: Party) -> Iterator[Violation]:
    yield from missing("BR-06", seller.name, "/seller/name", "The seller has no name (BT-27).")
    yield from _address(seller.address, "/seller", "seller", ("BR-08", "BR-09"))
    if not (seller.registration_id or seller.vat_id or seller.identifiers):
        yield Violation(
            "BR-CO-26",
            "The seller has neither an identifier, nor a legal registration, nor a VAT identifier (BT-29, BT-30, BT-31).",
            ("/seller/identifiers", "/seller/registration_id", "/seller/vat_id"),
        )
    yield from _vat_prefix(seller.vat_id, "/seller/vat_id", "seller")
    yield from _identification(seller, "/seller", "seller", "BR-62")


def _buyer(buyer: Party) -> Iterator[Violation]:
    yield from missing("BR-07", buyer.name, "/buyer/name", "The buyer has no name (BT-44).")
    yield from _address(buyer.address, "/buyer", "buyer", ("BR-10", "BR-11"))
    yield from _vat_prefix(buyer.vat_id, "/buyer/vat_id", "buyer")
    yield from _identification(buyer, "/buyer", "buyer", "BR-63")


def _identification(party: Party, at: str, who: str, rule: str) -> Iterator[Violation]:
    yield from _identifiers(party.identifiers, at, who)
    pointer = f"{at}/registration_scheme"
    yield from listed(
        "BR-CL-11", party.registration_scheme, "identifier_scheme", pointer, f"The {who}'s registration: the scheme"
    )
    electronic = party.electronic_address
    if electronic is not None:
        pointer = f"{at}/electronic_address"
        message = f"The {who}'s electronic address has no scheme."
        yield from missing(rule, electronic.scheme, f"{pointer}/scheme", message)
        yield from scheme_listed(
            "BR-CL-25", electronic, "electronic_address", pointer, f"The {who}'s electronic address"
        )


def _identifiers(given: Sequence[Identifier], at: str, who: str) -> Iterator[Violation]:
    for index, each in enumerate(given):
        pointer = f"{at}/identifiers/{index}"
        yield from scheme_listed("BR-CL-10", each, "identifier_scheme", pointer, f"An identifier of the {who}")


def _payee(payee: Party, seller: Party) -> Iterator[Violation]:
    if payee.name is None or payee.name == seller.name:
        message = "The payee needs a name, and another than the seller's (BT-59)."
        yield Violation("BR-17", message, ("/payee/name",))
    yield from _identification(payee, "/payee", "payee", "BR-62")


def _representative(party: Party) -> Iterator[Violation]:
    at = "/tax_representative"
    yield from missing("BR-18", party.name, f"{at}/name", "The tax representative has no name (BT-62).")
    yield from _address(party.address, at, "tax representative", ("BR-19", "BR-20"))
    message = "The tax representative has no VAT identifier (BT-63)."
    yield from missing("BR-56", party.vat_id, f"{at}/vat_id", message)
    yield from _vat_prefix(party.vat_id, f"{at}/vat_id", "tax representative")


def _delivery(delivery: Delivery) -> Iterator[Violation]:
    at, country = "/delivery/address/country", delivery.address.country
    if delivery.address != Address():
        yield from missing("BR-57", country, at, "The address delivered to has no country (BT-80).")
        yield from listed("BR-CL-14", country, "country", at, "The country delivered to (BT-80)")
    what = "The location delivered to (BT-71)"
    yield from scheme_listed("BR-CL-26", delivery.location, "identifier_scheme", "/delivery/location", what)


def _address(address: Address, at: str, who: str, rules: tuple[str, str]) -> Iterator[Violation]:
    if address == Address():
        yield Violation(rules[0], f"The {who} has no postal address.", (f"{at}/address",))
    pointer = f"{at}/address/country"
    yield from missing(rules[1], address.country, pointer, f"The {who}'s address has no country.")
    yield from listed("BR-CL-14", address.country, "country", pointer, f"The {who}'s country")


def _vat_prefix(vat_id: str | None, pointer: str, who: str) -> Iterator[Violation]:
    if vat_id and vat_id[:2] not in code_list("vat_prefix"):
        message = (
            f"The {who}'s VAT identifier does not begin with the code of a country (ISO 3166-1, or EL for Greece)."
        )
        yield Violation("BR-CO-09", message, (pointer,))


def _payment(payment: Payment) -> Iterator[Violation]:
    accounts = [("/payment/iban", payment.iban)]
    accounts += [
        (f"/payment/other_accounts/{index}/iban", each.iban) for index, each in enumerate(payment.other_accounts)
    ]
    for pointer, iban in accounts:
        if payment.means in ACCOUNT_NEEDED and not iban:
            message = "The invoice is to be paid by credit transfer and names no account to pay to (BT-84)."
            yield Violation("BR-61", message, (pointer,))
    if payment.card is not None and len(payment.card.number or "") > CARD_DIGITS:
        message = "More of a card's number is shown than its first six and last four digits (BT-87)."
        yield Violation("BR-51", message, ("/payment/card/number",))
