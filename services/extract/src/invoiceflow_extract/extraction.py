"""From what was read of a document to an invoice with findings: the e-invoice first, then the page."""

import asyncio
from dataclasses import dataclass, field, replace

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.extraction import Finding
from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.checks import Origin, Subject, check
from invoiceflow_extract.checks.lines import line_amounts_follow
from invoiceflow_extract.checks.sums import lines_add_up, lines_are_complete
from invoiceflow_extract.comparison import differences, not_shown
from invoiceflow_extract.einvoice import Candidate, EInvoice, in_order_of_trust, read_all
from invoiceflow_extract.hybrid import declaration_of, declared_without_xml, how_attached
from invoiceflow_extract.merge import REQUIRED, fill
from invoiceflow_extract.ports import Extractor
from invoiceflow_extract.printed import PrintedText
from invoiceflow_extract.reading import Reading
from invoiceflow_extract.rules import RULES

__all__ = ["Document", "Extraction", "Part", "extract", "parts"]


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


@dataclass(frozen=True)
class Part:
    """One of the invoices of a document, and what it is read from."""

    layout: Layout
    """Its own pages."""
    electronic: _Electronic
    pages: tuple[int, int] | None = None
    """The first and the last of them in the document, where that holds several invoices."""


def parts(document: Document, *, max_einvoice_size: int) -> list[Part]:
    """Return the invoices that the document holds, in its order: one, but for a lot of e-invoices or pages of several.

    Raises:
        PermanentError: ``no_text_found``, ``order_not_invoice``, or for a document without text to fall back to
            ``not_an_einvoice``, ``einvoice_damaged``, ``einvoice_unsafe`` and ``einvoice_too_large``.
    """
    electronic = _electronic(document, max_einvoice_size)
    if electronic[0].einvoice is not None:
        return [Part(document.layout, one) for one in electronic]
    # Its tables take a moment to load.
    from invoiceflow_extract.local import first_pages  # noqa: PLC0415

    several = first_pages(document.layout)
    if not several:
        return [Part(document.layout, electronic[0])]
    last = max(page.number for page in document.layout.pages)
    # What stands before the first number is the first invoice's, such as a letter.
    firsts = [1, *(page for _, page in several[1:])]
    ranges = zip(firsts, [*(first - 1 for first in firsts[1:]), last], strict=True)
    return [_of_pages(document.layout, electronic[0], several, pages) for pages in ranges]


def _of_pages(layout: Layout, electronic: _Electronic, several: list[tuple[str, int]], pages: tuple[int, int]) -> Part:
    first, last = pages
    own = tuple(page for page in layout.pages if first <= page.number <= last)
    begins = ", ".join(f"{number} from page {page}" for number, page in several)
    told_apart = RULES["IF-SEVERAL-INVOICES"].finding(
        f"The document holds {len(several)} invoices ({begins}), each read on its own. See that they were told apart rightly.",
        pointers=("/number",),
        values={f"page {page}": number for number, page in several},
    )
    found = replace(electronic, findings=(*electronic.findings, told_apart))
    return Part(layout.model_copy(update={"pages": own}), found, pages)


async def extract(part: Part, extractor: Extractor) -> Extraction:
    """Return the invoice.

    The page's reader is asked only where it has something to add: without an e-invoice, where the e-invoice's profile
    leaves values out, or where the page does not show what the e-invoice says.

    Raises:
        TransientError: the extractor cannot be reached.
    """
    electronic, layout = part.electronic, part.layout
    einvoice = electronic.einvoice
    if einvoice is None:
        printed = await extractor.extract(layout, Reading())
        found = await asyncio.to_thread(check, Subject(printed.invoice, Origin.PAGE))
        more = await asyncio.to_thread(_unread, layout, printed)
        return Extraction(printed, (*electronic.findings, *more, *found))
    reading = einvoice.reading
    if not _has_text(layout) or not (electronic.missing or _lacks(einvoice)):
        return Extraction(reading, electronic.findings)
    printed = await extractor.extract(layout, reading)
    findings = [*electronic.findings, *differences(reading.invoice, electronic.missing, printed)]
    if _leaves_out(einvoice):
        reading = fill(reading, printed)
    elif _lacks(einvoice):
        reading = fill(reading, printed, wanted=REQUIRED.__contains__)
    if reading.invoice.lines and not einvoice.reading.invoice.lines:
        on_page = Subject(reading.invoice, Origin.PAGE)
        findings += [*lines_add_up(on_page), *lines_are_complete(on_page), *line_amounts_follow(on_page)]
    return Extraction(reading, tuple(findings))


def _has_text(layout: Layout) -> bool:
    return any(page.lines or page.tables for page in layout.pages)


def _unread(layout: Layout, printed: Reading) -> list[Finding]:
    """Return what the pages show and the invoice does not: rows, pages. None of it is lost without a word."""
    # Its tables take a moment to load.
    from invoiceflow_extract.local import incomplete  # noqa: PLC0415

    return incomplete(layout, printed)


def _leaves_out(einvoice: EInvoice) -> bool:
    """Whether the e-invoice is one that says only part of the invoice: MINIMUM, BASIC WL, or any without lines."""
    return not einvoice.reading.invoice.lines


def _lacks(einvoice: EInvoice) -> bool:
    return _leaves_out(einvoice) or any(pointer not in einvoice.reading.evidence for pointer in REQUIRED)


def _electronic(document: Document, max_size: int) -> list[_Electronic]:
    """Read the files, check them, and look for their values on the page; one for each invoice, at least one."""
    files = list(document.files) if document.is_bare else in_order_of_trust(document.files)
    read_files: list[tuple[list[EInvoice], Candidate]] = []
    refused: list[PermanentError] = []
    for candidate in files:
        try:
            read_files.append((read_all(candidate.data, max_size=max_size), candidate))
        except PermanentError as error:
            refused.append(error)
    declared = declaration_of(document.pdf) if document.pdf is not None else None
    if not read_files:
        _give_up(document, refused)
        findings = [_fell_back(error) for error in refused if error.code != "not_an_einvoice"]
        if declared is not None and not findings:
            findings.append(declared_without_xml())
        return [_Electronic(findings=tuple(findings))]
    einvoices, candidate = read_files[0]
    of_the_file = _several([each[0] for each, _ in read_files])
    if document.pdf is not None:
        of_the_file += how_attached(einvoices[0], candidate.file, declared)
    text = PrintedText(document.layout) if _has_text(document.layout) else None
    return [_checked(einvoice, of_the_file, text) for einvoice in einvoices]


def _checked(einvoice: EInvoice, findings: list[Finding], text: PrintedText | None) -> _Electronic:
    invoice = einvoice.reading.invoice
    found = check(Subject(invoice, Origin.EN16931 if einvoice.claims_en16931 else Origin.EINVOICE))
    missing = not_shown(invoice, text) if text is not None else frozenset[str]()
    return _Electronic(einvoice, (*einvoice.findings, *findings, *found), missing)


def _give_up(document: Document, refused: list[PermanentError]) -> None:
    """Raise where there is nothing left to read an invoice from."""
    order = next((error for error in refused if error.code == "order_not_invoice"), None)
    if order is not None:
        raise order
    if _has_text(document.layout):
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
