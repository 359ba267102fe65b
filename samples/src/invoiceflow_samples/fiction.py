"""An invoice that could be real, from a scenario and a source of chance. Nobody in it exists."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from babel.numbers import format_currency, format_decimal

from invoiceflow_contracts.invoice import (
    Address,
    AllowanceCharge,
    Invoice,
    InvoiceLine,
    InvoiceType,
    Party,
    Payment,
)
from invoiceflow_samples.arithmetic import cents, line_net, tax_breakdown, total_up
from invoiceflow_samples.identifiers import bic, iban, vat_id
from invoiceflow_samples.language import COUNTRIES, Language, Product, language
from invoiceflow_samples.scenario import Defect, Scenario

__all__ = ["Fiction", "imagine"]

_HOME_LANGUAGE = {
    "AT": "de", "BE": "nl", "DE": "de", "ES": "es", "FR": "fr", "GB": "en",
    "IE": "en", "IT": "it", "NL": "nl", "PT": "pt", "SE": "sv",
}  # fmt: skip
_SWISS_CITIES = [["Zürich", "8004"], ["Basel", "4051"], ["Luzern", "6003"]]
_COUNTED = frozenset({"C62", "XPK", "E48"})
_CATEGORY = {"exempt": "E", "reverse_charge": "AE", "export": "G"}
_PHONE = {
    "AT": "+43 1", "BE": "+32 2", "CH": "+41 44", "DE": "+49 221", "ES": "+34 91", "FR": "+33 1", "GB": "+44 20",
    "IE": "+353 1", "IT": "+39 02", "NL": "+31 20", "PT": "+351 21", "SE": "+46 8",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fiction:
    """An invoice and what stands around it on paper."""

    invoice: Invoice
    scenario: Scenario
    language: Language
    locale: str
    customer_number: str
    discount_percents: tuple[Decimal | None, ...]
    opening: str
    closing: str


def _ascii(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss").replace("ø", "o"))
    return "".join(char for char in folded if char.isascii() and char.isalnum())


def _place(words: Language, country: str, rng: Random) -> Address:
    city, postcode = rng.choice(words.cities.get(country, _SWISS_CITIES))
    street, number = words.pick(rng, "streets"), rng.randint(1, 189)
    number_first = country in {"FR", "GB", "IE"}
    return Address(
        street=f"{number} {street}" if number_first else f"{street} {number}",
        city=city,
        postcode=postcode,
        country=country,
    )


def _party(country: str, rng: Random, avoid: str | None = None) -> Party:
    words = language(_HOME_LANGUAGE.get(country, "de"))
    form = rng.choice(words.forms.get(country) or ["AG", "GmbH"])
    while True:
        stem = words.pick(rng, rng.choice(["stems", "stems", "surnames"]))
        if avoid is None or stem not in avoid:
            break
    trade = words.pick(rng, "trades")
    shapes = [f"{stem} {trade} {form}", f"{trade} {stem} {form}", f"{stem} {form}"]
    if words.code == "en":
        shapes[1] = f"{stem} & {words.pick(rng, 'surnames')} {form}"
    name = rng.choices(shapes, weights=(6, 2, 2))[0]
    domain = f"{_ascii(stem)}.example"
    return Party(
        name=name,
        vat_id=vat_id(country, rng),
        address=_place(words, country, rng),
        email=f"{rng.choice(['info', 'office', 'accounts'])}@{domain}",
        phone=f"{_PHONE[country]} {rng.randint(200, 899)} {rng.randint(1000, 9999)}",
    )


def _price(product: Product, factor: Decimal, rng: Random) -> Decimal:
    low, high = int(product.lowest * factor * 100), int(product.highest * factor * 100)
    price = Decimal(rng.randint(low, max(low, high))) / 100
    if price > 40 and rng.random() < 0.5:
        price = price.quantize(Decimal(1))
    if price < 1 and rng.random() < 0.4:
        return price + Decimal(rng.randint(1, 99)) / 10000
    return price.quantize(Decimal("0.01"))


def _quantity(product: Product, rng: Random) -> Decimal:
    if product.unit in {"MON", "DAY"}:
        return Decimal(rng.randint(1, 12))
    if product.unit == "E48" or product.rate == "exempt":
        return Decimal(rng.randint(1, 4))
    if product.unit in _COUNTED:
        return Decimal(rng.choice([1, 1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 25, 50]) * (20 if product.highest < 1 else 1))
    return Decimal(rng.randint(2, 160)) / rng.choice([1, 2, 4])


def _choose_products(scenario: Scenario, words: Language, rng: Random) -> list[Product]:
    if scenario.treatment == "exempt":
        pools = [[item for item in words.products if item.rate == "exempt"]]
    elif scenario.rates > 1:
        pools = [[item for item in words.products if item.rate == rate] for rate in ("standard", "reduced")]
    else:
        pools = [[item for item in words.products if item.rate == "standard"]]
    chosen: list[Product] = []
    for position in range(scenario.lines):
        pool = pools[position] if position < len(pools) else rng.choice(pools)
        fresh = [item for item in pool if item not in chosen]
        chosen.append(rng.choice(fresh or pool))
    rng.shuffle(chosen)
    return chosen


def _lines(
    scenario: Scenario, words: Language, factor: Decimal, rng: Random
) -> tuple[list[InvoiceLine], list[Decimal | None]]:
    rates = COUNTRIES[scenario.country]
    lines: list[InvoiceLine] = []
    percents: list[Decimal | None] = []
    names: set[str] = set()
    prefix = rng.choice(["", "", "A-", "P", "10."])
    for number, product in enumerate(_choose_products(scenario, words, rng), start=1):
        name = product.name
        if product.unit in _COUNTED - {"E48"} and product.rate == "standard" and rng.random() < 0.3:
            name = f"{name}, {words.pick(rng, 'variants')}"
        if name in names:
            name = f"{name}, {words.text['job'].format(n=rng.randint(1000, 9999))}"
        names.add(name)
        quantity, price = _quantity(product, rng), _price(product, factor, rng)
        percent = Decimal(rng.choice([3, 5, 10, 15, 20])) if scenario.line_discounts and rng.random() < 0.5 else None
        if scenario.line_discounts and number == scenario.lines and not any(percents):
            percent = Decimal(10)
        discount = cents(quantity * price * percent / 100) if percent else None
        lines.append(
            InvoiceLine(
                id=str(number),
                description=f"{name}\n{product.more}" if product.more and rng.random() < 0.5 else name,
                item_code=f"{prefix}{rng.randint(1000, 89999)}",
                quantity=quantity,
                unit=product.unit,
                unit_price=price,
                discount=discount,
                net=line_net(quantity, price, discount),
                tax_rate=getattr(rates, product.rate) if scenario.treatment == "domestic" else Decimal(0),
                tax_category=_CATEGORY.get(scenario.treatment, "S"),
            )
        )
        percents.append(percent)
    return lines, percents


def _adjustments(
    scenario: Scenario, words: Language, lines: Sequence[InvoiceLine], currency: str, rng: Random
) -> list[AllowanceCharge]:
    found: list[AllowanceCharge] = []
    rate = max((line.tax_rate or Decimal(0) for line in lines), default=Decimal(0))
    category = lines[0].tax_category
    if scenario.allowance:
        basis = sum((line.net or Decimal(0) for line in lines if line.tax_rate == rate), Decimal(0))
        percent = Decimal(rng.choice([2, 3, 5]))
        found.append(
            AllowanceCharge(
                is_charge=False,
                amount=cents(basis * percent / 100),
                basis=basis,
                percent=percent,
                reason=words.pick(rng, "allowance"),
                tax_rate=rate,
                tax_category=category,
            )
        )
    if scenario.charge:
        found.append(
            AllowanceCharge(
                is_charge=True,
                amount=cents(
                    Decimal(rng.choice(["4.90", "6.95", "12", "18.50", "35", "49"])) * (10 if currency == "SEK" else 1)
                ),
                reason=words.pick(rng, "charge"),
                tax_rate=rate,
                tax_category=category,
            )
        )
    return found


def _notes(scenario: Scenario, words: Language, locale: str, tax: Decimal, rng: Random) -> tuple[str, ...]:
    """The sentences the law asks for: why no tax is charged, or the tax in the country's own currency (BT-111)."""
    if scenario.treatment != "domestic":
        return (words.text[scenario.treatment],)
    if scenario.currency is None:
        return ()
    own, rate = COUNTRIES[scenario.country].currency, Decimal(rng.randint(8200, 9700)) / 10000
    return (
        words.text["foreign_currency"].format(
            currency=own,
            amount=format_currency(cents(tax * rate), own, locale=locale),
            rate=format_decimal(rate, "0.0000", locale=locale),
        ),
    )


