"""What speaks for and against a value that was read from a page, in figures that a person can follow.

Pure and cheap: nothing is searched for that the engine has not found; the values are held against each other, against
their checksums and against the rest of the page's text.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from invoiceflow_contracts.extraction import Evidence
from invoiceflow_contracts.invoice import Invoice
from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.calibration.sums import Sums, sums_of
from invoiceflow_extract.checks.identifiers import iban_holds, vat_ids_hold
from invoiceflow_extract.checks.subject import Origin, Subject
from invoiceflow_extract.reading import Reading

__all__ = ["FAMILIES", "SIGNALS", "family_of", "signals"]

FAMILIES: Mapping[str, str] = {
    "/number": "number",
    "/issue_date": "issue_date",
    "/due_date": "due_date",
    "/currency": "currency",
    "/type": "type",
    "/seller/name": "seller_name",
    "/buyer/name": "buyer_name",
    "/seller/vat_id": "vat_id",
    "/buyer/vat_id": "vat_id",
    "/payment/iban": "iban",
    "/purchase_order": "reference",
    "/buyer_reference": "reference",
    "/preceding_invoice": "reference",
    "/payment/reference": "reference",
    "/totals/lines_net": "total",
    "/totals/net": "total",
    "/totals/tax": "total",
    "/totals/gross": "total",
    "/totals/payable": "total",
    "/totals/prepaid": "extra",
    "/totals/allowances": "extra",
    "/totals/charges": "extra",
}
"""Fields that are right and wrong for the same reasons, by pointer; ``line``, ``tax`` and ``other`` are the rest."""

SIGNALS: Mapping[str, str] = {
    "score": "log-odds of the engine's own score: how well label, place and form fit, times how legible the characters are",
    "recognised": "the page was recognised from its picture",
    "proved": "a sum that this amount is part of closes",
    "contradicted": "a sum that this amount is part of does not close",
    "document_closes": "net and tax make the gross total, and the lines make the net or the gross one",
    "checksum": "the check digits hold",
    "checksum_fails": "the check digits, or the form, do not hold",
    "repeated": "the same text stands elsewhere in the document, too",
    "legal_form": "the name ends or begins with the form of a company",
    "wordy": "the name or reference is longer than such a text usually is (per five words beyond four)",
    "like_an_address": "the name is, or begins, a line of an address of the document",
    "largest": "no printed amount of the document is larger than this total",
    "lonely": "share of what nearly every invoice has (number, date, parties, currency, net, gross, lines) that was not found",
}
"""Every signal and what it means."""

_FORMS = frozenset(
    [
        "ab",
        "ag",
        "aps",
        "as",
        "asa",
        "bv",
        "bvba",
        "corp",
        "corporation",
        "eirl",
        "gmbh",
        "inc",
        "incorporated",
        "kft",
        "kg",
        "kgaa",
        "lda",
        "limited",
        "llc",
        "llp",
        "ltd",
        "nv",
        "ohg",
        "oy",
        "oyj",
        "plc",
        "sa",
        "sarl",
        "sas",
        "sasu",
        "sl",
        "slu",
        "snc",
        "spa",
        "spzoo",
        "sro",
        "srl",
        "ug",
    ]
)
_EXPECTED = (
    "/number",
    "/issue_date",
    "/seller/name",
    "/buyer/name",
    "/currency",
    "/totals/net",
    "/totals/gross",
    "/lines/0/net",
)
_AMOUNT = re.compile(r"\d[\d.,'\u2019]*[.,]\d\d")
_SMALLEST, _LARGEST = 0.02, 0.98


@dataclass(frozen=True, slots=True)
class _Context:
    """What the whole document says, looked at once."""

    invoice: Invoice
    sums: Sums
    recognised: frozenset[int]
    """Numbers of the pages that were recognised."""
    broken: frozenset[str]
    """Pointers of the identifiers whose checks fail."""
    largest: Decimal
    """The largest amount with two decimals that is printed."""
    words: Counter[str]
    text: str
    lonely: float


def family_of(pointer: str) -> str:
    """Return the family of the field at ``pointer``."""
    family = FAMILIES.get(pointer)
    if family is not None:
        return family
    head = pointer.split("/", 2)[1]
    return {"lines": "line", "taxes": "tax"}.get(head, "other")


def signals(reading: Reading, layout: Layout) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Yield pointer, family and signals (those that are not 0) of every value in ``reading`` that has evidence."""
    context = _context(reading, layout)
    for pointer, evidence in reading.evidence.items():
        family = family_of(pointer)
        found = dict(_signals(pointer, family, evidence, context))
        yield pointer, family, {name: value for name, value in found.items() if value}


