"""What a file is, by its content and never by its name. Pure.

The signatures are written down here because the libraries that know thousands of them miss what matters for invoices:
PDFs with something before their header, XML in UTF-16 or without a declaration, and the difference between the Office formats.
"""

import re
from dataclasses import dataclass, field

from invoiceflow_ingest.containers import names_at_end, odf_type
from invoiceflow_ingest.errors import EmptyFileError, UnsupportedMediaTypeError

__all__ = ["EMAIL", "HEAD", "TAIL", "ZIP", "Sample", "first_guess", "media_type"]

HEAD = 8 * 1024
"""Bytes at the beginning that are looked at."""
TAIL = 128 * 1024
"""Bytes at the end that are looked at: there a ZIP archive lists its entries."""
ZIP = "application/zip"
EMAIL = "message/rfc822"

_PDF_LATER = re.compile(rb"%PDF-\d")
_PDF_JUNK = 1024
"""Bytes that readers tolerate before a PDF's header (ISO 32000-1, annex H.3, note 13)."""
_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_OFFICE_FOLDERS = {
    "word/": _OOXML + "wordprocessingml.document",
    "xl/": _OOXML + "spreadsheetml.sheet",
    "ppt/": _OOXML + "presentationml.presentation",
}
_ODF_TYPES = (_ODF + "text", _ODF + "spreadsheet")

_SIGNED = "application/pkcs7-mime"

