"""FatturaPA files of several invoices (lotto di fatture): each as a file of its own.

FatturaPA 1.2 lets a file hold one header and any number of ``FatturaElettronicaBody``, each an invoice between the same seller and buyer.
"""

import re
from copy import deepcopy
from dataclasses import replace

from lxml import etree

from invoiceflow_extract.einvoice.model import EInvoice, Syntax
from invoiceflow_extract.einvoice.reader import KEPT_WHOLE, parse, read
from invoiceflow_extract.einvoice.signed import content_of

__all__ = ["read_all"]

_BODY = "FatturaElettronicaBody"
_FIRST_BODY = re.compile(_BODY + r"(\[1\])?")


def read_all(data: bytes, *, max_size: int) -> list[EInvoice]:
    """Return every invoice of the file in ``data``, in its order; of a very large lot, the first alone, which says so.

    Raises:
        PermanentError: as ``read`` does.
    """
    first = read(data, max_size=max_size)
    if first.syntax is not Syntax.FATTURAPA:
        return [first]
    content = content_of(data)
    if content.count(_BODY.encode()) <= 2 or len(content) > KEPT_WHOLE:  # the tags of one body
        return [first]
    root = parse(content, max_size=max_size)
    count = len(root.findall(_BODY))
    return [_of_body(root, number, max_size) for number in range(1, count + 1)] if count > 1 else [first]


def _of_body(root: etree._Element, number: int, max_size: int) -> EInvoice:
    alone = deepcopy(root)
    for at, body in enumerate(alone.findall(_BODY), 1):
        if at != number:
            alone.remove(body)
    einvoice = read(etree.tostring(alone), max_size=max_size)
    evidence = {
        pointer: one.model_copy(update={"path": one.path and _FIRST_BODY.sub(f"{_BODY}[{number}]", one.path)})
        for pointer, one in einvoice.reading.evidence.items()
    }
    return replace(einvoice, reading=replace(einvoice.reading, evidence=evidence))
