"""From the bytes of a file to an e-invoice: safe parsing, and which syntax it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

from lxml import etree

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_extract.einvoice.cii import read_cii, read_cii_line
from invoiceflow_extract.einvoice.draft import Draft
from invoiceflow_extract.einvoice.fatturapa import read_fatturapa, read_fatturapa_line
from invoiceflow_extract.einvoice.model import EInvoice, Syntax, profile_of
from invoiceflow_extract.einvoice.node import Node
from invoiceflow_extract.einvoice.schemas import breaches
from invoiceflow_extract.einvoice.signed import content_of
from invoiceflow_extract.einvoice.ubl import read_ubl, read_ubl_line

__all__ = ["KEPT_WHOLE", "MAX_SIZE", "ORDER_NAMES", "SYNTAXES", "parse", "read"]

MAX_SIZE = 16 * 1024 * 1024
"""Bytes. An e-invoice may carry attachments in base64, so it can be large; beyond this it is refused."""

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
SYNTAXES = {
    f"{{{_UBL}Invoice-2}}Invoice": Syntax.UBL_INVOICE,
    f"{{{_UBL}CreditNote-2}}CreditNote": Syntax.UBL_CREDIT_NOTE,
    "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}CrossIndustryInvoice": Syntax.CII,
    "{urn:ferd:CrossIndustryDocument:invoice:1p0}CrossIndustryDocument": Syntax.ZUGFERD_1,
    "{http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2}FatturaElettronica": Syntax.FATTURAPA,
}
"""By the topmost element."""

ORDER_NAMES = {
    "SCRDMCCBDACIOMessageStructure",  # Order-X
    "CrossIndustryOrder",
    *("Order", "OrderChange", "OrderCancellation", "OrderResponse", "OrderResponseSimple"),  # UBL
}


@dataclass(frozen=True)
class _Way:
    """How a syntax is read."""

    line: str
    """Local name of a line's element."""
    above: tuple[str, ...]
    """Local names of the elements between the topmost one and a line."""
    read_line: Callable[[Draft, str, Node], bool]
    read_rest: Callable[[Draft, Node], None]


_CII_LINE = "IncludedSupplyChainTradeLineItem"
_WAYS = {
    Syntax.UBL_INVOICE: _Way("InvoiceLine", (), read_ubl_line, read_ubl),
    Syntax.UBL_CREDIT_NOTE: _Way("CreditNoteLine", (), read_ubl_line, read_ubl),
    Syntax.CII: _Way(_CII_LINE, ("SupplyChainTradeTransaction",), read_cii_line, read_cii),
    Syntax.ZUGFERD_1: _Way(_CII_LINE, ("SpecifiedSupplyChainTradeTransaction",), read_cii_line, read_cii),
    Syntax.FATTURAPA: _Way(
        "DettaglioLinee", ("FatturaElettronicaBody", "DatiBeniServizi"), read_fatturapa_line, read_fatturapa
    ),
}
_LANDMARKS = (*SYNTAXES, *dict.fromkeys(f"{{*}}{way.line}" for way in _WAYS.values()))

KEPT_WHOLE = 2 * 1024 * 1024
"""Bytes up to which the parsed lines stay until the end, so that the schema can be asked: some two thousand lines."""