def _spoil(invoice: Invoice, defect: Defect) -> Invoice:
    """The same invoice with one printed amount that does not follow from the others."""
    totals = invoice.totals
    wrong = Decimal("100.00")
    if defect == "gross_total":
        return invoice.model_copy(
            update={
                "totals": totals.model_copy(
                    update={
                        "gross": (totals.gross or Decimal(0)) + wrong,
                        "payable": (totals.payable or Decimal(0)) + wrong,
                    }
                )
            }
        )
    if defect == "tax_amount":
        first = invoice.taxes[0]
        taxes = (first.model_copy(update={"amount": (first.amount or Decimal(0)) + 9}), *invoice.taxes[1:])
        return invoice.model_copy(
            update={"taxes": taxes, "totals": totals.model_copy(update={"tax": (totals.tax or Decimal(0)) + 9})}
        )
    line = invoice.lines[0]
    spoilt = line.model_copy(update={"net": (line.net or Decimal(0)) + wrong})
    return invoice.model_copy(update={"lines": (spoilt, *invoice.lines[1:])})


def imagine(scenario: Scenario, rng: Random) -> Fiction:
    """Invent an invoice for the scenario; the same state of ``rng`` gives the same invoice."""
    words = language(scenario.language)
    country = scenario.country
    locale = words.locales[country]
    currency = scenario.currency or COUNTRIES[country].currency
    # The Swedish price list is in kronor, about a tenth of a euro each.
    factor = Decimal("0.1") if words.code == "sv" and currency != "SEK" else Decimal(1)
    credit = scenario.type is InvoiceType.CREDIT_NOTE

    issued = date(2023, 1, 2) + timedelta(days=rng.randint(0, 1050))
    days = rng.choice([7, 14, 14, 30, 30, 30, 45, 60])
    lines, percents = _lines(scenario, words, factor, rng)
    adjustments = _adjustments(scenario, words, lines, currency, rng)
    taxes = tax_breakdown(lines, adjustments, words.text.get(scenario.treatment))
    gross = total_up(lines, adjustments, taxes).gross or Decimal(0)
    prepaid = cents(gross * rng.choice([20, 30, 50]) / 100) if scenario.prepaid else None
    totals = total_up(lines, adjustments, taxes, prepaid)

    seller = _party(country, rng)
    buyer = _party(scenario.buyer_country or country, rng, avoid=seller.name)
    number = words.pick(rng, "numbers").format(year=issued.year, n=rng.randint(3, 980))
    invoice = Invoice(
        number=number,
        type=scenario.type,
        issue_date=issued,
        due_date=None if credit else issued + timedelta(days=days),
        currency=currency,
        purchase_order=rng.choice(["PO-{}", "{}", "45{}", "B{}"]).format(rng.randint(10000, 99999))
        if scenario.order
        else None,
        buyer_reference=rng.choice(["{}/K", "KST {}", "CC-{}"]).format(rng.randint(100, 999))
        if rng.random() < 0.3
        else None,
        preceding_invoice=words.pick(rng, "numbers").format(year=issued.year, n=rng.randint(3, 980))
        if credit
        else None,
        delivery_date=issued - timedelta(days=rng.randint(0, 12)) if rng.random() < 0.7 else None,
        payment_terms=None if credit else words.pick(rng, "terms").format(days=days),
        notes=_notes(scenario, words, locale, totals.tax or Decimal(0), rng),
        seller=seller,
        buyer=buyer,
        payment=Payment(
            means="58",
            iban=iban(country, rng),
            bic=bic(country, rng),
            account_name=seller.name,
            reference=number,
        ),
        totals=totals,
        taxes=taxes,
        allowances_charges=tuple(adjustments),
        lines=tuple(lines),
    )
    return Fiction(
        invoice=_spoil(invoice, scenario.defect) if scenario.defect else invoice,
        scenario=scenario,
        language=words,
        locale=locale,
        customer_number=str(rng.randint(10012, 98999)),
        discount_percents=tuple(percents),
        opening=words.pick(rng, "opening"),
        closing=words.pick(rng, "closing").format(email=seller.email),
    )
