"""Smaller rules of EN 16931 on what an e-invoice says in full: lines, parties, payment (EN 16931-1, 6.5)."""

from collections.abc import Iterator

from invoiceflow_contracts.extraction import Finding
from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_extract.checks.mandatory import lacking
from invoiceflow_extract.checks.subject import Subject, of_en16931
from invoiceflow_extract.rules import RULES

__all__ = ["allowances_have_reasons", "is_payable", "lines_say_what_they_must", "parties_say_what_they_must"]

_CREDIT_TRANSFER = frozenset({"30", "58"})
"""UNTDID 4461: credit transfer, SEPA credit transfer."""


@of_en16931
def lines_say_what_they_must(subject: Subject) -> Iterator[Finding]:
    """BR-21 to BR-28, BR-30, BR-CO-4: what each line has, and that its prices are not negative."""
    for index, line in enumerate(subject.invoice.lines):
        at, name = f"/lines/{index}", line.id or index + 1
        yield from lacking(
            f"Line {name}",
            at,
            ("BR-21", "id", line.id, "number"),
            ("BR-22", "quantity", line.quantity, "quantity"),
            ("BR-23", "unit", line.unit, "unit"),
            ("BR-24", "net", line.net, "net amount"),
            ("BR-25", "description", line.description, "name of an item"),
            ("BR-26", "unit_price", line.unit_price, "price"),
            ("BR-CO-4", "tax_category", line.tax_category, "VAT category"),
        )
        for rule, field, price in (
            ("BR-27", "unit_price", line.unit_price),
            ("BR-28", "gross_price", line.gross_price),
        ):
            if price is not None and price < 0:
                yield RULES[rule].finding(
                    f"The price of line {name} is negative: {price}.",
                    pointers=(f"{at}/{field}",),
                    values={field: price},
                )
        if line.period_start and line.period_end and line.period_end < line.period_start:
            yield RULES["BR-30"].finding(
                f"The period of line {name} ends before it starts.", pointers=(f"{at}/period_end", f"{at}/period_start")
            )


@of_en16931
def parties_say_what_they_must(subject: Subject) -> Iterator[Finding]:
    """BR-17 to BR-20, BR-CO-9, BR-CO-26: payee, tax representative, prefixes of VAT identifiers, who the seller is."""
    invoice = subject.invoice
    if invoice.payee is not None:
        yield from lacking("The payee", "/payee", ("BR-17", "name", invoice.payee.name, "name"))
    agent = invoice.tax_representative
    if agent is not None:
        yield from lacking(
            "The seller's tax representative",
            "/tax_representative",
            ("BR-18", "name", agent.name, "name"),
            ("BR-20", "address/country", agent.address.country, "country"),
            ("BR-56", "vat_id", agent.vat_id, "VAT identifier"),
        )
    for role, party in (("seller", invoice.seller), ("buyer", invoice.buyer), ("tax_representative", agent)):
        if party is not None and party.vat_id is not None and not party.vat_id[:2].isalpha():
            yield RULES["BR-CO-9"].finding(
                f"The VAT identifier {party.vat_id[:30]!r} does not begin with a country code.",
                pointers=(f"/{role}/vat_id",),
                values={"vat_id": party.vat_id[:30]},
            )
    seller = invoice.seller
    if not (seller.vat_id or seller.registration_id or seller.identifiers):
        yield RULES["BR-CO-26"].finding(
            "Nothing identifies the seller: neither an identifier nor a registration nor a VAT identifier is given.",
            pointers=("/seller/identifiers", "/seller/registration_id", "/seller/vat_id"),
        )


@of_en16931
def is_payable(subject: Subject) -> Iterator[Finding]:
    """BR-49, BR-61, BR-CO-25: how and until when to pay what is due."""
    invoice = subject.invoice
    payment, due = invoice.payment, invoice.totals.payable
    asks = invoice.type is not InvoiceType.CREDIT_NOTE and due is not None and due > 0
    if asks and invoice.due_date is None and not invoice.payment_terms:
        yield RULES["BR-CO-25"].finding(
            "An amount is due, but neither a due date nor terms of payment are given.",
            pointers=("/due_date", "/payment_terms"),
            values={"totals.payable": due},
        )
    if payment.means in _CREDIT_TRANSFER and payment.iban is None:
        yield RULES["BR-61"].finding(
            "The invoice asks for a credit transfer and names no account.", pointers=("/payment/iban", "/payment/means")
        )


@of_en16931
def allowances_have_reasons(subject: Subject) -> Iterator[Finding]:
    """BR-33 and BR-38 (BR-CO-21, BR-CO-22): an allowance or charge says why."""
    for index, one in enumerate(subject.invoice.allowances_charges):
        if not (one.reason or one.reason_code):
            yield RULES["BR-38" if one.is_charge else "BR-33"].finding(
                f"A {'charge' if one.is_charge else 'discount'} of {one.amount} on the document gives no reason.",
                pointers=(f"/allowances_charges/{index}",),
                values={"amount": one.amount},
            )
