"""The sample set that is checked in: each document shows something that invoices do."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from invoiceflow_contracts.invoice import InvoiceType
from invoiceflow_samples.produce import produce
from invoiceflow_samples.sample import Kind, Sample
from invoiceflow_samples.scenario import Scenario

__all__ = ["CURATED", "curated"]


@dataclass(frozen=True, slots=True)
class _Order:
    stem: str
    kind: Kind
    template: str
    scenario: Scenario


CURATED = (
    _Order("01-en-one-line", Kind.PDF_TEXT, "modern", Scenario("en", "GB", lines=1)),
    _Order("02-de-eighty-lines", Kind.PDF_TEXT, "letterhead", Scenario("de", "DE", lines=80, rates=2)),
    _Order("03-fr-several-rates", Kind.PDF_TEXT, "ruled", Scenario("fr", "FR", lines=6, rates=2)),
    _Order(
        "04-nl-discounts-and-charges",
        Kind.PDF_TEXT,
        "minimal",
        Scenario("nl", "NL", lines=7, line_discounts=True, allowance=True, charge=True),
    ),
    _Order(
        "05-it-credit-note",
        Kind.PDF_TEXT,
        "office",
        Scenario("it", "IT", lines=3, type=InvoiceType.CREDIT_NOTE),
    ),
    _Order("06-fr-foreign-currency", Kind.PDF_TEXT, "footer", Scenario("fr", "FR", lines=4, currency="USD")),
    _Order("07-es-exempt", Kind.PDF_TEXT, "office", Scenario("es", "ES", lines=2, treatment="exempt")),
    _Order(
        "08-nl-reverse-charge",
        Kind.PDF_TEXT,
        "modern",
        Scenario("nl", "NL", lines=3, treatment="reverse_charge", buyer_country="DE"),
    ),
    _Order("09-es-scan", Kind.PDF_SCAN, "ruled", Scenario("es", "ES", lines=5)),
    _Order("10-en-photo", Kind.IMAGE, "office", Scenario("en", "IE", lines=4)),
    _Order("11-de-facturx", Kind.FACTURX, "letterhead", Scenario("de", "DE", lines=5, rates=2, line_discounts=True)),
    _Order("12-de-peppol-ubl", Kind.XML_UBL, "", Scenario("de", "DE", lines=4, rates=2, allowance=True, charge=True)),
    _Order("13-it-cii", Kind.XML_CII, "", Scenario("it", "IT", lines=3, charge=True, prepaid=True)),
    _Order(
        "14-nl-ubl-credit-note",
        Kind.XML_UBL,
        "",
        Scenario("nl", "BE", lines=2, type=InvoiceType.CREDIT_NOTE),
    ),
    _Order("15-en-wrong-total", Kind.PDF_TEXT, "minimal", Scenario("en", "GB", lines=4, defect="gross_total")),
    _Order("16-it-word", Kind.OFFICE, "", Scenario("it", "IT", lines=3)),
    _Order("17-pt-deposit", Kind.PDF_TEXT, "sidebar", Scenario("pt", "PT", lines=5, prepaid=True)),
    _Order("18-sv-kronor", Kind.PDF_TEXT, "ruled", Scenario("sv", "SE", lines=12, rates=2, charge=True)),
)


def curated(seed: int) -> Iterator[Sample]:
    """The curated set; each document depends on the seed and its own name only."""
    for order in CURATED:
        rng = Random(f"{seed}/{order.stem}")  # noqa: S311 - reproducible fiction, no secret
        yield produce(order.stem, order.kind, order.scenario, order.template, rng)
