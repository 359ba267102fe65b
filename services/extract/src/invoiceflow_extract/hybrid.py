"""How a hybrid PDF is put together, by Factur-X 1.0 and ZUGFeRD.

Both declare the e-invoice in the PDF's metadata (XMP) and attach it with a relationship (``/AFRelationship``).
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from lxml import etree

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_contracts.extraction import Finding
from invoiceflow_contracts.layout import EmbeddedFile
from invoiceflow_extract.einvoice.model import EInvoice, Profile, Syntax
from invoiceflow_extract.einvoice.reader import parse
from invoiceflow_extract.rules import RULES

__all__ = ["Declaration", "declaration_of", "declared_without_xml", "how_attached"]

_NAMESPACES = (
    "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#",
    "urn:zugferd:pdfa:CrossIndustryDocument:invoice:2p0#",
    "urn:ferd:pdfa:CrossIndustryDocument:invoice:1p0#",
)
_MAX_XMP = 4 * 1024 * 1024


@dataclass(frozen=True)
class Declaration:
    """What a PDF's metadata says of its e-invoice."""

    level: str | None
    """``ConformanceLevel`` as it stands, such as ``BASIC WL``."""

    @property
    def profile(self) -> Profile | None:
        return Profile.named(self.level) if self.level else None


def declaration_of(pdf: bytes) -> Declaration | None:
    """Return what the PDF declares about an e-invoice in it; None where it declares nothing or cannot be opened.

    Only files that ocr could open within its limits come here.
    """
    # Only PDFs need it, and loading it costs more than most of them take to look at.
    from pikepdf import Pdf, PdfError, Stream  # noqa: PLC0415

    try:
        with Pdf.open(BytesIO(pdf)) as document:
            metadata = document.Root.get("/Metadata")
            if not isinstance(metadata, Stream):
                return None
            xmp = _unpacked(metadata.read_raw_bytes(), str(metadata.get("/Filter", "")))
    except PdfError:  # also one that needs a password
        return None
    try:
        root = parse(xmp.strip(b"\0 \r\n\t"), max_size=_MAX_XMP)
    except PermanentError:
        return None
    return _declaration(root)


def _unpacked(data: bytes, packing: str) -> bytes:
    """Return the bytes of a metadata stream, never more than one too many: a few kilobytes may unpack to gigabytes."""
    if not packing:
        return data
    if "FlateDecode" not in packing:
        return b""
    try:
        return zlib.decompressobj().decompress(data, _MAX_XMP + 1)
    except zlib.error:
        return b""


def _declaration(root: etree._Element) -> Declaration | None:
    for description in root.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"):
        said = {str(name): str(value) for name, value in description.attrib.items()}
        said |= {str(child.tag): child.text or "" for child in description}
        for namespace in _NAMESPACES:
            if any(name.startswith(f"{{{namespace}}}") for name in said):
                return Declaration(said.get(f"{{{namespace}}}ConformanceLevel", "").strip() or None)
    return None


def how_attached(einvoice: EInvoice, file: EmbeddedFile, declared: Declaration | None) -> Iterator[Finding]:
    """Yield what is wrong with the way the PDF carries its e-invoice.

    A UBL file attached to a PDF is neither Factur-X nor ZUGFeRD: nothing is asked of it.
    """
    if einvoice.syntax not in {Syntax.CII, Syntax.ZUGFERD_1}:
        return
    if file.relationship is not None and file.relationship.lstrip("/") not in {"Data", "Alternative"}:
        yield RULES["IF-FX-RELATIONSHIP"].finding(
            f"The e-invoice is attached to the PDF as {file.relationship.lstrip('/')[:40]}; Factur-X asks for Data or Alternative.",
            values={"relationship": file.relationship.lstrip("/")[:40]},
        )
    if declared is None:
        yield RULES["IF-FX-XMP-MISSING"].finding(
            "The PDF carries an e-invoice but does not declare it in its metadata (XMP), so it is no valid Factur-X or ZUGFeRD file."
        )
    elif einvoice.profile is not None and declared.profile is not einvoice.profile:
        yield RULES["IF-FX-PROFILE"].finding(
            f"The PDF's metadata declares the profile {(declared.level or 'none')[:40]}, but its e-invoice is {einvoice.profile}.",
            values={"declared": (declared.level or "")[:40], "e-invoice": einvoice.profile},
        )


def declared_without_xml() -> Finding:
    """Return the finding for a PDF that declares an e-invoice and carries none."""
    return RULES["IF-FX-XML-MISSING"].finding(
        "The PDF declares itself Factur-X or ZUGFeRD, but carries no e-invoice. The values were read from the page."
    )
