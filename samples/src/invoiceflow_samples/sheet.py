"""The invoice in words and figures as a page shows it, before any layout.

A sheet decides which wording, which columns and which number and date format a document uses, and so also
what of the invoice really stands on the page (``printed``). Templates only place what is here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from typing import Literal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_symbol

from invoiceflow_contracts.invoice import AllowanceCharge, Invoice, InvoiceType, Party
from invoiceflow_samples.fiction import Fiction
from invoiceflow_samples.language import Language

__all__ = ["Block", "Column", "Pair", "Row", "Sheet", "TotalRow", "lay_out"]

Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A label and its value; ``key`` is the invoice's name for it."""

    key: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Block:
    """A party: a heading, its name, and the lines of its address."""

    label: str
    name: str
    lines: tuple[str, ...]
    ids: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the lines' table."""

    key: str
    label: str
    align: Align


@dataclass(frozen=True, slots=True)
class Row:
    """One invoice line: its cells by column, a second line of description, and its amount for carrying forward."""

    cells: dict[str, str]
    more: str | None
    net: Decimal


@dataclass(frozen=True, slots=True)
class TotalRow:
    """A row below the lines; ``strong`` marks the ones to emphasise."""

    key: str
    label: str
    value: str
    strong: bool = False


@dataclass(frozen=True)
class Sheet:
    """Everything a template places."""

    title: str
    number: str
    meta: tuple[Pair, ...]
    seller: Block
    buyer: Block
    opening: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: tuple[TotalRow, ...]
    tax_table: tuple[tuple[str, ...], ...]
    bank_label: str
    bank: tuple[Pair, ...]
    terms_label: str
    terms: str | None
    notes: tuple[str, ...]
    closing: str
    carried: str
    brought: str
    page: str
    contact: tuple[str, ...]
    money: Callable[[Decimal], str]
    printed: dict[str, bool] = field(default_factory=dict)
    shows_quantity: bool = True


class _Wording:
    """One document's choice among the wordings, formats and habits of its language."""

    def __init__(self, fiction: Fiction, rng: Random) -> None:
        self.words: Language = fiction.language
        self.locale = Locale.parse(fiction.locale)
        self._rng = rng
        self._picked: dict[str, str] = {}
        self.date_pattern = self.words.pick(rng, "dates")
        self.colon = rng.choice(["", ":"])
        currency = fiction.invoice.currency or "EUR"
        self.currency = currency
        self.money_style = rng.choice(["symbol", "code", "plain", "symbol"])

    def label(self, key: str, *, plain: bool = False) -> str:
        if key not in self._picked:
            choices = self.words.labels[key]
            # The plainest wording is as frequent in practice as all the others together.
            self._picked[key] = choices[0] if plain or self._rng.random() < 0.4 else self._rng.choice(choices)
        return self._picked[key]

    def day(self, value: date) -> str:
        return _plain_spaces(format_date(value, self.date_pattern, locale=self.locale))

    def figure(self, value: Decimal, least: int = 0, most: int = 4) -> str:
        pattern = "#,##0" + ("." if most else "") + "0" * least + "#" * (most - least)
        return _plain_spaces(format_decimal(value, pattern, locale=self.locale))

    def money(self, value: Decimal) -> str:
        if self.money_style == "symbol":
            return _plain_spaces(format_currency(value, self.currency, locale=self.locale))
        if self.money_style == "code":
            return f"{self.figure(value, 2, 2)} {self.currency}"
        return self.figure(value, 2, 2)

    def amount(self, value: Decimal) -> str:
        """An amount inside the table, where the currency is mostly left out."""
        return self.figure(value, 2, 2)

    def total(self, key: str, label: str, value: Decimal | None, *, strong: bool = False) -> TotalRow:
        return TotalRow(key, self.label(label) + self.colon, self.money(value or Decimal(0)), strong)

    def price(self, value: Decimal) -> str:
        return self.figure(value, 2, 4)

    def percent(self, value: Decimal) -> str:
        space = " " if self.locale.language in {"de", "fr", "sv", "es"} else ""
        return f"{self.figure(value, 0, 2)}{space}%"


def _plain_spaces(text: str) -> str:
    """Narrow spaces and true minus signs are in no encoding that the standard PDF fonts know."""
    return text.replace("\u202f", " ").replace("\u00a0", " ").replace("\u2212", "-")


def _meta(fiction: Fiction, wording: _Wording, rng: Random) -> list[Pair]:
    invoice = fiction.invoice
    credit = invoice.type is InvoiceType.CREDIT_NOTE

    def pair(key: str, label: str, value: str | None) -> list[Pair]:
        return [Pair(key, wording.label(label) + wording.colon, value)] if value else []

    def day(value: date | None) -> str | None:
        return wording.day(value) if value else None

    number = pair("invoice_number", "credit_number" if credit else "number", invoice.number)
    issued = pair("issue_date", "date", day(invoice.issue_date))
    due = pair("due_date", "due", day(invoice.due_date)) if rng.random() < 0.75 else []
    extra = [
        *pair("order_reference", "order", invoice.purchase_order),
        *(pair("customer", "customer", fiction.customer_number) if rng.random() < 0.6 else []),
        *(pair("delivery_date", "delivery", day(invoice.delivery_date)) if rng.random() < 0.7 else []),
        *pair("buyer_reference", "reference", invoice.buyer_reference),
        *pair("preceding_invoice", "preceding", invoice.preceding_invoice),
    ]
    if rng.random() < 0.4:
        rng.shuffle(extra)
    head = number + issued if rng.random() < 0.7 else issued + number
    return head + due + extra if rng.random() < 0.6 else head + extra + due