_SIGNATURES = (
    (re.compile(rb"%PDF-"), "application/pdf"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"II[*+]\x00|MM\x00[*+]"), "image/tiff"),  # + for BigTIFF
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    # "BM" alone begins many a text; the reserved words and the size of the header that follows do not.
    (re.compile(rb"BM.{4}\x00{4}.{4}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00{3}", re.DOTALL), "image/bmp"),
    # CMS signed data (RFC 5652), as Italian e-invoices are signed: in DER or BER, and in base64 for each length of its header.
    (re.compile(rb"0.{1,5}?\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", re.DOTALL), _SIGNED),
    (
        re.compile(rb"(-----BEGIN [A-Z0-9 ]+-----\s+)?MI[\w+/]{1,6}(YJKoZIhvcNAQcC|GCSqGSIb3DQEHAq|BgkqhkiG9w0BBwK)"),
        _SIGNED,
    ),
    (re.compile(rb"PK(\x03\x04|\x05\x06|\x07\x08)"), ZIP),
)
_ARCHIVE_ADVICE = "Unpack it and send the documents in it."
_REFUSED = (
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "This is an Office file of the old binary kind, or one that is protected by a password", "Save it without a password as DOCX, XLSX or PDF."),
    (re.compile(rb"....ftyp(hei[cfmsx]|hev[cx]|mif1|msf1|avif)", re.DOTALL), "This is a HEIC or AVIF photo", "Convert it to JPEG."),
    (re.compile(rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\x1f\x8b|BZh[1-9]1AY|\xfd7zXZ\x00|\x28\xb5\x2f\xfd"), "This is a compressed archive", _ARCHIVE_ADVICE),
    (re.compile(rb"%!PS|\xc5\xd0\xd3\xc6"), "This is PostScript", "Convert it to PDF."),
    (re.compile(rb"\{\\rtf"), "This is an RTF document", "Save it as DOCX or PDF."),
)  # fmt: skip
_EMAIL_START = re.compile(rb"[A-Za-z][A-Za-z-]*: ?\S")
_EMAIL_HEADER = re.compile(
    rb"^(received|return-path|message-id|mime-version|delivered-to|dkim-signature):", re.IGNORECASE | re.MULTILINE
)
"""Written by mail programs only; a letter may begin with From, To and Date as well."""

# Possessive, so that no text however contrived takes more than one pass.
_TAG = re.compile(r"<(?:[\w.-]++:)?([A-Za-z_][\w.-]*+)(?=[\s/>])(\s++[\w.:-]++\s*+=|\s*+/?>)?")
_PROLOG = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE = re.compile(r"<!doctype\s++([\w.:-]++)[^>\[]*+(\[.*?\]\s*+)?+>", re.DOTALL | re.IGNORECASE)
_HTML_TAG = re.compile(
    "html|head|body|title|meta|style|script|link|base|div|span|p|br|hr|h[1-6]|table|tr|td|th|center|font|a|b|i|ul|ol|img|pre|main|section|article"
)
_HTML, _XML, _TEXT = "text/html", "application/xml", "text/plain"


@dataclass
class Sample:
    """The first and the last bytes of a stream, kept as it passes."""

    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    size: int = 0

    def update(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.size += len(chunk)
        self.head += chunk[: max(0, HEAD - len(self.head))]
        self.tail += chunk[-TAIL:]
        if len(self.tail) > 2 * TAIL:
            del self.tail[:-TAIL]

    @property
    def has_head(self) -> bool:
        """Whether more bytes will not change the head."""
        return len(self.head) == HEAD


def first_guess(head: bytes) -> str:
    """Return the media type as the first bytes tell it, ``application/zip`` for all that comes in a ZIP container, Office files too.

    Raises:
        EmptyFileError: there are no bytes.
        UnsupportedMediaTypeError: whatever follows, nothing here can read it.
    """
    if not head:
        raise EmptyFileError
    for signature, found in _SIGNATURES:
        if signature.match(head):
            return found
    for signature, what, advice in _REFUSED:
        if signature.match(head):
            raise UnsupportedMediaTypeError(what, advice)
    text = _text_of(head)
    markup = _markup(text) if text is not None else None
    if markup == _XML:
        return _XML
    if _is_email(head):
        return EMAIL
    if _PDF_LATER.search(head[: _PDF_JUNK + 8]):
        return "application/pdf"
    if text is None:
        raise UnsupportedMediaTypeError("The content is of a kind that is not known here")
    return markup or _TEXT


def media_type(sample: Sample) -> str:
    """Return the media type of the whole stream.

    Raises:
        EmptyFileError: there were no bytes.
        UnsupportedMediaTypeError: nothing here can read it.
    """
    guess = first_guess(bytes(sample.head))
    if guess == ZIP:
        return _in_container(bytes(sample.head), bytes(sample.tail))
    if guess == _TEXT and 0 not in sample.head and 0 in sample.tail:
        raise UnsupportedMediaTypeError("The content begins as text and goes on as something else")
    return guess


def _in_container(head: bytes, tail: bytes) -> str:
    declared = odf_type(head)
    if declared in _ODF_TYPES:
        return declared
    if declared is not None:
        raise UnsupportedMediaTypeError("This is an OpenDocument file, but neither a text nor a spreadsheet")
    names = list(names_at_end(tail))
    if not names:
        raise UnsupportedMediaTypeError(
            "This is a ZIP container that is damaged, incomplete or empty", "Send it again."
        )
    if any(name.endswith("/workbook.bin") for name in names):
        raise UnsupportedMediaTypeError("This is a binary workbook", "Save it as XLSX.")
    for folder, office in _OFFICE_FOLDERS.items():
        if any(name.startswith(folder) for name in names):
            return office
    return ZIP


def _is_email(head: bytes) -> bool:
    headers = head.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return bool(_EMAIL_START.match(headers) and _EMAIL_HEADER.search(headers))


def _text_of(head: bytes) -> str | None:
    """Return the head as text, or None where it is none. A character cut in two at its end is dropped."""
    encodings: list[str]
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        encodings = ["utf-32"]
    elif head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif head[:2] == b"<\0":
        encodings = ["utf-16-le"]
    elif head[:2] == b"\0<":
        encodings = ["utf-16-be"]
    else:
        encodings = ["utf-8-sig", "latin-1"]  # the latter for all that is not UTF-8: every byte is a character
    for encoding in encodings:
        for cut in range(4):  # the longest character has four bytes
            try:
                text = head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                if len(head) < HEAD:
                    break  # nothing was cut off
                continue
            return None if re.search(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]", text) else text
    return None


def _markup(text: str) -> str | None:
    """Tell XML from HTML by the root element; None where the text does not begin with an element."""
    rest = text
    declared = False
    while found := _PROLOG.match(rest) or _DOCTYPE.match(rest):
        declared = declared or found[0].startswith("<?xml")
        if found.re is _DOCTYPE and found[1].lower() == "html":
            return _HTML
        rest = rest[found.end() :]
    root = _TAG.match(rest)
    if root is None or (root[2] is None and not declared):
        return _XML if declared or text.lstrip().startswith("<?xml") else None
    if root[1].lower() == "svg":
        raise UnsupportedMediaTypeError("This is an SVG drawing")
    name = root[1].lower()
    is_html = name == "html" if declared else _HTML_TAG.fullmatch(name)
    return _HTML if is_html else _XML