def _context(reading: Reading, layout: Layout) -> _Context:
    subject = Subject(reading.invoice, Origin.PAGE)
    words = [word.text for page in layout.pages for line in page.lines for word in line.words]
    return _Context(
        invoice=reading.invoice,
        sums=sums_of(reading.invoice),
        recognised=frozenset(page.number for page in layout.pages if page.source == "ocr"),
        broken=frozenset(
            pointer for finding in (*vat_ids_hold(subject), *iban_holds(subject)) for pointer in finding.pointers
        ),
        largest=max((amount for word in words for amount in _amounts(word)), default=Decimal(0)),
        words=Counter(_plain(word) for word in words),
        text=" " + " ".join(_plain(word) for word in words) + " ",
        lonely=sum(pointer not in reading.evidence for pointer in _EXPECTED) / len(_EXPECTED),
    )


def _signals(pointer: str, family: str, evidence: Evidence, context: _Context) -> Iterator[tuple[str, float]]:
    score = min(_LARGEST, max(_SMALLEST, evidence.confidence))
    yield "score", math.log(score / (1 - score))
    yield "recognised", float(evidence.page in context.recognised)
    yield "lonely", context.lonely
    yield "document_closes", float(context.sums.whole)
    if pointer in {"/totals/gross", "/totals/payable"}:
        value = context.invoice.totals.gross if pointer == "/totals/gross" else context.invoice.totals.payable
        yield "largest", float(value is not None and abs(value) >= context.largest)
    yield from _by_sums(pointer, context.sums)
    if family in {"vat_id", "iban"}:
        yield ("checksum_fails" if pointer in context.broken else "checksum"), 1.0
    yield "repeated", float(_is_repeated(evidence.text, context))
    if family in {"seller_name", "buyer_name"}:
        words = evidence.text.casefold().replace(".", "").replace(",", " ").split()
        yield "legal_form", float(any(word in _FORMS for word in words))
        yield "wordy", max(0, len(words) - 4) / 5
        yield "like_an_address", float(_is_in_an_address(evidence.text, context.invoice))
    elif family in {"number", "reference"}:
        yield "wordy", max(0, len(evidence.text.split()) - 1) / 5


def _by_sums(pointer: str, sums: Sums) -> Iterator[tuple[str, float]]:
    place = "/lines" if pointer.startswith("/lines/") else "/taxes" if pointer.startswith("/taxes/") else pointer
    yield "proved", float(place in sums.proved)
    yield "contradicted", float(place in sums.contradicted and place not in sums.proved)


def _plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _amounts(word: str) -> Iterator[Decimal]:
    for match in _AMOUNT.findall(word):
        yield Decimal("".join(filter(str.isdigit, match))) / 100


def _is_in_an_address(text: str, invoice: Invoice) -> bool:
    name = _plain(text)
    parts = (
        part
        for party in (invoice.seller, invoice.buyer)
        for part in (party.address.street, party.address.city, party.address.postcode)
        if part
    )
    return any(_plain(part).startswith(name) or name.startswith(_plain(part)) for part in parts)


def _is_repeated(text: str, context: _Context) -> bool:
    plain = [part for part in map(_plain, text.split()) if part]
    if not plain or len("".join(plain)) < 2:
        return False
    if len(plain) == 1:
        return context.words[plain[0]] > 1
    return context.text.count(f" {' '.join(plain)} ") > 1
