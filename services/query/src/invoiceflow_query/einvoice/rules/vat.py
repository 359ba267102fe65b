"""The VAT breakdown and what each category demands (BR-45 to BR-48, BR-CO-17, BR-CO-18, BR-S-*, BR-Z-*, ... BR-AG-*)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from invoiceflow_contracts.invoice import AllowanceCharge, Invoice, InvoiceLine, TaxBreakdown
from invoiceflow_query.einvoice.rules.asking import listed
from invoiceflow_query.einvoice.violations import Violation

__all__ = ["vat"]

ZERO, HALF, CENT = Decimal(0), Decimal("0.5"), Decimal("0.01")


@dataclass(frozen=True)
class Category:
    """What a VAT category (UNTDID 5305) demands."""

    rules: str
    """Its rules' ids begin so."""
    name: str
    rate: Callable[[Decimal | None], bool]
    per_rate: bool = False
    """Whether each rate has a row of its own, as there is a tax at all."""
    exemption: bool = False
    """Whether a reason is to be given; if not it must not be."""
    seller: tuple[str, ...] = ("vat_id", "tax_id")
    """One of these the seller must have."""
    buyer: tuple[str, ...] = ()
    """One of these the buyer must have, where any are named."""


def _above_zero(rate: Decimal | None) -> bool:
    return rate is not None and rate > 0


def _zero(rate: Decimal | None) -> bool:
    return rate == 0


CATEGORIES = {
    "S": Category("BR-S", "standard rate", _above_zero, per_rate=True),
    "Z": Category("BR-Z", "zero rate", _zero),
    "E": Category("BR-E", "exempt", _zero, exemption=True),
    "AE": Category("BR-AE", "reverse charge", _zero, exemption=True, buyer=("vat_id", "registration_id")),
    "K": Category("BR-IC", "intra-community supply", _zero, exemption=True, seller=("vat_id",), buyer=("vat_id",)),
    "G": Category("BR-G", "export", _zero, exemption=True, seller=("vat_id",)),
    "O": Category("BR-O", "not subject to VAT", lambda rate: rate in {None, ZERO}, exemption=True, seller=()),
    "L": Category("BR-AF", "IGIC", lambda rate: rate is not None and rate >= 0, per_rate=True),
    "M": Category("BR-AG", "IPSI", lambda rate: rate is not None and rate >= 0, per_rate=True),
}

Taxed = InvoiceLine | AllowanceCharge


def vat(invoice: Invoice) -> Iterator[Violation]:
    """Yield where VAT breakdown, lines and parties of a completed invoice do not go together."""
    if not invoice.taxes:
        yield Violation(
            "BR-CO-18", "The invoice has no VAT breakdown, and none follows from its lines (BG-23).", ("/taxes",)
        )
    for index, row in enumerate(invoice.taxes):
        yield from _row(row, index)
    taxed = list(_taxed(invoice))
    used = {item.tax_category for _, item in taxed}
    for code, category in CATEGORIES.items():
        rows = [(index, row) for index, row in enumerate(invoice.taxes) if row.category == code]
        items = [(at, item) for at, item in taxed if item.tax_category == code]
        if rows or items:
            yield from _presence(category, rows, items)
            yield from _rates(category, items)
            yield from _bases(category, rows, items)
            yield from _reasons(category, rows)
            if code in used:
                yield from _parties(category, invoice)
    yield from _special(invoice)


def _taxed(invoice: Invoice) -> Iterator[tuple[str, Taxed]]:
    for index, line in enumerate(invoice.lines):
        yield f"/lines/{index}", line
    for index, item in enumerate(invoice.allowances_charges):
        yield f"/allowances_charges/{index}", item


def _row(row: TaxBreakdown, index: int) -> Iterator[Violation]:
    at = f"/taxes/{index}"
    for rule, field, what in (
        ("BR-45", "basis", "taxable amount (BT-116)"),
        ("BR-46", "amount", "tax (BT-117)"),
        ("BR-47", "category", "category (BT-118)"),
    ):
        if getattr(row, field) is None:
            yield Violation(rule, f"A row of the VAT breakdown has no {what}.", (f"{at}/{field}",))
    if row.rate is None and row.category != "O":
        yield Violation("BR-48", "A row of the VAT breakdown has no rate (BT-119).", (f"{at}/rate",))
    if row.category is not None and row.category not in CATEGORIES:
        message = f"The VAT category {row.category[:30]!r} is not in the code list (BT-118)."
        yield Violation("BR-CL-17", message, (f"{at}/category",))
    if row.basis is not None and row.amount is not None:
        rate = row.rate or ZERO
        # The official rules allow a difference of less than one, for rounding line by line, and take a rate below a half for none.
        tax = (abs(row.basis) * rate / 100).quantize(CENT, ROUND_HALF_UP) if rate >= HALF else ZERO
        if abs(abs(row.amount) - tax) >= (1 if rate >= HALF else HALF):
            message = f"The tax of {row.amount} is not {rate} % of {row.basis}."
            yield Violation("BR-CO-17", message, (f"{at}/amount", f"{at}/basis", f"{at}/rate"))


