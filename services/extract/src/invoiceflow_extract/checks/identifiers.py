"""The form and the check digits of identifiers and codes."""

from collections.abc import Iterator

from babel.numbers import list_currencies
from stdnum import bic, ean, iban
from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

from invoiceflow_contracts.extraction import Finding
from invoiceflow_extract.checks.subject import Subject
from invoiceflow_extract.rules import RULES

__all__ = ["VAT_PREFIXES", "bic_holds", "currency_is_known", "glns_hold", "iban_holds", "vat_ids_hold"]

_GLN = "0088"
"""Of ISO/IEC 6523: global location number."""
VAT_PREFIXES = {"EL": "GR", "XI": "GB"}
"""Greece and Northern Ireland use prefixes that are not their ISO 3166-1 codes."""


def currency_is_known(subject: Subject) -> Iterator[Finding]:
    """BR-CL-04: the currency is one of ISO 4217."""
    currency = subject.invoice.currency
    if currency is not None and currency not in list_currencies():
        yield RULES["BR-CL-04"].finding(
            f"{currency[:10]!r} is no currency code of ISO 4217.",
            pointers=("/currency",),
            values={"currency": currency[:10]},
        )


def vat_ids_hold(subject: Subject) -> Iterator[Finding]:
    """IF-VAT-ID: length, form and check digits by the rules of the country in the prefix, where they are known."""
    for role, party in (("seller", subject.invoice.seller), ("buyer", subject.invoice.buyer)):
        if party.vat_id is None or _vat_id_holds(party.vat_id):
            continue
        yield RULES["IF-VAT-ID"].finding(
            f"The {role}'s VAT identifier {party.vat_id[:30]!r} has not the form or check digits of its country.",
            pointers=(f"/{role}/vat_id",),
            values={"vat_id": party.vat_id[:30]},
        )


def _vat_id_holds(vat_id: str) -> bool:
    prefix = vat_id[:2].upper()
    if not prefix.isalpha():
        return False
    # A Swiss number is often given without the MWST, TVA or IVA that makes it a VAT number.
    kind = "uid" if prefix == "CH" and not vat_id[-3:].isalpha() else "vat"
    module = get_cc_module(VAT_PREFIXES.get(prefix, prefix).lower(), kind)
    if module is None:
        return True
    try:
        module.validate(vat_id)
    except ValidationError:
        return False
    return True


def iban_holds(subject: Subject) -> Iterator[Finding]:
    """IF-IBAN: ISO 7064 MOD 97-10 and the country's length. An account number of another kind is not judged."""
    account = subject.invoice.payment.iban
    if account is None or not (account[:2].isalpha() and account[2:4].isdigit()):
        return
    try:
        iban.validate(account, check_country=False)
    except ValidationError:
        yield RULES["IF-IBAN"].finding(
            f"The IBAN {account[:40]!r} has not the check digits or the length it should have. Do not pay to it before the seller has confirmed it.",
            pointers=("/payment/iban",),
            values={"iban": account[:40]},
        )


def bic_holds(subject: Subject) -> Iterator[Finding]:
    """IF-BIC: the form of ISO 9362."""
    given = subject.invoice.payment.bic
    if given is not None and not bic.is_valid(given):
        yield RULES["IF-BIC"].finding(
            f"The BIC {given[:20]!r} has not the form of one.", pointers=("/payment/bic",), values={"bic": given[:20]}
        )


def glns_hold(subject: Subject) -> Iterator[Finding]:
    """IF-GLN: the check digit of global location numbers (GS1), where an identifier's scheme says that it is one."""
    invoice = subject.invoice
    given = [
        (f"/{role}/identifiers/{index}", one)
        for role, party in (("seller", invoice.seller), ("buyer", invoice.buyer))
        for index, one in enumerate(party.identifiers)
    ]
    if invoice.delivery is not None and invoice.delivery.location is not None:
        given.append(("/delivery/location", invoice.delivery.location))
    for pointer, one in given:
        if one.scheme == _GLN and not (len(one.value) == 13 and ean.is_valid(one.value)):
            yield RULES["IF-GLN"].finding(
                f"The GLN {one.value[:20]!r} has not 13 digits with the right check digit.",
                pointers=(pointer,),
                values={"gln": one.value[:20]},
            )