def _block(party: Party, label: str, ids: tuple[Pair, ...], *, foreign: bool, locale: Locale) -> Block:
    address = party.address
    postcode_last = address.country in {"GB", "IE"}
    city = f"{address.city}, {address.postcode}" if postcode_last else f"{address.postcode} {address.city}"
    lines = [address.street or "", city]
    if foreign and address.country:
        lines.append(str(locale.territories[address.country]))
    return Block(label, party.name or "", tuple(lines), ids)


def _columns(fiction: Fiction, wording: _Wording, rng: Random) -> tuple[Column, ...]:
    invoice = fiction.invoice
    several_rates = len({line.tax_rate for line in invoice.lines}) > 1
    plain_quantity = all(line.quantity == 1 for line in invoice.lines)
    keys = []
    if rng.random() < 0.55:
        keys.append("position")
    if rng.random() < 0.35:
        keys.append("code")
    keys.append("description")
    if not (plain_quantity and rng.random() < 0.3):
        middle = ["quantity", "unit", "unit_price"] if rng.random() < 0.6 else ["quantity", "unit_price"]
        keys += middle
        if rng.random() < 0.12:  # quantity before the description, as English and American forms have it
            keys.remove("quantity")
            keys.insert(keys.index("description"), "quantity")
    if any(percent for percent in fiction.discount_percents):
        keys.append("discount")
    if several_rates or rng.random() < 0.3:
        keys.append("rate")
    keys.append("amount")
    found = []
    for key in keys:
        label = wording.label(key)
        if key == "amount" and wording.money_style == "plain" and rng.random() < 0.5:
            label = f"{label} ({wording.currency})"
        align: Align = "left" if key in {"description", "code", "position", "unit"} else "right"
        found.append(Column(key, label, align))
    return tuple(found)


def _rows(fiction: Fiction, wording: _Wording, rng: Random) -> tuple[Row, ...]:
    units = {code: rng.choice(names) for code, names in fiction.language.units.items()}
    show_money = rng.random() < 0.3
    found = []
    for line, percent in zip(fiction.invoice.lines, fiction.discount_percents, strict=True):
        name, _, more = (line.description or "").partition("\n")
        net = line.net or Decimal(0)
        found.append(
            Row(
                cells={
                    "position": line.id or "",
                    "code": line.item_code or "",
                    "description": name,
                    "quantity": wording.figure(line.quantity or Decimal(1)),
                    "unit": units[line.unit or "C62"],
                    "unit_price": wording.price(line.unit_price or Decimal(0)),
                    "discount": wording.percent(percent) if percent else "",
                    "rate": wording.percent(line.tax_rate or Decimal(0)),
                    "amount": wording.money(net) if show_money else wording.amount(net),
                },
                more=more or None,
                net=net,
            )
        )
    return tuple(found)


def _adjustment_label(item: AllowanceCharge, wording: _Wording) -> str:
    reason = item.reason or ""
    return f"{reason} {wording.percent(item.percent)}" if item.percent else reason


def _before_tax(fiction: Fiction, wording: _Wording) -> list[TotalRow]:
    totals = fiction.invoice.totals
    rows: list[TotalRow] = []
    if fiction.invoice.allowances_charges:
        rows.append(wording.total("line_total", "lines_net", totals.lines_net))
    for item in fiction.invoice.allowances_charges:
        amount = item.amount if item.is_charge else -item.amount
        rows.append(TotalRow("adjustment", _adjustment_label(item, wording) + wording.colon, wording.money(amount)))
    return [*rows, wording.total("tax_basis_total", "net", totals.net)]


def _tax_rows(fiction: Fiction, wording: _Wording, rng: Random) -> list[TotalRow]:
    taxes = fiction.invoice.taxes
    rows = [
        TotalRow(
            "tax_row",
            wording.label("tax_row").format(rate=wording.percent(row.rate or Decimal(0))) + wording.colon,
            wording.money(row.amount or Decimal(0)),
        )
        for row in taxes
        if row.category == "S" or rng.random() < 0.6
    ]
    if len(taxes) > 1 and rng.random() < 0.5:
        rows.append(wording.total("tax_total", "tax", fiction.invoice.totals.tax))
    return rows


