"""What the law of the seller's country asks of an invoice; see ``law.yaml``."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from invoiceflow_contracts.extraction import Finding, Severity
from invoiceflow_contracts.invoice import Invoice, InvoiceType
from invoiceflow_extract.checks.identifiers import VAT_PREFIXES
from invoiceflow_extract.checks.subject import Subject
from invoiceflow_extract.rules import RULES

__all__ = ["countries", "law_is_kept"]

_DOCUMENTS = frozenset({InvoiceType.INVOICE, InvoiceType.CREDIT_NOTE})
"""Receipts are simplified invoices, with fewer particulars; a reminder or a pro-forma invoice is none."""


@cache
def _laws() -> dict[str, dict[str, Any]]:
    text = files("invoiceflow_extract.checks").joinpath("law.yaml").read_text("utf-8")
    laws: dict[str, dict[str, Any]] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - strings alone: "NO" is a country
    return laws


def countries() -> tuple[str, ...]:
    """Return the ISO 3166-1 codes of the sellers whose law is known."""
    return tuple(sorted(_laws()))


def law_is_kept(subject: Subject) -> Iterator[Finding]:
    """IF-LAW: the invoice has what the law of the seller's country asks for.

    The country is that of the address, or else of the VAT identifier. On a page something may merely not have been read.
    """
    invoice = subject.invoice
    country = invoice.seller.address.country or (invoice.seller.vat_id or "")[:2]
    law = _laws().get(VAT_PREFIXES.get(country, country))
    if law is None or invoice.type not in _DOCUMENTS:
        return
    missing = [field for field in law["fields"] if not any(_given(invoice, one) for one in field.split("|"))]
    if missing:
        names = ", ".join(" or ".join(one[1:].replace("/", ".") for one in field.split("|")) for field in missing)
        yield RULES["IF-LAW"].finding(
            f"In {country} an invoice has to have {names} ({law['law']}).",
            pointers=tuple(one for field in missing for one in field.split("|")),
            values={"country": country, "law": law["law"], "missing": names},
            severity=subject.severity(Severity.INFO, Severity.WARNING),
        )


def _given(invoice: Invoice, pointer: str) -> bool:
    value: object = invoice
    for name in pointer[1:].split("/"):
        value = getattr(value, name)
    return value is not None and value != ()
