"""Which of the files in a document is the e-invoice."""

from collections.abc import Iterable
from dataclasses import dataclass

from invoiceflow_contracts.layout import EmbeddedFile

__all__ = ["Candidate", "in_order_of_trust", "looks_like_einvoice"]

_NAMES = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "order-x.xml")
"""The names that Factur-X 1.0, ZUGFeRD and Order-X prescribe, in lower case."""

_MARKS = (
    b"urn:oasis:names:specification:ubl:schema:xsd:",
    b"urn:un:unece:uncefact:data:",
    b"urn:ferd:CrossIndustryDocument",
    b"ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1",
)


@dataclass(frozen=True)
class Candidate:
    """An embedded file with its bytes."""

    file: EmbeddedFile
    data: bytes

    @property
    def has_prescribed_name(self) -> bool:
        return self.file.name.replace("\\", "/").rsplit("/", 1)[-1].lower() in _NAMES


def looks_like_einvoice(candidate: Candidate) -> bool:
    """Whether the file is meant as an e-invoice, damaged or not: by its prescribed name or the namespaces in its head."""
    head = candidate.data[:8192].replace(b"\0", b"")
    return candidate.has_prescribed_name or any(mark in head for mark in _MARKS)


def in_order_of_trust(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return those that may be e-invoices: prescribed names first, then by their content, in the order of the document."""
    meant = [candidate for candidate in candidates if looks_like_einvoice(candidate)]
    return sorted(meant, key=lambda candidate: not candidate.has_prescribed_name)