def _totals(fiction: Fiction, wording: _Wording, rng: Random) -> tuple[TotalRow, ...]:
    invoice, totals = fiction.invoice, fiction.invoice.totals
    credit = invoice.type is InvoiceType.CREDIT_NOTE
    rows = _before_tax(fiction, wording) + _tax_rows(fiction, wording, rng)
    gross = wording.label("credit_gross" if credit else "gross")
    if wording.money_style == "plain":
        gross = f"{gross} {wording.currency}"
    rows.append(TotalRow("grand_total", gross + wording.colon, wording.money(totals.gross or Decimal(0)), strong=True))
    if totals.prepaid is not None:
        rows.append(wording.total("prepaid", "prepaid", -totals.prepaid))
    if totals.prepaid is not None or (not credit and rng.random() < 0.25):
        rows.append(wording.total("due_payable", "payable", totals.payable, strong=True))
    return tuple(rows)


def _tax_table(fiction: Fiction, wording: _Wording, rng: Random) -> tuple[tuple[str, ...], ...]:
    taxes = fiction.invoice.taxes
    if len(taxes) < 2 or rng.random() < 0.4:
        return ()
    header = (wording.label("rate"), wording.label("basis"), wording.label("tax_amount"))
    body = [
        (
            wording.percent(row.rate or Decimal(0)),
            wording.amount(row.basis or Decimal(0)),
            wording.amount(row.amount or Decimal(0)),
        )
        for row in taxes
    ]
    return (header, *body)


def _bank(invoice: Invoice, rng: Random) -> tuple[Pair, ...]:
    if invoice.type is InvoiceType.CREDIT_NOTE or rng.random() < 0.12:
        return ()
    number = invoice.payment.iban or ""
    shown = " ".join(number[place : place + 4] for place in range(0, len(number), 4)) if rng.random() < 0.8 else number
    return (Pair("iban", "IBAN:", shown), Pair("bic", rng.choice(["BIC:", "SWIFT/BIC:"]), invoice.payment.bic or ""))


def _printed(sheet: Sheet, invoice: Invoice, wording: _Wording) -> dict[str, bool]:
    """Per field of the truth: whether its value stands on the page."""
    keys = {pair.key for pair in (*sheet.meta, *sheet.seller.ids, *sheet.buyer.ids, *sheet.bank)}
    amounts = {row.value for row in sheet.totals}
    totals = invoice.totals
    money = {
        "line_total": totals.lines_net,
        "tax_basis_total": totals.net,
        "tax_total": totals.tax,
        "grand_total": totals.gross,
        "due_payable": totals.payable,
    }
    facts = {key: key in keys for key in ("invoice_number", "issue_date", "due_date", "order_reference", "iban")}
    facts |= {key: key in keys for key in ("seller_vat_id", "buyer_vat_id", "buyer_reference")}
    facts |= {key: value is not None and wording.money(value) in amounts for key, value in money.items()}
    facts |= {"seller_name": True, "buyer_name": True}
    symbol = get_currency_symbol(wording.currency, locale=wording.locale)
    shown = " ".join(row.label + " " + row.value for row in sheet.totals)
    return facts | {"currency": symbol in shown or wording.currency in shown}


def lay_out(fiction: Fiction, rng: Random) -> Sheet:
    """Put the invoice into words; the same state of ``rng`` gives the same sheet."""
    invoice = fiction.invoice
    wording = _Wording(fiction, rng)
    credit = invoice.type is InvoiceType.CREDIT_NOTE
    abroad = invoice.seller.address.country != invoice.buyer.address.country
    seller_vat = Pair("seller_vat_id", wording.label("seller_vat") + ":", invoice.seller.vat_id or "")
    show_buyer_vat = abroad or rng.random() < 0.4
    buyer_vat = Pair("buyer_vat_id", wording.label("buyer_vat") + ":", invoice.buyer.vat_id or "")
    columns = _columns(fiction, wording, rng)
    sheet = Sheet(
        title=wording.label("credit_note" if credit else "invoice"),
        number=invoice.number or "",
        meta=tuple(_meta(fiction, wording, rng)),
        seller=_block(invoice.seller, wording.label("from"), (seller_vat,), foreign=abroad, locale=wording.locale),
        buyer=_block(
            invoice.buyer,
            wording.label("bill_to"),
            (buyer_vat,) if show_buyer_vat and invoice.buyer.vat_id else (),
            foreign=abroad,
            locale=wording.locale,
        ),
        opening=fiction.opening,
        columns=columns,
        rows=_rows(fiction, wording, rng),
        totals=_totals(fiction, wording, rng),
        tax_table=_tax_table(fiction, wording, rng),
        bank_label=wording.label("bank"),
        bank=_bank(invoice, rng),
        terms_label=wording.label("terms"),
        terms=invoice.payment_terms,
        notes=tuple(_plain_spaces(note) for note in invoice.notes),
        closing=fiction.closing,
        carried=wording.label("carried"),
        brought=wording.label("brought"),
        page=wording.label("page"),
        contact=(f"{wording.label('phone')} {invoice.seller.phone}", invoice.seller.email or ""),
        money=wording.amount,
        shows_quantity=any(column.key == "quantity" for column in columns),
    )
    sheet.printed.update(_printed(sheet, invoice, wording))
    return sheet
