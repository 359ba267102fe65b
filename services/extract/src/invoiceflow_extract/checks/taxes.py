"""The VAT breakdown (EN 16931-1, BG-23)."""

from collections.abc import Iterator
from decimal import Decimal

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_contracts.invoice import TaxBreakdown
from invoiceflow_extract.checks.categories import CATEGORIES, TAXED
from invoiceflow_extract.checks.subject import Subject
from invoiceflow_extract.rules import RULES

__all__ = ["exempt_categories_hold", "tax_amounts_follow", "tax_bases_add_up", "taxes_add_up"]

_ZERO = Decimal(0)


def taxes_add_up(subject: Subject) -> Iterator[Finding]:
    """BR-CO-14: total VAT is the sum of the breakdown."""
    taxes, stated = subject.invoice.taxes, subject.invoice.totals.tax
    amounts = [tax.amount for tax in taxes if tax.amount is not None]
    if stated is None or not amounts or len(amounts) < len(taxes):
        return
    total = sum(amounts, _ZERO)
    if subject.differs(stated, total, rounded=len(amounts)):
        yield RULES["BR-CO-14"].finding(
            f"The VAT breakdown adds up to {total}, but the total VAT says {stated}.",
            pointers=("/totals/tax", *(f"/taxes/{index}/amount" for index in range(len(taxes)))),
            values={"sum of taxes": total, "totals.tax": stated},
        )


def tax_bases_add_up(subject: Subject) -> Iterator[Finding]:
    """IF-TAX-BASIS: the taxable amounts add up to the total without VAT."""
    taxes, net = subject.invoice.taxes, subject.invoice.totals.net
    bases = [tax.basis for tax in taxes if tax.basis is not None]
    if net is None or not bases or len(bases) < len(taxes):
        return
    total = sum(bases, _ZERO)
    if subject.differs(net, total, rounded=len(bases)):
        yield RULES["IF-TAX-BASIS"].finding(
            f"The taxable amounts add up to {total}, but the total without VAT says {net}.",
            pointers=("/totals/net", *(f"/taxes/{index}/basis" for index in range(len(taxes)))),
            values={"sum of bases": total, "totals.net": net},
        )


def tax_amounts_follow(subject: Subject) -> Iterator[Finding]:
    """BR-CO-17: the VAT of a category is its basis times its rate.

    VAT may be worked out line by line and then added up, so every line may add half a unit of rounding. The validation
    artefacts allow a whole currency unit: less is a warning here, more an error.
    """
    slack = subject.unit * (1 + (len(subject.invoice.lines) + 1) // 2)
    for index, tax in enumerate(subject.invoice.taxes):
        if tax.basis is None or tax.rate is None or tax.amount is None:
            continue
        expected = tax.basis * tax.rate / 100
        difference = abs(tax.amount - expected)
        if difference <= slack:
            continue
        at = f"/taxes/{index}"
        yield RULES["BR-CO-17"].finding(
            f"{tax.rate} % of {tax.basis} is {round(expected, 2)}, but the VAT amount says {tax.amount}.",
            pointers=(f"{at}/amount", f"{at}/basis", f"{at}/rate"),
            values={"basis": tax.basis, "rate": tax.rate, "amount": tax.amount},
            severity=Severity.ERROR if difference >= 1 else Severity.WARNING,
        )


def exempt_categories_hold(subject: Subject) -> Iterator[Finding]:
    """BR-*-9 and BR-*-10: a category without VAT has no VAT amount, and says why."""
    for index, tax in enumerate(subject.invoice.taxes):
        category = (tax.category or "").upper()
        if category in CATEGORIES.keys() - TAXED:
            yield from _category(subject, f"/taxes/{index}", tax, CATEGORIES[category])


def _category(subject: Subject, at: str, tax: TaxBreakdown, kind: str) -> Iterator[Finding]:
    if tax.amount:
        yield RULES[f"BR-{kind}-9"].finding(
            f"VAT category {tax.category} bears no VAT, but the VAT amount says {tax.amount}.",
            pointers=(f"{at}/amount", f"{at}/category"),
            values={"category": tax.category, "amount": tax.amount},
        )
    if kind != "Z" and not (tax.exemption_reason or tax.exemption_reason_code):
        yield RULES[f"BR-{kind}-10"].finding(
            f"VAT category {tax.category} needs a reason why no VAT is charged, and none is given.",
            pointers=(f"{at}/exemption_reason", f"{at}/category"),
            values={"category": tax.category},
            severity=Severity.WARNING if subject.is_exact else Severity.INFO,
        )
