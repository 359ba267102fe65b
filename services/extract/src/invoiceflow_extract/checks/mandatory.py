"""What an invoice must have (EN 16931-1, 6.5: BR-2 to BR-16)."""

from collections.abc import Iterator

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_contracts.invoice import Invoice, InvoiceType
from invoiceflow_extract.checks.subject import Origin, Subject
from invoiceflow_extract.rules import RULES

__all__ = ["lacking", "names_its_parties", "says_what_is_owed", "says_what_it_is"]


def _is_receipt(invoice: Invoice) -> bool:
    return invoice.type is InvoiceType.RECEIPT


def lacking(who: str, at: str, *wanted: tuple[str, str, object, str]) -> Iterator[Finding]:
    """Yield a finding for each rule whose value is None.

    Args:
        who: what lacks it, as the beginning of a sentence.
        at: pointer of what the values are fields of.
        wanted: rule, field, value, and what the field is called.
    """
    for rule, field, value, what in wanted:
        if value is None:
            yield RULES[rule].finding(f"{who} has no {what}.", pointers=(f"{at}/{field}",))


def says_what_it_is(subject: Subject) -> Iterator[Finding]:
    """BR-2, BR-3, BR-5: number, issue date and currency. A receipt may go without a number."""
    invoice = subject.invoice
    lenient = Severity.WARNING if _is_receipt(invoice) else Severity.ERROR
    for rule, pointer, value, what, severity in (
        ("BR-2", "/number", invoice.number, "number", lenient),
        ("BR-3", "/issue_date", invoice.issue_date, "issue date", lenient),
        ("BR-5", "/currency", invoice.currency, "currency", lenient),
    ):
        if value is None:
            yield RULES[rule].finding(
                f"The {_document(subject)} has no {what}.", pointers=(pointer,), severity=severity
            )


def names_its_parties(subject: Subject) -> Iterator[Finding]:
    """BR-6, BR-7, BR-9, BR-11: seller and buyer. Many printed invoices and all receipts do without parts of it."""
    invoice = subject.invoice
    receipt = _is_receipt(invoice)
    if invoice.seller.name is None:
        severity = Severity.WARNING if receipt else Severity.ERROR
        yield RULES["BR-6"].finding(
            f"The {_document(subject)} does not name the seller.", pointers=("/seller/name",), severity=severity
        )
    if invoice.buyer.name is None and not receipt:
        yield RULES["BR-7"].finding(
            f"The {_document(subject)} does not name the buyer.",
            pointers=("/buyer/name",),
            severity=subject.severity(Severity.WARNING),
        )
    if subject.origin is Origin.EN16931:
        for rule, role, party in (("BR-9", "seller", invoice.seller), ("BR-11", "buyer", invoice.buyer)):
            if party.address.country is None:
                yield RULES[rule].finding(
                    f"The e-invoice gives no country for the {role}.", pointers=(f"/{role}/address/country",)
                )


def says_what_is_owed(subject: Subject) -> Iterator[Finding]:
    """BR-12 to BR-16 and BR-CO-18: totals, lines, breakdown. Elsewhere than in EN 16931, one total is enough."""
    invoice = subject.invoice
    totals = invoice.totals
    if subject.origin is not Origin.EN16931:
        if totals.gross is None and totals.payable is None:
            yield RULES["BR-14"].finding(
                f"The {_document(subject)} has no total amount.", pointers=("/totals/gross", "/totals/payable")
            )
        return
    yield from lacking(
        "The e-invoice",
        "/totals",
        ("BR-12", "lines_net", totals.lines_net, "sum of its lines"),
        ("BR-13", "net", totals.net, "total without VAT"),
        ("BR-14", "gross", totals.gross, "total with VAT"),
        ("BR-15", "payable", totals.payable, "amount due"),
    )
    if not invoice.lines:
        yield RULES["BR-16"].finding(
            "The e-invoice has no line, though its profile asks for one.", pointers=("/lines",)
        )
    if not invoice.taxes:
        yield RULES["BR-CO-18"].finding("The e-invoice has no VAT breakdown.", pointers=("/taxes",))


def _document(subject: Subject) -> str:
    if subject.origin is not Origin.PAGE:
        return "e-invoice"
    return "receipt" if _is_receipt(subject.invoice) else "document"
