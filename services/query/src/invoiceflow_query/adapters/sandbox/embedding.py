"""Puts an e-invoice into a PDF. Runs in the child process only: the PDF comes from a stranger."""

from facturx import generate_from_binary
from lxml import etree
from pypdf.errors import PyPdfError

from invoiceflow_query.adapters.sandbox.order import UnreadableError

__all__ = ["embed"]

LEVEL = "en16931"
"""The profile of what this service writes."""


def embed(pdf: bytes, xml: bytes) -> bytes:
    """Return ``pdf`` with the CII document ``xml`` as its ``factur-x.xml``, in the place of any that it has.

    Raises:
        UnreadableError: the PDF is damaged or protected.
    """
    try:
        made: bytes = generate_from_binary(
            pdf, etree.fromstring(xml), flavor="factur-x", level=LEVEL, check_xsd=False, afrelationship="alternative"
        )
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        # Whatever a library of pure Python comes upon in a damaged file.
        raise UnreadableError from None
    return made
