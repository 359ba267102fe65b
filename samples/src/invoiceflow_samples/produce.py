"""From a scenario to a finished sample."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random

from invoiceflow_samples.einvoice.cii import GUIDELINE, write_cii
from invoiceflow_samples.einvoice.facturx import embed
from invoiceflow_samples.einvoice.ubl import CUSTOMIZATION, write_ubl
from invoiceflow_samples.fiction import Fiction, imagine
from invoiceflow_samples.pdf.render import render_pdf
from invoiceflow_samples.raster import photograph, scan
from invoiceflow_samples.sample import Kind, Sample
from invoiceflow_samples.scenario import Scenario
from invoiceflow_samples.sheet import Sheet, lay_out
from invoiceflow_samples.truth import truth_row
from invoiceflow_samples.word import write_docx

__all__ = ["produce"]

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True, slots=True)
class _Form:
    """How one kind of document is made: from the invoice itself, or from the sheet in a template."""

    suffix: str
    media_type: str
    from_invoice: Callable[[Fiction], bytes] | None = None
    from_sheet: Callable[[Fiction, Sheet, str, Random], bytes] | None = None
    profile: str | None = None


def _facturx(fiction: Fiction, sheet: Sheet, template: str, rng: Random) -> bytes:
    page = render_pdf(sheet, template, rng, embedded_fonts=True)
    return embed(page, write_cii(fiction.invoice), fiction.invoice.issue_date or date(2000, 1, 1))


_FORMS = {
    Kind.PDF_TEXT: _Form(
        ".pdf", "application/pdf", from_sheet=lambda _, sheet, template, rng: render_pdf(sheet, template, rng)
    ),
    Kind.PDF_SCAN: _Form(
        ".pdf",
        "application/pdf",
        from_sheet=lambda _, sheet, template, rng: scan(render_pdf(sheet, template, rng), rng),
    ),
    Kind.IMAGE: _Form(
        ".jpg",
        "image/jpeg",
        from_sheet=lambda _, sheet, template, rng: photograph(render_pdf(sheet, template, rng), rng),
    ),
    Kind.FACTURX: _Form(".pdf", "application/pdf", from_sheet=_facturx, profile=GUIDELINE),
    Kind.XML_CII: _Form(
        ".xml", "application/xml", from_invoice=lambda fiction: write_cii(fiction.invoice), profile=GUIDELINE
    ),
    Kind.XML_UBL: _Form(
        ".xml", "application/xml", from_invoice=lambda fiction: write_ubl(fiction.invoice), profile=CUSTOMIZATION
    ),
    Kind.OFFICE: _Form(".docx", _DOCX, from_sheet=lambda _fiction, sheet, _template, _rng: write_docx(sheet)),
}


def produce(stem: str, kind: Kind, scenario: Scenario, template: str, rng: Random) -> Sample:
    """Make one sample called ``stem`` and the suffix of its kind; ``template`` counts only where there is a page."""
    form = _FORMS[kind]
    fiction = imagine(scenario, rng)
    name = stem + form.suffix
    if form.from_invoice is not None:
        row = truth_row(name, kind, fiction, layout=kind.value, sheet=None, profile=form.profile)
        return Sample(name, form.media_type, form.from_invoice(fiction), row)
    assert form.from_sheet is not None  # noqa: S101 - one of the two, by the table above
    sheet = lay_out(fiction, rng)
    data = form.from_sheet(fiction, sheet, template, rng)
    layout = "word" if kind is Kind.OFFICE else template
    row = truth_row(name, kind, fiction, layout=f"invoiceflow:{layout}", sheet=sheet, profile=form.profile)
    return Sample(name, form.media_type, data, row)
