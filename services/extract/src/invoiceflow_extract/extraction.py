"""From what was read of a document to an invoice with findings: the e-invoice first, then the page."""

import asyncio
from dataclasses import dataclass, field

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.extraction import Finding
from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.checks import Origin, Subject, check
from invoiceflow_extract.checks.lines import line_amounts_follow
from invoiceflow_extract.checks.sums import lines_add_up, lines_are_complete
from invoiceflow_extract.comparison import differences, not_shown
from invoiceflow_extract.einvoice import Candidate, EInvoice, in_order_of_trust, read
from invoiceflow_extract.hybrid import declaration_of, declared_without_xml, how_attached
from invoiceflow_extract.merge import REQUIRED, fill
from invoiceflow_extract.ports import Extractor
from invoiceflow_extract.printed import PrintedText
from invoiceflow_extract.reading import Reading
from invoiceflow_extract.rules import RULES

__all__ = ["Document", "Extraction", "extract"]


@dataclass(frozen=True)
class Document:
    """A document as the other stages left it."""

    layout: Layout
    files: tuple[Candidate, ...] = ()
    """The files found inside it, or the document itself where it is bare XML."""
    is_bare: bool = False
    """Whether the document is an XML file and not one that carries it."""
    pdf: bytes | None = None
    """The document where it is a PDF whose metadata are to be looked at."""

    @property
    def has_text(self) -> bool:
        return any(page.lines or page.tables for page in self.layout.pages)


@dataclass(frozen=True)
class Extraction:
    """The invoice, where its values stand, and what the checks found."""

    reading: Reading
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Electronic:
    """What the files of a document came to."""

    einvoice: EInvoice | None = None
    findings: tuple[Finding, ...] = ()
    missing: frozenset[str] = field(default_factory=frozenset)
    """Pointers of the values that the page does not show."""


async def extract(document: Document, extractor: Extractor, *, max_einvoice_size: int) -> Extraction:
    """Return the document's invoice.

    The page's reader is asked only where it has something to add: without an e-invoice, where the e-invoice's profile
    leaves values out, or where the page does not show what the e-invoice says.

    Raises:
        PermanentError: ``no_text_found``, ``order_not_invoice``, or for a document without text to fall back to
            ``not_an_einvoice``, ``einvoice_damaged``, ``einvoice_unsafe`` and ``einvoice_too_large``.
        TransientError: the extractor cannot be reached.
    """
    electronic = await asyncio.to_thread(_electronic, document, max_einvoice_size)
    einvoice = electronic.einvoice
    if einvoice is None:
        printed = await extractor.extract(document.layout, Reading())
        found = await asyncio.to_thread(check, Subject(printed.invoice, Origin.PAGE))
        more = await asyncio.to_thread(_seen_on_pages, document.layout, printed)
        return Extraction(printed, (*electronic.findings, *more, *found))
    reading = einvoice.reading
    if not document.has_text or not (electronic.missing or _lacks(einvoice)):
        return Extraction(reading, electronic.findings)
    printed = await extractor.extract(document.layout, reading)
    findings = [*electronic.findings, *differences(reading.invoice, electronic.missing, printed)]
    if _leaves_out(einvoice):
        reading = fill(reading, printed)
    elif _lacks(einvoice):
        reading = fill(reading, printed, wanted=REQUIRED.__contains__)
    if reading.invoice.lines and not einvoice.reading.invoice.lines:
        on_page = Subject(reading.invoice, Origin.PAGE)
        findings += [*lines_add_up(on_page), *lines_are_complete(on_page), *line_amounts_follow(on_page)]
    return Extraction(reading, tuple(findings))


def _seen_on_pages(layout: Layout, printed: Reading) -> list[Finding]:
    """Return what the pages show and the invoice does not: other invoices, rows, pages. None of it is lost without a word."""
    # Its tables take a moment to load.
    from invoiceflow_extract.local import first_pages, incomplete  # noqa: PLC0415

    several = first_pages(layout)
    if not several:
        return incomplete(layout, printed)
    pages = ", ".join(f"{number} from page {page}" for number, page in several)
    return [
        RULES["IF-SEVERAL-INVOICES"].finding(
            f"The document holds {len(several)} invoices ({pages}); only the first was read. Submit the others as documents of their own.",
            pointers=("/number",),
            values={f"page {page}": number for number, page in several},
        )
    ]


def _leaves_out(einvoice: EInvoice) -> bool:
    """Whether the e-invoice is one that says only part of the invoice: MINIMUM, BASIC WL, or any without lines."""
    return not einvoice.reading.invoice.lines


def _lacks(einvoice: EInvoice) -> bool:
    return _leaves_out(einvoice) or any(pointer not in einvoice.reading.evidence for pointer in REQUIRED)


def _electronic(document: Document, max_size: int) -> _Electronic:
    """Read the files, check them, and look for their values on the page."""
    files = list(document.files) if document.is_bare else in_order_of_trust(document.files)
    read_files: list[tuple[EInvoice, Candidate]] = []
    refused: list[PermanentError] = []
    for candidate in files:
        try:
            read_files.append((read(candidate.data, max_size=max_size), candidate))
        except PermanentError as error:
            refused.append(error)
    declared = declaration_of(document.pdf) if document.pdf is not None else None
    if not read_files:
        _give_up(document, refused)
        findings = [_fell_back(error) for error in refused if error.code != "not_an_einvoice"]
        if declared is not None and not findings:
            findings.append(declared_without_xml())
        return _Electronic(findings=tuple(findings))
    einvoice, candidate = read_files[0]
    findings = [*einvoice.findings, *_several([each for each, _ in read_files])]
    if document.pdf is not None:
        findings += how_attached(einvoice, candidate.file, declared)
    origin = Origin.EN16931 if einvoice.claims_en16931 else Origin.EINVOICE
    findings += check(Subject(einvoice.reading.invoice, origin))
    missing = not_shown(einvoice.reading.invoice, PrintedText(document.layout)) if document.has_text else frozenset()
    return _Electronic(einvoice, tuple(findings), missing)


def _give_up(document: Document, refused: list[PermanentError]) -> None:
    """Raise where there is nothing left to read an invoice from."""
    order = next((error for error in refused if error.code == "order_not_invoice"), None)
    if order is not None:
        raise order
    if document.has_text:
        return
    if refused:
        raise refused[0]
    raise PermanentError(
        "no_text_found",
        "No text was found on the document's pages and it carries no e-invoice. Send a sharper scan, or the original file.",
    )


def _fell_back(error: PermanentError) -> Finding:
    return RULES["IF-EINV-DAMAGED"].finding(
        f"{error.message} The values were read from the page instead.", values={"code": error.code}
    )


def _several(einvoices: list[EInvoice]) -> list[Finding]:
    """Return a finding where a document carries e-invoices that are not the same invoice."""
    said = {(each.reading.invoice.number, each.reading.invoice.totals.gross) for each in einvoices}
    if len(said) < 2:
        return []
    return [
        RULES["IF-EINV-SEVERAL"].finding(
            f"The document carries {len(einvoices)} e-invoices that say different things; the first of them was read.",
            pointers=("/number", "/totals/gross"),
            values={f"number {index}": each.reading.invoice.number for index, each in enumerate(einvoices, 1)},
        )
    ]
