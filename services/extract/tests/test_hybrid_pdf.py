"""How a PDF declares and carries its e-invoice, by Factur-X and ZUGFeRD."""

import zlib
from io import BytesIO

import pytest
from pikepdf import Dictionary, Name, Pdf

from invoiceflow_contracts.content import ContentRef
from invoiceflow_contracts.layout import EmbeddedFile, Engine, Layout, Line, Page, Word
from invoiceflow_extract.einvoice import Candidate, Profile, read
from invoiceflow_extract.extraction import Document, extract, parts
from invoiceflow_extract.hybrid import Declaration, declaration_of, how_attached
from invoiceflow_extract.reading import Reading

FACTURX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
ZUGFERD = "urn:ferd:pdfa:CrossIndustryDocument:invoice:1p0#"


def xmp(body: str) -> str:
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{body}</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )


def as_elements(level: str, namespace: str = FACTURX) -> str:
    return xmp(
        f'<rdf:Description rdf:about="" xmlns:fx="{namespace}"><fx:ConformanceLevel>{level}</fx:ConformanceLevel></rdf:Description>'
    )


def as_attributes(level: str, namespace: str = FACTURX) -> str:
    return xmp(f'<rdf:Description rdf:about="" xmlns:fx="{namespace}" fx:ConformanceLevel="{level}"/>')


def pdf(metadata: str | None, *, compress: bool = False) -> bytes:
    document = Pdf.new()
    document.add_blank_page()
    if metadata is not None:
        stream = document.make_stream(metadata.encode(), Dictionary(Type=Name.Metadata, Subtype=Name.XML))
        if compress:
            stream.write(zlib.compress(metadata.encode()), filter=Name.FlateDecode)
        document.Root.Metadata = document.make_indirect(stream)
    target = BytesIO()
    document.save(target, fix_metadata_version=False)
    return target.getvalue()


def attached(relationship: str | None) -> EmbeddedFile:
    ref = ContentRef(bucket="b", key="default/x", sha256="0" * 64, size=1, media_type="application/xml")
    return EmbeddedFile(name="factur-x.xml", content=ref, relationship=relationship)


@pytest.mark.parametrize(
    ("metadata", "level"),
    [
        (as_elements("EN 16931"), "EN 16931"),
        (as_attributes("BASIC WL"), "BASIC WL"),
        (as_elements("COMFORT", ZUGFERD), "COMFORT"),
    ],
)
def test_the_declared_level_is_read(metadata: str, level: str) -> None:
    assert declaration_of(pdf(metadata)) == Declaration(level)


def test_compressed_metadata_are_read_as_far_as_they_may_go() -> None:
    declared = as_elements("BASIC")
    assert declaration_of(pdf(declared, compress=True)) == Declaration("BASIC")
    assert declaration_of(pdf(declared.replace("?>", "?>" + " " * 5_000_000, 1), compress=True)) is None


@pytest.mark.parametrize(
    "data",
    [
        pdf(None),
        pdf(xmp('<rdf:Description rdf:about=""/>')),
        pdf("<broken"),
        pdf('<!DOCTYPE x [<!ENTITY y "z">]><x/>'),
        b"%PDF-1.7 but nothing more",
        b"",
    ],
    ids=["no metadata", "other metadata", "broken", "unsafe", "cut off", "empty"],
)
def test_nothing_declared(data: bytes) -> None:
    assert declaration_of(data) is None


@pytest.mark.parametrize(
    ("relationship", "declared", "rules"),
    [
        ("Data", Declaration("EN 16931"), []),
        ("/Alternative", Declaration("COMFORT"), []),
        (None, Declaration("EN 16931"), []),
        ("Source", Declaration("EN 16931"), ["IF-FX-RELATIONSHIP"]),
        ("Data", None, ["IF-FX-XMP-MISSING"]),
        ("Data", Declaration("MINIMUM"), ["IF-FX-PROFILE"]),
        ("Data", Declaration(None), ["IF-FX-PROFILE"]),
    ],
)
def test_how_an_einvoice_is_attached(
    cii: str, relationship: str | None, declared: Declaration | None, rules: list[str]
) -> None:
    findings = how_attached(read(cii.encode()), attached(relationship), declared)
    assert [finding.rule for finding in findings] == rules


def test_nothing_is_asked_of_an_attached_ubl_file(ubl: str) -> None:
    assert list(how_attached(read(ubl.encode()), attached("Source"), None)) == []


def test_levels_in_any_spelling() -> None:
    assert Profile.named("BASIC WL") is Profile.named("basicwl") is Profile.BASIC_WL
    assert Profile.named("EN16931") is Profile.EN16931
    assert Profile.named("PREMIUM") is None


class Silent:
    """A page reader that reads nothing."""

    async def extract(self, layout: Layout, so_far: Reading) -> Reading:  # noqa: ARG002
        return Reading()


def document(metadata: str | None, *files: Candidate) -> Document:
    line = Line(words=(Word(text="R-7", box=(0.1, 0.1, 0.2, 0.2)),))
    page = Page(number=1, width=595, height=842, source="text", lines=(line,))
    layout = Layout(engine=Engine(name="t", version="1"), pages=(page,))
    return Document(layout=layout, files=files, pdf=pdf(metadata))


async def rules_of(subject: Document) -> set[str]:
    extraction = await extract(parts(subject, max_einvoice_size=10**6)[0], Silent())
    return {finding.rule for finding in extraction.findings}


async def test_a_pdf_that_promises_an_einvoice_and_carries_none() -> None:
    assert "IF-FX-XML-MISSING" in await rules_of(document(as_elements("BASIC")))
    assert "IF-FX-XML-MISSING" not in await rules_of(document(None))


async def test_a_damaged_einvoice_is_not_also_missing(cii: str) -> None:
    found = await rules_of(document(as_elements("BASIC"), Candidate(attached("Data"), cii.encode()[:700])))
    assert "IF-EINV-DAMAGED" in found
    assert "IF-FX-XML-MISSING" not in found


async def test_a_hybrid_as_it_should_be(cii: str) -> None:
    sound = document(as_elements("EN 16931"), Candidate(attached("Data"), cii.encode()))
    assert await rules_of(sound) == set()
