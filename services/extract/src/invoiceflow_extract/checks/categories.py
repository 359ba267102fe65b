"""The rules of each VAT category (EN 16931-1, 6.4.3: BR-S, BR-Z, BR-E, BR-AE, BR-IC, BR-G, BR-O, BR-IG, BR-IP).

They hold lines, allowances and charges beside the VAT breakdown, so only an e-invoice that claims EN 16931 in full is asked: a page
seldom prints the category of a line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from invoiceflow_contracts.extraction import Finding
from invoiceflow_contracts.invoice import Invoice
from invoiceflow_extract.checks.subject import Subject, of_en16931
from invoiceflow_extract.rules import RULES

__all__ = ["CATEGORIES", "TAXED", "categories_agree", "categories_have_their_parties", "rates_suit_their_categories"]

CATEGORIES = {"S": "S", "Z": "Z", "E": "E", "AE": "AE", "K": "IC", "G": "G", "O": "O", "L": "IG", "M": "IP"}
"""UNTDID 5305 category -> the middle of its rules' names."""
TAXED = frozenset("SLM")
"""Categories that bear VAT, and have a breakdown for each rate."""
_BUYER_TOO = {"AE": ("vat_id", "registration_id"), "K": ("vat_id",)}
"""Categories that need the buyer's identifier as well, and which will do."""
_ZERO = Decimal(0)


@dataclass(frozen=True)
class _Part:
    """A line, allowance or charge: what it adds to the taxable amount of its category."""

    category: str
    rate: Decimal | None
    amount: Decimal
    pointer: str


def _parts(invoice: Invoice) -> list[_Part]:
    lines = [
        _Part(line.tax_category, line.tax_rate, line.net, f"/lines/{index}")
        for index, line in enumerate(invoice.lines)
        if line.tax_category and line.net is not None
    ]
    return lines + [
        _Part(
            one.tax_category, one.tax_rate, one.amount if one.is_charge else -one.amount, f"/allowances_charges/{index}"
        )
        for index, one in enumerate(invoice.allowances_charges)
        if one.tax_category
    ]


@of_en16931
def categories_agree(subject: Subject) -> Iterator[Finding]:
    """BR-*-1 and BR-*-8: each category of a line has its breakdown, and its taxable amount is what its lines come to."""
    parts, taxes = _parts(subject.invoice), subject.invoice.taxes
    given = {tax.category for tax in taxes}
    for category in sorted({part.category for part in parts} - given):
        if category in CATEGORIES:
            yield RULES[f"BR-{CATEGORIES[category]}-1"].finding(
                f"Lines, allowances or charges are of VAT category {category}, and the VAT breakdown has none for it.",
                pointers=("/taxes", *(part.pointer for part in parts if part.category == category)),
                values={"category": category},
            )
    invoice = subject.invoice
    given_by = [line.tax_category for line in invoice.lines] + [one.tax_category for one in invoice.allowances_charges]
    if not all(given_by):
        return  # what has no category is BR-CO-4's, and could belong to any
    for index, tax in enumerate(taxes):
        if tax.category not in CATEGORIES or tax.basis is None:
            continue
        own = [
            part
            for part in parts
            if part.category == tax.category
            and (tax.category not in TAXED or (part.rate or _ZERO) == (tax.rate or _ZERO))
        ]
        total = sum((part.amount for part in own), _ZERO)
        if subject.differs(tax.basis, total):
            yield RULES[f"BR-{CATEGORIES[tax.category]}-8"].finding(
                f"The taxable amount of VAT category {tax.category} says {tax.basis}, but its lines, allowances and charges come to {total}.",
                pointers=(f"/taxes/{index}/basis", *(part.pointer for part in own)),
                values={"category": tax.category, "rate": tax.rate, "basis": tax.basis, "sum": total},
            )


@of_en16931
def rates_suit_their_categories(subject: Subject) -> Iterator[Finding]:
    """BR-*-5 to BR-*-7: the standard rate is above 0, and what bears no VAT has a rate of 0 or none."""
    for part in _parts(subject.invoice):
        kind = CATEGORIES.get(part.category)
        if kind is None or kind in {"IG", "IP"} or part.rate is None:
            continue
        if (part.rate > 0) is (kind == "S"):
            continue
        yield RULES[f"BR-{kind}-5"].finding(
            f"VAT category {part.category} does not go with a rate of {part.rate} %.",
            pointers=(f"{part.pointer}/tax_rate", f"{part.pointer}/tax_category"),
            values={"category": part.category, "rate": part.rate},
        )


@of_en16931
def categories_have_their_parties(subject: Subject) -> Iterator[Finding]:
    """BR-*-2 to BR-*-4, BR-IC-11, BR-IC-12: who charges VAT or leaves it to the buyer names the identifiers that make it so."""
    invoice = subject.invoice
    seller, represented = invoice.seller, invoice.tax_representative and invoice.tax_representative.vat_id
    for category in dict.fromkeys(part.category for part in _parts(invoice)):
        kind = CATEGORIES.get(category)
        if kind is None or kind == "O":
            continue
        allowed = (seller.vat_id, represented) if kind in {"IC", "G"} else (seller.vat_id, seller.tax_id, represented)
        if not any(allowed):
            yield RULES[f"BR-{kind}-2"].finding(
                f"VAT category {category} needs the seller's VAT identifier, and there is none.",
                pointers=("/seller/vat_id",),
                values={"category": category},
            )
        wanted = _BUYER_TOO.get(category)
        if wanted and not any(getattr(invoice.buyer, name) for name in wanted):
            yield RULES[f"BR-{kind}-2"].finding(
                f"VAT category {category} needs the buyer's VAT identifier, and there is none.",
                pointers=("/buyer/vat_id",),
                values={"category": category},
            )
        if kind == "IC":
            yield from _delivered(invoice)


def _delivered(invoice: Invoice) -> Iterator[Finding]:
    if invoice.delivery_date is None and invoice.period_start is None and invoice.period_end is None:
        yield RULES["BR-IC-11"].finding(
            "An intra-community supply needs the date of delivery or the invoicing period.",
            pointers=("/delivery_date", "/period_start"),
        )
    if invoice.delivery is None or invoice.delivery.address.country is None:
        yield RULES["BR-IC-12"].finding(
            "An intra-community supply needs the country it was delivered to.", pointers=("/delivery/address/country",)
        )
