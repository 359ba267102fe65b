"""Invoices that say all that EN 16931 has a place for: what the generator's do not, because few real ones do."""

from datetime import timedelta
from decimal import Decimal
from random import Random

from invoiceflow_contracts.invoice import (
    Address,
    AllowanceCharge,
    Classification,
    Delivery,
    DirectDebit,
    Identifier,
    Invoice,
    InvoiceLine,
    InvoiceType,
    ItemAttribute,
    Party,
    PaymentAccount,
    PaymentCard,
    PrecedingInvoice,
    SupportingDocument,
)

__all__ = ["enriched"]

GLN = "0088"


def enriched(invoice: Invoice, rng: Random) -> Invoice:
    """Return ``invoice`` with every other field filled, each with an even chance, and its sums as they were."""
    day = invoice.issue_date
    assert day is not None
    header = {
        "tax_currency": "SEK" if invoice.currency != "SEK" else "DKK",
        "purchase_order": "PO-7",
        "sales_order": "SO-8",
        "contract": "C-9",
        "project": "P-10",
        "receiving_advice": "RA-11",
        "despatch_advice": "DA-12",
        "tender": "T-13",
        "object_id": Identifier(value="METER-14", scheme="AVE"),
        "accounting_reference": "4711",
        "preceding_invoices": (
            PrecedingInvoice(number="OLD-1", issue_date=day - timedelta(days=30)),
            PrecedingInvoice(number="OLD-2"),
        ),
        "delivery_date": day,
        "period_start": day - timedelta(days=30),
        "period_end": day,
        "notes": ("First note", "Second note"),
        "note_subject_codes": ("AAI", None),
        "business_process": "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0",
        "payee": Party(
            name="Factoring & Söhne",
            identifiers=(Identifier(value="4000001000005", scheme=GLN),),
            registration_id="HRB 5",
        ),
        "tax_representative": Party(
            name="Fiscal Rep", vat_id="FR12345678901", address=Address(city="Lyon", country="FR")
        ),
        "delivery": Delivery(
            name="Warehouse",
            location=Identifier(value="4000001000006", scheme=GLN),
            address=Address(street="Dock 1", city="Graz", postcode="8010", region="Steiermark", country="AT"),
        ),
        "supporting_documents": (
            SupportingDocument(reference="TS-1", description="Time sheet", url="https://docs.example/1"),
        ),
    }
    chosen: dict[str, object] = {name: value for name, value in header.items() if rng.random() < 0.5}
    if rng.random() < 0.3:
        chosen["purchase_order"] = None
    if "note_subject_codes" in chosen:
        chosen["notes"] = header["notes"]
    chosen |= rng.choice(({}, {"tax_point_date": day}, {"tax_point_code": "35"}))
    if "tax_currency" in chosen:
        chosen["totals"] = invoice.totals.model_copy(update={"tax_in_tax_currency": Decimal("12.34")})
    if invoice.type is InvoiceType.INVOICE:
        chosen["type_code"] = rng.choice((None, "380", "326", "388"))
    chosen["seller"] = _party(invoice.seller, rng, identifiers=2, legal_information="Capital 25 000")
    chosen["buyer"] = _party(invoice.buyer, rng, identifiers=1)
    chosen["payment"] = invoice.payment.model_copy(update=_payment(rng))
    chosen["taxes"] = tuple(
        row.model_copy(
            update={"exemption_reason_code": "VATEX-EU-132"} if row.category == "E" and rng.random() < 0.5 else {}
        )
        for row in invoice.taxes
    )
    chosen["allowances_charges"] = tuple(
        each.model_copy(update={"reason_code": "FC" if each.is_charge else "95"}) for each in invoice.allowances_charges
    )
    chosen["lines"] = tuple(_line(line, invoice, rng) for line in invoice.lines)
    return invoice.model_copy(update=chosen)


def _party(party: Party, rng: Random, *, identifiers: int, legal_information: str | None = None) -> Party:
    fields = {
        "trading_name": "Known As",
        "registration_scheme": "0002",
        "registration_id": "123456789",
        "legal_information": legal_information,
        "identifiers": (Identifier(value="SUP-1"), Identifier(value="4000001000007", scheme=GLN))[:identifiers],
        "electronic_address": Identifier(value="inbox@example.com", scheme="EM"),
        "contact_name": "Kim Muster",
        "phone": "+49 1 234",
        "email": "kim@example.com",
    }
    return party.model_copy(update={name: value for name, value in fields.items() if rng.random() < 0.6})


def _payment(rng: Random) -> dict[str, object]:
    other = PaymentAccount(iban="DE02120300000000202051", bic="BYLADEM1001", account_name="Second")
    transfer = {
        "means": "58",
        "means_text": "SEPA transfer",
        "iban": "DE02100500000054540402",
        "other_accounts": (other,),
    }
    debit = DirectDebit(mandate="M-1", creditor_id="DE98ZZZ09999999999", account="DE02370502990000684712")
    return rng.choice(
        (
            {},
            transfer,
            {"means": "59", "iban": None, "bic": None, "account_name": None, "direct_debit": debit},
            {
                "means": "48",
                "iban": None,
                "bic": None,
                "account_name": None,
                "card": PaymentCard(number="123456", holder="Kim"),
            },
        )
    )


def _line(line: InvoiceLine, invoice: Invoice, rng: Random) -> InvoiceLine:
    price, day = line.unit_price, invoice.issue_date
    assert price is not None
    assert day is not None
    fields = {
        "note": "A note",
        "period_start": day - timedelta(days=9),
        "period_end": day,
        "order_line": "3",
        "object_id": Identifier(value="METER-2", scheme="AVE"),
        "accounting_reference": "4712",
        "gross_price": price + Decimal("0.5"),
        "price_base_quantity": Decimal(rng.choice((1, 10, 100))),
        "buyer_item_code": "B-1",
        "standard_item_code": Identifier(value="04012345678901", scheme="0160"),
        "classifications": (
            Classification(code="44121700", scheme="STI", version="26"),
            Classification(code="X1", scheme="ZZZ"),
        ),
        "country_of_origin": "SE",
        "attributes": (ItemAttribute(name="Colour", value="red"), ItemAttribute(name="Size", value="XL")),
    }
    chosen: dict[str, object] = {name: value for name, value in fields.items() if rng.random() < 0.5}
    if "gross_price" in chosen:
        chosen["price_discount"] = Decimal("0.5")
    if line.discount:
        # The discount, in two parts: more is taken off and a part of it added again.
        chosen["allowances_charges"] = (
            AllowanceCharge(is_charge=False, amount=line.discount + 2, reason="Loyalty", reason_code="95"),
            AllowanceCharge(
                is_charge=True, amount=Decimal(2), reason="Packing", percent=Decimal(10), basis=Decimal(20)
            ),
        )
    return line.model_copy(update=chosen)