def _presence(
    category: Category, rows: list[tuple[int, TaxBreakdown]], items: list[tuple[str, Taxed]]
) -> Iterator[Violation]:
    rule, at = f"{category.rules}-01", tuple(f"/taxes/{index}" for index, _ in rows) or ("/taxes",)
    if not rows:
        yield Violation(rule, f"The VAT breakdown has no row for what is taxed as {category.name}.", at)
    elif not items and not category.per_rate:
        yield Violation(rule, f"The VAT breakdown has a row for {category.name}, and no line is taxed so.", at)
    elif len(rows) > 1 and not category.per_rate:
        yield Violation(rule, f"The VAT breakdown has several rows for {category.name}.", at)


def _rates(category: Category, items: list[tuple[str, Taxed]]) -> Iterator[Violation]:
    for at, item in items:
        if not category.rate(item.tax_rate):
            number = "05" if isinstance(item, InvoiceLine) else "07" if item.is_charge else "06"
            rate = "no rate" if item.tax_rate is None else f"the rate {item.tax_rate} %"
            message = f"With {rate} nothing is taxed as {category.name}."
            yield Violation(f"{category.rules}-{number}", message, (f"{at}/tax_rate", f"{at}/tax_category"))


def _signed(item: Taxed) -> Decimal:
    if isinstance(item, InvoiceLine):
        return item.net or ZERO
    return item.amount if item.is_charge else -item.amount


def _bases(
    category: Category, rows: list[tuple[int, TaxBreakdown]], items: list[tuple[str, Taxed]]
) -> Iterator[Violation]:
    for index, row in rows:
        if row.basis is None:
            continue
        if not category.per_rate and row.amount:
            message = f"There is a tax of {row.amount} on what is not taxed ({category.name})."
            yield Violation(f"{category.rules}-09", message, (f"/taxes/{index}/amount",))
        own = [item for _, item in items if not category.per_rate or item.tax_rate == row.rate]
        expected = sum(map(_signed, own), ZERO)
        if row.basis != expected:
            kind = f"{category.name} at {row.rate} %" if category.per_rate else category.name
            message = f"The VAT breakdown states {row.basis} as taxable at {kind}, and what is taxed so adds up to {expected}."
            yield Violation(f"{category.rules}-08", message, (f"/taxes/{index}/basis",))


def _reasons(category: Category, rows: list[tuple[int, TaxBreakdown]]) -> Iterator[Violation]:
    for index, row in rows:
        at = f"/taxes/{index}"
        if bool(row.exemption_reason or row.exemption_reason_code) != category.exemption:
            message = (
                f"There is no reason for VAT not being charged ({category.name})."
                if category.exemption
                else f"There is a reason for VAT not being charged, at {category.name}."
            )
            pointers = f"{at}/exemption_reason", f"{at}/exemption_reason_code"
            yield Violation(f"{category.rules}-10", message, pointers)
        what = "The reason for VAT not being charged (BT-121)"
        pointer = f"{at}/exemption_reason_code"
        yield from listed("BR-CL-22", row.exemption_reason_code, "exemption_reason", pointer, what)


def _parties(category: Category, invoice: Invoice) -> Iterator[Violation]:
    for party, at, wanted in ((invoice.seller, "/seller", category.seller), (invoice.buyer, "/buyer", category.buyer)):
        # A tax representative's VAT identifier stands for the seller's.
        represented = party is invoice.seller and invoice.tax_representative is not None
        if wanted and not represented and not any(getattr(party, name) for name in wanted):
            words = " or ".join(name.replace("_", " ").replace("vat id", "VAT identifier") for name in wanted)
            message = f"The {at[1:]} needs a {words} for {category.name}."
            yield Violation(f"{category.rules}-02", message, tuple(f"{at}/{name}" for name in wanted))


def _special(invoice: Invoice) -> Iterator[Violation]:
    """Intra-community supply needs delivery; what is outside of VAT stands alone and between parties without VAT identifiers."""
    categories = {row.category for row in invoice.taxes}
    if "K" in categories:
        if not (invoice.delivery_date or invoice.period_start or invoice.period_end):
            message = "An intra-community supply needs the date of delivery or the invoicing period."
            yield Violation("BR-IC-11", message, ("/delivery_date",))
        if invoice.delivery is None or not invoice.delivery.address.country:
            message = "An intra-community supply needs the country it was delivered to (BT-80)."
            yield Violation("BR-IC-12", message, ("/delivery/address/country",))
    used = {item.tax_category for _, item in _taxed(invoice)}
    if "O" in categories | used:
        if categories | used != {"O"}:
            message = "What is not subject to VAT cannot stand on one invoice with what is."
            yield Violation("BR-O-11", message, ("/taxes",))
        involved = (
            ("seller", invoice.seller),
            ("buyer", invoice.buyer),
            ("tax_representative", invoice.tax_representative),
        )
        with_id = tuple(f"/{name}/vat_id" for name, party in involved if party is not None and party.vat_id)
        if with_id:
            message = "On an invoice that is not subject to VAT nobody may have a VAT identifier."
            yield Violation("BR-O-02", message, with_id)
