"""What an invoice is held against that others of its seller have said. Pure.

The finding stands on the later of two invoices, by the time of extraction, whichever comes to be known first: what is found follows
from the invoices alone, in whatever order they come.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from invoiceflow_contracts.extraction import Finding, JsonPointer, Severity
from invoiceflow_contracts.invoice import Invoice, InvoiceType
from invoiceflow_contracts.rules import Rule
from invoiceflow_query.folding import name_key, number_key, vat_id_key
from invoiceflow_query.records import InvoiceSummary, PartySummary

__all__ = ["RULES", "account_findings", "accounts_of", "number_findings", "sellers_of"]

RULES: Final[Mapping[str, Rule]] = {
    rule.id: rule
    for rule in (
        Rule("IF-INVOICE-TWICE", Severity.ERROR, "A seller gives a number to one invoice (BT-1)"),
        Rule("IF-ACCOUNT-NEW", Severity.ERROR, "A seller is paid to an account that it has named before (BT-84)"),
    )
}
"""By identifier. The rules for which one document is enough are the extract service's."""

_LONGEST = 200
"""Characters of a name or an account that tell it from others."""


def sellers_of(invoice: Invoice) -> tuple[str, ...]:
    """Return by what the seller is known, the surest first: its VAT identifier (BT-31), its name (BT-27)."""
    keys = ("vat", vat_id_key(invoice.seller.vat_id)), ("name", name_key(invoice.seller.name))
    return tuple(f"{kind}:{value}"[:_LONGEST] for kind, value in keys if value)


def accounts_of(invoice: Invoice) -> dict[str, JsonPointer]:
    """Return the accounts that the seller asks to be paid to (BT-84), and where each stands; of a credit note none."""
    if invoice.type is InvoiceType.CREDIT_NOTE:
        return {}
    named = [("/payment/iban", invoice.payment.iban)]
    named += [
        (f"/payment/other_accounts/{index}/iban", other.iban)
        for index, other in enumerate(invoice.payment.other_accounts)
    ]
    accounts: dict[str, JsonPointer] = {}
    for pointer, text in named:
        if account := "".join(filter(str.isalnum, text or "")).upper()[:_LONGEST]:
            accounts.setdefault(account, pointer)
    return accounts


def account_findings(
    invoice: Invoice, at: datetime, since: Mapping[str, datetime], young: timedelta
) -> tuple[Finding, ...]:
    """Say where the invoice asks to be paid to an account that its seller has not named for long, but another.

    Args:
        invoice: what is looked at.
        at: when it was extracted.
        since: the seller's accounts, and when the first invoice that names each was extracted.
        young: for how long an account is new.
    """
    for account, pointer in accounts_of(invoice).items():
        first = since.get(account, at)
        known = sorted((begun, other) for other, begun in since.items() if begun < first)
        if known and at - first < young:
            begun, other = known[-1]
            finding = RULES["IF-ACCOUNT-NEW"].finding(
                f"Until now this seller was paid to another account: {other}, named since {begun.date()}. "
                "Ask the seller, not by what this invoice says, before anything is paid to the new one.",
                pointers=(pointer,),
                values={"account": account, "known": other, "since": begun.date()},
            )
            return (finding,)
    return ()


def number_findings(
    invoice: InvoiceSummary, others: Iterable[InvoiceSummary]
) -> Iterator[tuple[UUID, tuple[Finding, ...]]]:
    """Say which of the invoices has a number that an earlier one has: this one, or any of ``others``.

    Args:
        invoice: what is looked at.
        others: invoices with its number; it may be among them, and some may be other sellers'.
    """
    alike = [other for other in others if other.id != invoice.id and _same(invoice, other)]
    earlier = [other for other in alike if _order(other) < _order(invoice)]
    if earlier:
        yield invoice.id, (_twice(invoice, earlier),)
    for later in alike:
        if _order(later) > _order(invoice):
            yield later.id, (_twice(later, [invoice]),)


def _order(invoice: InvoiceSummary) -> tuple[datetime, UUID]:
    return invoice.extracted_at, invoice.id


def _same(one: InvoiceSummary, other: InvoiceSummary) -> bool:
    """Whether both are of the same kind with the same number from the same seller.

    Some sellers begin anew with 1 each year: of other years it is the same only for the same amount.
    """
    return (
        one.type is other.type
        and number_key(one.number) == number_key(other.number) is not None
        and _same_seller(one.seller, other.seller)
        and (_years(one) == _years(other) or None in (one.issue_date, other.issue_date) or _same_amount(one, other))
    )


def _same_seller(one: PartySummary, other: PartySummary) -> bool:
    ids = vat_id_key(one.vat_id), vat_id_key(other.vat_id)
    if None not in ids:
        return ids[0] == ids[1]
    return name_key(one.name) == name_key(other.name) is not None


def _years(invoice: InvoiceSummary) -> int | None:
    return invoice.issue_date.year if invoice.issue_date else None


def _same_date(one: InvoiceSummary, other: InvoiceSummary) -> bool:
    return one.issue_date == other.issue_date is not None


def _same_amount(one: InvoiceSummary, other: InvoiceSummary) -> bool:
    amounts = [each.payable if each.gross is None else each.gross for each in (one, other)]
    return amounts[0] == amounts[1] is not None and one.currency == other.currency


def _twice(invoice: InvoiceSummary, earlier: Iterable[InvoiceSummary]) -> Finding:
    """Return the finding, which names the likest of the earlier ones, of those the first."""
    agreeing = [(-_same_date(invoice, each) - _same_amount(invoice, each), *_order(each), each) for each in earlier]
    *_, first = min(agreeing, key=lambda each: each[:-1])
    agree = ["number"] + ["date"] * _same_date(invoice, first) + ["amount"] * _same_amount(invoice, first)
    came_as = f" ({first.filename})" if first.filename else ""
    return RULES["IF-INVOICE-TWICE"].finding(
        f"Invoice {first.id}{came_as} of the same seller has the same {_listed(agree)}. Pay it once.",
        pointers=("/number",),
        values={
            "earlier": first.id,
            "number": first.number,
            "issue_date": first.issue_date or "",
            "amount": first.payable if first.gross is None else first.gross,
        },
    )


def _listed(words: list[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
