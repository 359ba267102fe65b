"""The forms in which an invoice is handed out, and how a client asks for one."""

from enum import StrEnum

from invoiceflow_query.einvoice import Syntax

__all__ = ["PDF", "PROFILES", "InvoiceFormat", "accepted", "filename", "media_type"]

XML, PDF = "application/xml", "application/pdf"
PAGE = "text/html"
"""What browsers ask for first, and before XML: a person who opens an address sees the JSON."""
PROFILES = {
    Syntax.UBL: "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
    Syntax.CII: "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
}
"""The ``profile`` of ``application/xml`` by which each syntax is told: its namespace."""


class InvoiceFormat(StrEnum):
    """What ``?format=`` takes."""

    JSON = "json"
    UBL = "ubl"
    CII = "cii"
    FACTUR_X = "factur-x"


def media_type(form: InvoiceFormat) -> str:
    """Return the media type of an e-invoice."""
    return PDF if form is InvoiceFormat.FACTUR_X else f'{XML}; profile="{PROFILES[Syntax(form.value)]}"'


def accepted(accept: str | None) -> InvoiceFormat:
    """Return the form that an ``Accept`` header likes best (RFC 9110, section 12.5.1).

    ``application/xml`` without a profile is UBL. JSON is what everybody gets who asks for nothing that there is.
    """
    best, weight = InvoiceFormat.JSON, 0.0
    for item in (accept or "").split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        given = {
            name.strip().lower(): value.strip().strip('"')
            for name, _, value in (each.partition("=") for each in parameters)
        }
        found = _named(kind.lower(), given.get("profile"))
        quality = _quality(given.get("q"))
        if found is not None and quality > weight:
            best, weight = found, quality
    return best


def _named(kind: str, profile: str | None) -> InvoiceFormat | None:
    if kind in {XML, "text/xml"}:
        syntaxes = {name: syntax for syntax, name in PROFILES.items()}
        syntax = Syntax.UBL if profile is None else syntaxes.get(profile)
        return InvoiceFormat(syntax.value) if syntax else None
    if kind == PDF:
        return InvoiceFormat.FACTUR_X
    return InvoiceFormat.JSON if kind in {"application/json", "application/*", "*/*", PAGE} else None


def _quality(text: str | None) -> float:
    try:
        return min(max(float(text), 0.0), 1.0) if text is not None else 1.0
    except ValueError:
        return 0.0


def filename(number: str | None, invoice_id: object, form: InvoiceFormat) -> str:
    """Return the name under which an e-invoice is saved: the invoice's number and the form."""
    ending = "factur-x.pdf" if form is InvoiceFormat.FACTUR_X else f"{form}.xml"
    return f"{(number or str(invoice_id)).replace('/', '-')}.{ending}"
