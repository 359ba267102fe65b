"""From the bytes of an XML file to an e-invoice: safe parsing, and which syntax it is."""

from lxml import etree

from invoiceflow_chassis.errors import PermanentError
from invoiceflow_extract.einvoice.cii import read_cii
from invoiceflow_extract.einvoice.model import EInvoice, Syntax
from invoiceflow_extract.einvoice.node import Node
from invoiceflow_extract.einvoice.ubl import read_ubl

__all__ = ["MAX_SIZE", "ORDER_NAMES", "SYNTAXES", "parse", "read"]

MAX_SIZE = 16 * 1024 * 1024
"""Bytes. An e-invoice may carry attachments in base64, so it can be large; beyond this it is refused."""

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
SYNTAXES = {
    f"{{{_UBL}Invoice-2}}Invoice": Syntax.UBL_INVOICE,
    f"{{{_UBL}CreditNote-2}}CreditNote": Syntax.UBL_CREDIT_NOTE,
    "{urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100}CrossIndustryInvoice": Syntax.CII,
    "{urn:ferd:CrossIndustryDocument:invoice:1p0}CrossIndustryDocument": Syntax.ZUGFERD_1,
}
"""By the topmost element."""

ORDER_NAMES = {
    "SCRDMCCBDACIOMessageStructure",  # Order-X
    "CrossIndustryOrder",
    *("Order", "OrderChange", "OrderCancellation", "OrderResponse", "OrderResponseSimple"),  # UBL
}

_ENVELOPE = "{http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader}StandardBusinessDocument"
"""Peppol wraps the invoice in it while it travels."""


def parse(data: bytes, *, max_size: int = MAX_SIZE) -> etree._Element:
    """Return the topmost element of an XML file from an unknown sender.

    A document type declaration is refused before anything is parsed: no e-invoice syntax has one, and it is the way
    to entity expansion and to reading other files. Removing zero bytes first finds it in UTF-16 and UTF-32 too.

    Raises:
        PermanentError: ``einvoice_too_large``, ``einvoice_unsafe`` or ``einvoice_damaged``.
    """
    if len(data) > max_size:
        raise PermanentError(
            "einvoice_too_large",
            f"The e-invoice is larger than {max_size} bytes. Send its attachments as files of their own.",
        )
    if b"<!DOCTYPE" in data.replace(b"\0", b""):
        raise PermanentError(
            "einvoice_unsafe",
            "The XML has a document type declaration, which no e-invoice may have. Ask the sender for a plain e-invoice.",
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f" (at line {line})" if line else ""
        raise PermanentError(
            "einvoice_damaged",
            f"The e-invoice is not well-formed XML{where}, so it cannot be read. Ask the sender for an undamaged file.",
        ) from error


def read(data: bytes, *, max_size: int = MAX_SIZE) -> EInvoice:
    """Return the e-invoice in ``data``: UBL 2.1, CII or ZUGFeRD 1, also inside a Peppol envelope.

    Raises:
        PermanentError: ``not_an_einvoice``, ``order_not_invoice``, ``einvoice_damaged``, ``einvoice_unsafe``
            or ``einvoice_too_large``.
    """
    root = parse(data, max_size=max_size)
    if root.tag == _ENVELOPE:
        root = next((child for child in root if child.tag in SYNTAXES), root)
    syntax = SYNTAXES.get(str(root.tag))
    if syntax is None:
        name = etree.QName(root).localname
        if name in ORDER_NAMES:
            raise PermanentError(
                "order_not_invoice", "The XML is an order, not an invoice. Send the invoice that follows from it."
            )
        raise PermanentError(
            "not_an_einvoice",
            f"The XML (topmost element {name[:80]!r}) is no e-invoice that can be read: UBL 2.1 Invoice or CreditNote, or UN/CEFACT CII.",
        )
    top = Node.root(root)
    if syntax in {Syntax.CII, Syntax.ZUGFERD_1}:
        return read_cii(top, syntax)
    return read_ubl(top, syntax)
