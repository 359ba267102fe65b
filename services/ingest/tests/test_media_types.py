"""What a file is, by its content."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_ingest.errors import EmptyFileError, UnsupportedMediaTypeError
from invoiceflow_ingest.media_types import HEAD, TAIL, Sample, media_type

OOXML = "application/vnd.openxmlformats-officedocument."
ODF = "application/vnd.oasis.opendocument."
UBL = '<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"><ID>1</ID></Invoice>'
CII = '<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"/>'


def sniff(data: bytes, step: int = 65536) -> str:
    sample = Sample()
    for start in range(0, len(data), step):
        sample.update(data[start : start + step])
    return media_type(sample)


def zipped(*entries: tuple[str, bytes], onto: IO[bytes] | None = None, comment: bytes = b"") -> bytes:
    buffer = onto or io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in entries:
            kind = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, data, kind)
        archive.comment = comment
    return buffer.getvalue() if isinstance(buffer, io.BytesIO) else b""


class Pipe(io.RawIOBase):
    """A file that cannot seek: its writer gives sizes after the entries."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += data
        return len(data)


def office(folder: str, *more: tuple[str, bytes]) -> bytes:
    return zipped(("[Content_Types].xml", b"<Types/>"), *more, (f"{folder}document.xml", b"<x/>"))


