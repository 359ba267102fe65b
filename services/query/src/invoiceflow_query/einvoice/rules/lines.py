"""Lines, allowances and charges (BR-21 to BR-33, BR-37 to BR-44, BR-54, BR-64, BR-65, BR-CO-04, BR-CL-*)."""

from collections.abc import Iterator

from invoiceflow_contracts.invoice import AllowanceCharge, Invoice, InvoiceLine
from invoiceflow_query.einvoice.rules.asking import listed, missing, scheme_listed
from invoiceflow_query.einvoice.violations import Violation

__all__ = ["lines"]


def lines(invoice: Invoice) -> Iterator[Violation]:
    """Yield what is wrong with the lines of a completed invoice, and with its allowances and charges."""
    for index, line in enumerate(invoice.lines):
        at, name = f"/lines/{index}", f"Line {line.id}"
        yield from _amounts(line, at, name)
        yield from _item(line, at, name)
        for position, item in enumerate(line.allowances_charges):
            yield from _adjustment(item, f"{at}/allowances_charges/{position}", name, ("BR-42", "BR-44"))
    for index, item in enumerate(invoice.allowances_charges):
        at = f"/allowances_charges/{index}"
        yield from _adjustment(item, at, "The whole invoice", ("BR-33", "BR-38"))
        yield from missing(
            "BR-37" if item.is_charge else "BR-32",
            item.tax_category,
            f"{at}/tax_category",
            f"The VAT category of {_kind(item)} on the whole invoice cannot be told.",
        )
        yield from listed("BR-CL-18", item.tax_category, "tax_category", f"{at}/tax_category", "The VAT category")


def _kind(item: AllowanceCharge) -> str:
    return "a charge" if item.is_charge else "an allowance"


def _adjustment(item: AllowanceCharge, at: str, where: str, rules: tuple[str, str]) -> Iterator[Violation]:
    if not (item.reason or item.reason_code):
        message = f"{where} has {_kind(item)} without a reason."
        yield Violation(rules[item.is_charge], message, (f"{at}/reason", f"{at}/reason_code"))
    pointer, what = f"{at}/reason_code", "The reason of an allowance or charge"
    if item.is_charge:
        yield from listed("BR-CL-20", item.reason_code, "charge_reason", pointer, what)
    else:
        yield from listed("BR-CL-19", item.reason_code, "allowance_reason", pointer, what)


def _amounts(line: InvoiceLine, at: str, name: str) -> Iterator[Violation]:
    yield from missing("BR-22", line.quantity, f"{at}/quantity", f"{name} has no quantity (BT-129).")
    yield from missing("BR-24", line.net, f"{at}/net", f"{name} has no net amount (BT-131).")
    yield from missing("BR-26", line.unit_price, f"{at}/unit_price", f"{name} has no price (BT-146).")
    for rule, field, what in (("BR-27", "unit_price", "BT-146"), ("BR-28", "gross_price", "BT-148")):
        price = getattr(line, field)
        if price is not None and price < 0:
            yield Violation(rule, f"{name} has a price below zero ({what}).", (f"{at}/{field}",))
    if line.period_start and line.period_end and line.period_end < line.period_start:
        message = f"The period of {name.lower()} ends before it begins (BT-134, BT-135)."
        yield Violation("BR-30", message, (f"{at}/period_start", f"{at}/period_end"))


def _item(line: InvoiceLine, at: str, name: str) -> Iterator[Violation]:
    title = (line.description or "").partition("\n")[0]
    yield from missing("BR-25", title, f"{at}/description", f"{name} does not say what was sold (BT-153).")
    message = f"The VAT category of {name.lower()} cannot be told (BT-151)."
    yield from missing("BR-CO-04", line.tax_category, f"{at}/tax_category", message)
    yield from listed("BR-CL-18", line.tax_category, "tax_category", f"{at}/tax_category", f"{name}: the VAT category")
    standard, pointer = line.standard_item_code, f"{at}/standard_item_code"
    if standard is not None:
        message = f"{name}: the item's standard identifier has no scheme (BT-157)."
        yield from missing("BR-64", standard.scheme, f"{pointer}/scheme", message)
        yield from scheme_listed("BR-CL-21", standard, "identifier_scheme", pointer, f"{name}: the item's identifier")
    for index, each in enumerate(line.classifications):
        pointer = f"{at}/classifications/{index}/scheme"
        message = f"{name}: the code of a classification does not say of which list it is (BT-158)."
        yield from missing("BR-65", each.scheme, pointer, message)
        yield from listed(
            "BR-CL-13", each.scheme, "item_classification", pointer, f"{name}: the list of a classification"
        )
    origin = f"{at}/country_of_origin"
    yield from listed("BR-CL-15", line.country_of_origin, "country", origin, f"{name}: the country of origin")
    yield from scheme_listed("BR-CL-07", line.object_id, "object_scheme", f"{at}/object_id", f"{name}: its object")