_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""How XML from unknown senders is parsed, on top of refusing any document type declaration."""


def parse(data: bytes, *, max_size: int = MAX_SIZE) -> etree._Element:
    """Return the topmost element of an XML file from an unknown sender.

    Raises:
        PermanentError: ``einvoice_too_large``, ``einvoice_unsafe`` or ``einvoice_damaged``.
    """
    _refuse_too_large(data, max_size)
    _refuse_unsafe(data)
    try:
        return etree.fromstring(data, etree.XMLParser(**_SAFE))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _damaged(error) from error


def _refuse_too_large(data: bytes, max_size: int) -> None:
    if len(data) > max_size:
        raise PermanentError(
            "einvoice_too_large",
            f"The e-invoice is larger than {max_size} bytes. Send its attachments as files of their own.",
        )


def _refuse_unsafe(data: bytes) -> None:
    """Refuse a document type declaration before anything is parsed.

    No e-invoice syntax has one, and it is the way to entity expansion and to reading other files. Removing zero bytes
    first finds it in UTF-16 and UTF-32 too.
    """
    if b"<!DOCTYPE" in (data.replace(b"\0", b"") if b"\0" in data else data):
        raise PermanentError(
            "einvoice_unsafe",
            "The XML has a document type declaration, which no e-invoice may have. Ask the sender for a plain e-invoice.",
        )


def _damaged(error: Exception) -> PermanentError:
    line = getattr(error, "lineno", None)
    where = f" (at line {line})" if line else ""
    return PermanentError(
        "einvoice_damaged",
        f"The e-invoice is not well-formed XML{where}, so it cannot be read. Ask the sender for an undamaged file.",
    )


def read(data: bytes, *, max_size: int = MAX_SIZE) -> EInvoice:
    """Return the e-invoice in ``data``: UBL 2.1, CII, ZUGFeRD 1 or FatturaPA, also inside a Peppol envelope or a signed file.

    Lines are read as they come, and of a large file what has been read is let go: of ten thousand lines one stands in
    memory as XML at a time.

    Raises:
        PermanentError: ``not_an_einvoice``, ``order_not_invoice``, ``einvoice_damaged``, ``einvoice_unsafe``
            or ``einvoice_too_large``.
    """
    _refuse_too_large(data, max_size)
    data = content_of(data)
    _refuse_unsafe(data)
    draft = Draft()
    reader: _Reader | None = None
    is_kept = len(data) <= KEPT_WHOLE
    try:
        events = _landmarks(data)
        for event, element in events:
            syntax = SYNTAXES.get(str(element.tag))
            if syntax is not None:
                if reader is None:
                    reader = _Reader(syntax, element, draft)
                elif event == "end" and element is reader.root:
                    reader.header()
            elif event == "end" and reader is not None and reader.line(element) and not is_kept:
                element.clear()
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _damaged(error) from error
    if reader is None:
        raise _not_an_invoice(events.root)
    return reader.finish(validate=is_kept)


class _Landmarks(Protocol):
    """The elements where reading begins or ends something, as they come."""

    @property
    def root(self) -> etree._Element: ...
    def __iter__(self) -> Iterator[tuple[str, etree._Element]]: ...


class _Walked:
    """A file that may stay in memory. Parsed at once, since ``iterparse`` with tags leaves its tree to the garbage collector."""

    def __init__(self, data: bytes) -> None:
        self.root = etree.fromstring(data, etree.XMLParser(**_SAFE))

    def __iter__(self) -> Iterator[tuple[str, etree._Element]]:
        return iter(etree.iterwalk(self.root, ("start", "end"), tag=_LANDMARKS))


def _landmarks(data: bytes) -> _Landmarks:
    if len(data) <= KEPT_WHOLE:
        return _Walked(data)
    parsed: _Landmarks = etree.iterparse(BytesIO(data), ("start", "end"), tag=_LANDMARKS, **_SAFE)
    return parsed


class _Reader:
    """Reads one e-invoice while it is being parsed."""

    def __init__(self, syntax: Syntax, root: etree._Element, draft: Draft) -> None:
        self.root = root
        self._syntax = syntax
        self._way = _WAYS[syntax]
        self._draft = draft
        self._top = Node.root(root)
        self._parent: Node | None = None
        self._elements = 0
        self._lines = 0

    def line(self, element: etree._Element) -> bool:
        """Read a complete line element; return whether it is one of this invoice's own.

        That leaves out a line in a line, and the lines of a second invoice in the same file.
        """
        parent = self._parent_of(element)
        if parent is None:
            return False
        self._elements += 1
        node = parent.child(element, self._elements)
        self._lines += self._way.read_line(self._draft, f"/lines/{self._lines}", node)
        return True

    def _parent_of(self, line: etree._Element) -> Node | None:
        """Return the element that holds this invoice's lines, if it is the one above ``line``."""
        if self._parent is not None:
            return self._parent if line.getparent() is self._parent.element else None
        above = [element for element, _ in zip(line.iterancestors(), (*self._way.above, ""), strict=False)][::-1]
        names = tuple(etree.QName(element).localname for element in above[1:])
        if not above or above[0] is not self.root or names != self._way.above:
            return None
        self._parent = self._top
        for element in above[1:]:
            self._parent = self._parent.child(element, 1 if element.tag == "FatturaElettronicaBody" else None)
        return self._parent

    def header(self) -> None:
        """Read the rest, once the invoice has been parsed to its end."""
        self._way.read_rest(self._draft, self._top)

    def finish(self, *, validate: bool) -> EInvoice:
        """Return the e-invoice; ``validate`` asks whether it keeps to its schema, for which it must have been kept whole."""
        reading, findings = self._draft.finish()
        guideline = reading.invoice.specification
        if validate:
            findings = (*findings, *breaches(self.root, self._syntax, profile_of(guideline)))
        return EInvoice(self._syntax, guideline, reading, findings)


def _not_an_invoice(root: etree._Element) -> PermanentError:
    name = etree.QName(root).localname
    if name in ORDER_NAMES:
        return PermanentError(
            "order_not_invoice", "The XML is an order, not an invoice. Send the invoice that follows from it."
        )
    return PermanentError(
        "not_an_einvoice",
        f"The XML (topmost element {name[:80]!r}) is no e-invoice that can be read: UBL 2.1 Invoice or CreditNote, UN/CEFACT CII, or FatturaPA.",
    )