SUPPORTED = {
    "a PDF": (b"%PDF-1.4\n", "application/pdf"),
    "a PDF after a byte order mark": (b"\xef\xbb\xbf%PDF-1.7\n", "application/pdf"),
    "a PDF after binary junk": (b"\x00\x01" * 500 + b"%PDF-1.7\n", "application/pdf"),
    "a PDF after an HTTP header": (b"HTTP/1.1 200 OK\r\nDate: today\r\n\r\n%PDF-1.7\n", "application/pdf"),
    "a PDF after HTML": (b"<html>Warning</html>\n%PDF-1.7\n", "application/pdf"),
    "a PNG": (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
    "a JPEG": (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
    "a little-endian TIFF": (b"II*\0\x08\0\0\0", "image/tiff"),
    "a big-endian TIFF": (b"MM\0*\0\0\0\x08", "image/tiff"),
    "a BigTIFF": (b"II+\0\x08\0\0\0", "image/tiff"),
    "a WebP": (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
    "a GIF": (b"GIF89a\x01\0", "image/gif"),
    "a BMP": (b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01", "image/bmp"),
    "signed data in DER": (bytes.fromhex("3082100006092a864886f70d010702a082"), "application/pkcs7-mime"),
    "signed data in BER": (bytes.fromhex("308006092a864886f70d010702a080"), "application/pkcs7-mime"),
    "signed data of many bytes": (bytes.fromhex("308301000006092a864886f70d010702a0"), "application/pkcs7-mime"),
    "signed data in base64": (b"MIIRWAYJKoZIhvcNAQcCoIIRSTCCEUUC\n", "application/pkcs7-mime"),
    "signed data of many bytes in base64": (b"MIMBAAAGCSqGSIb3DQEHAqCDAQ", "application/pkcs7-mime"),
    "signed data in BER and base64": (b"MIAGCSqGSIb3DQEHAqCAMIACAQEx", "application/pkcs7-mime"),
    "signed data in PEM": (b"-----BEGIN PKCS7-----\nMIIRWAYJKoZIhvcNAQcCoIIR\n", "application/pkcs7-mime"),
    "XML with a declaration": (f'<?xml version="1.0" encoding="UTF-8"?>\n{UBL}'.encode(), "application/xml"),
    "XML without one": (UBL.encode(), "application/xml"),
    "XML with a prefix": (CII.encode(), "application/xml"),
    "XML after a byte order mark": (b"\xef\xbb\xbf" + UBL.encode(), "application/xml"),
    "XML in UTF-16": (f'<?xml version="1.0" encoding="UTF-16"?>{UBL}'.encode("utf-16"), "application/xml"),
    "XML in UTF-16 without a mark": (UBL.encode("utf-16-be"), "application/xml"),
    "XML in UTF-16 the other way round": (UBL.encode("utf-16-le"), "application/xml"),
    "XML in UTF-32": (UBL.encode("utf-32"), "application/xml"),
    "XML in Latin-1": (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>M\xfcller</a>', "application/xml"),
    "XML after white space and a comment": (
        f"\n <!-- {'x' * 99} -->\n<!-- <html> --> {UBL}".encode(),
        "application/xml",
    ),
    "XML with a document type": (b'<!DOCTYPE Invoice SYSTEM "a.dtd" [<!ENTITY a "b">]><Invoice/>', "application/xml"),
    "XML that is cut off": (b'<?xml version="1.0"?>\n<Invo', "application/xml"),
    "XML whose root is far": (b'<?xml version="1.0"?><!--' + b"x" * 2 * HEAD + b"--><a/>", "application/xml"),
    "HTML": (b"<!DOCTYPE html>\n<html><body>Invoice</body></html>", "text/html"),
    "HTML 4": (b'<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "x">\n<HTML>', "text/html"),
    "HTML without a document type": (b"  <HTML><HEAD>", "text/html"),
    "XHTML": (b'<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">', "text/html"),
    "a fragment of HTML": (b"<div class='invoice'><p>Invoice</p></div>", "text/html"),
    "HTML in Shift-JIS": ("<html><body>請求書".encode("shift-jis"), "text/html"),
    "DOCX": (office("word/"), OOXML + "wordprocessingml.document"),
    "XLSX": (office("xl/"), OOXML + "spreadsheetml.sheet"),
    "PPTX": (office("ppt/"), OOXML + "presentationml.presentation"),
    "DOCX with a comment on the archive": (
        zipped(("word/document.xml", b""), comment=b"c" * 65535),
        OOXML + "wordprocessingml.document",
    ),
    "XLSX with thousands of entries": (
        office("xl/", *((f"customXml/item{n:04}.xml" + "x" * 60, b"") for n in range(3000))),
        OOXML + "spreadsheetml.sheet",
    ),
    "ODT": (zipped(("mimetype", f"{ODF}text".encode()), ("content.xml", b"")), ODF + "text"),
    "ODS": (zipped(("mimetype", f"{ODF}spreadsheet".encode()), ("content.xml", b"")), ODF + "spreadsheet"),
    "a ZIP archive": (zipped(("a.pdf", b"%PDF-1.7")), "application/zip"),
    "an e-mail": (b"Received: from a by b\r\nFrom: a@b.example\r\nMIME-Version: 1.0\r\n\r\nHello", "message/rfc822"),
    "an e-mail from a drafts folder": (b"From: a@b.example\nSubject: x\nMIME-Version: 1.0\n\nHello", "message/rfc822"),
    "text": ("Rechnung Nr. 7 über 12,00 €\r\n".encode(), "text/plain"),
    "text in Latin-1": (b"Rechnung \xfcber 12,00\n", "text/plain"),
    "text in UTF-16": ("Rechnung über 12,00 €".encode("utf-16"), "text/plain"),
    "text that begins like a bitmap": (b"BMW AG, Rechnung 4711 vom 1. Mai\n", "text/plain"),
    "text that begins like a tag": (b"<John Doe> sent us this invoice", "text/plain"),
    "a letter with fields": (b"From: ACME\nTo: Bob\nDate: 2026-01-01\n\nInvoice 7\n", "text/plain"),
    "text cut within a character": (b"x" * (HEAD - 1) + "€".encode() * 9, "text/plain"),
}

REFUSED = {
    "an empty ZIP archive": (zipped(), "damaged, incomplete or empty"),
    "a ZIP container that is cut off": (office("word/")[:-30], "damaged, incomplete or empty"),
    "a binary workbook": (zipped(("xl/workbook.bin", b""), ("xl/styles.bin", b"")), "binary workbook"),
    "an OpenDocument presentation": (zipped(("mimetype", f"{ODF}presentation".encode())), "neither a text nor"),
    "an old or protected Office file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "password"),
    "a HEIC photo": (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
    "a 7z archive": (b"7z\xbc\xaf\x27\x1c\0\4", "archive"),
    "a gzip archive": (b"\x1f\x8b\x08\0", "archive"),
    "PostScript": (b"%!PS-Adobe-3.0\n", "PostScript"),
    "RTF": (b"{\\rtf1\\ansi", "RTF"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    "a program": (b"\x7fELF\x02\x01\x01\0", "not known"),
    "a sound": (b"RIFF\x24\0\0\0WAVEfmt ", "not known"),
    "a PDF's header too far in": (b"\0" * 1100 + b"%PDF-1.7", "not known"),
    "zeros": (bytes(10), "not known"),
    "text that goes on as something else": (b"text\n" * HEAD + bytes(99), "goes on as something else"),
}


@pytest.mark.parametrize(("data", "found"), SUPPORTED.values(), ids=SUPPORTED.keys())
def test_what_can_be_read_is_told_apart(data: bytes, found: str) -> None:
    assert sniff(data) == found


@pytest.mark.parametrize(("data", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_refused_with_what_it_is_and_what_can(data: bytes, said: str) -> None:
    with pytest.raises(UnsupportedMediaTypeError, match=said) as caught:
        sniff(data)
    assert caught.value.code == "unsupported_media_type"
    assert caught.value.message.endswith(
        "What can be read: PDF, PNG, JPEG, TIFF, WebP, BMP, GIF, XML (also signed), HTML, DOCX, XLSX, PPTX, ODT, ODS, plain text, and e-mails and ZIP archives of these."
    )


def test_no_bytes_are_an_empty_file() -> None:
    with pytest.raises(EmptyFileError):
        sniff(b"")


@pytest.mark.parametrize(("kind", "found"), [("text", ODF + "text"), ("spreadsheet", ODF + "spreadsheet")])
def test_an_opendocument_file_whose_writer_could_not_seek(kind: str, found: str) -> None:
    pipe = Pipe()
    zipped(("mimetype", (ODF + kind).encode()), ("content.xml", b"<x/>"), onto=pipe)  # type: ignore[arg-type]
    assert sniff(bytes(pipe.data)) == found


def test_a_container_much_longer_than_what_is_kept_of_it() -> None:
    noise = bytes(range(256)) * 4096
    assert sniff(zipped(("a", noise), ("xl/workbook.xml", noise), ("b", noise)), 1000) == OOXML + "spreadsheetml.sheet"


every_content = st.sampled_from([data for data, _ in (*SUPPORTED.values(), *REFUSED.values())])


@given(every_content, st.integers(min_value=1, max_value=2 * HEAD))
def test_it_does_not_matter_in_which_pieces_a_file_comes(data: bytes, step: int) -> None:
    outcomes = []
    for each in (step, len(data)):
        try:
            outcomes.append(sniff(data, each))
        except UnsupportedMediaTypeError as error:
            outcomes.append(error.message)
    assert outcomes[0] == outcomes[1]


@given(
    st.binary(max_size=300)
    | st.tuples(every_content, st.binary(max_size=50), st.integers(0, 200)).map(
        lambda case: case[0][: case[2]] + case[1] + case[0][case[2] + len(case[1]) :]
    )
)
def test_any_bytes_are_something_or_refused(data: bytes) -> None:
    with suppress(PermanentError):
        assert "/" in sniff(data)


def test_little_is_kept_of_a_long_stream() -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 65536

    sample = Sample()
    for chunk in chunks():
        sample.update(chunk)
        assert len(sample.head) + len(sample.tail) <= HEAD + 2 * TAIL + 65536
    assert sample.size == 100 * 65536
