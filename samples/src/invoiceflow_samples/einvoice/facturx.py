"""Factur-X: the page for people and the CII invoice for machines in one PDF (Factur-X 1.0, PDF/A-3).

Embedded are the invoice as an associated file (``AFRelationship /Alternative``), the XMP metadata that names
the profile, and an sRGB output intent. Fonts must be embedded by the renderer.
"""

import io
from datetime import date

import pikepdf
from PIL import ImageCms

__all__ = ["FILE_NAME", "embed"]

FILE_NAME = "factur-x.xml"
_CONFORMANCE = "EN 16931"
_FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>
<rdf:Description rdf:about="" xmlns:fx="{fx}">
<fx:DocumentType>INVOICE</fx:DocumentType><fx:DocumentFileName>{name}</fx:DocumentFileName>
<fx:Version>1.0</fx:Version><fx:ConformanceLevel>{level}</fx:ConformanceLevel></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>{fx}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
</rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"""
_PROPERTY = """<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}</pdfaProperty:name>
<pdfaProperty:valueType>Text</pdfaProperty:valueType><pdfaProperty:category>external</pdfaProperty:category>
<pdfaProperty:description>{name} of the embedded invoice</pdfaProperty:description></rdf:li>"""


def _metadata() -> bytes:
    names = ("DocumentFileName", "DocumentType", "Version", "ConformanceLevel")
    properties = "".join(_PROPERTY.format(name=name) for name in names)
    return _XMP.format(fx=_FX, name=FILE_NAME, level=_CONFORMANCE, properties=properties).encode()


def _srgb_profile() -> bytes:
    """An sRGB profile whose creation date (ICC.1 header, bytes 24 to 35) is fixed, so that files repeat."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    stamp = b"".join(part.to_bytes(2, "big") for part in (2000, 1, 1, 0, 0, 0))
    return profile[:24] + stamp + profile[36:]


def _forget_default_font(pdf: pikepdf.Pdf) -> None:
    """Take out the standard font that reportlab selects at the start of each page and no text uses.

    PDF/A allows no font without its outlines in the file.
    """
    for page in pdf.pages:
        fonts = page.Resources.Font
        bare = {name for name, font in fonts.items() if "/FontDescriptor" not in font}
        kept = [
            command
            for command in pikepdf.parse_content_stream(page)
            if not (str(command.operator) == "Tf" and str(command.operands[0]) in bare)
        ]
        page.Contents = pdf.make_stream(pikepdf.unparse_content_stream(kept))
        for name in bare:
            del fonts[name]


def embed(page: bytes, invoice: bytes, issued: date) -> bytes:
    """The PDF ``page`` with the CII document ``invoice`` inside; the file's dates are those of the invoice."""
    stamp = f"D:{issued:%Y%m%d}120000+00'00'"
    with pikepdf.open(io.BytesIO(page)) as pdf:
        _forget_default_font(pdf)
        stream = pdf.make_stream(invoice)
        stream.Type = pikepdf.Name.EmbeddedFile
        stream.Subtype = pikepdf.Name("/text/xml")
        stream.Params = pikepdf.Dictionary(ModDate=stamp, Size=len(invoice))
        file = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Filespec,
                F=FILE_NAME,
                UF=FILE_NAME,
                Desc="Factur-X invoice",
                AFRelationship=pikepdf.Name.Alternative,
                EF=pikepdf.Dictionary(F=stream, UF=stream),
            )
        )
        pdf.Root.Names = pikepdf.Dictionary(
            EmbeddedFiles=pikepdf.Dictionary(Names=pikepdf.Array([pikepdf.String(FILE_NAME), file]))
        )
        pdf.Root.AF = pikepdf.Array([file])
        metadata = pdf.make_stream(_metadata())
        metadata.Type, metadata.Subtype = pikepdf.Name.Metadata, pikepdf.Name.XML
        pdf.Root.Metadata = metadata
        profile = pdf.make_stream(_srgb_profile())
        profile.N = 3
        pdf.Root.OutputIntents = pikepdf.Array(
            [
                pikepdf.Dictionary(
                    Type=pikepdf.Name.OutputIntent,
                    S=pikepdf.Name.GTS_PDFA1,
                    OutputConditionIdentifier="sRGB",
                    DestOutputProfile=profile,
                )
            ]
        )
        # PDF/A wants the information dictionary to agree with the XMP metadata; without it nothing can differ.
        del pdf.docinfo
        buffer = io.BytesIO()
        pdf.save(buffer, deterministic_id=True, min_version="1.7")
        return buffer.getvalue()
