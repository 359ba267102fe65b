"""XML elements built inside out, so that a writer reads like the schema it follows."""

import re
from datetime import date
from decimal import Decimal

from lxml import etree

__all__ = ["Part", "Vocabulary", "amount", "as_bytes", "plain", "printable"]

Part = etree._Element | None  # noqa: SLF001 -- lxml has no public name for it
"""An element, or nothing where the invoice says nothing: an e-invoice must not have empty elements."""

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 (section 2.2) has no place for; recognised text may hold them."""


class Vocabulary:
    """The elements of one namespace."""

    def __init__(self, namespace: str) -> None:
        self._prefix = f"{{{namespace}}}"

    def value(self, name: str, text: str | Decimal | date | None, /, **attributes: str | None) -> Part:
        """Return an element with ``text`` and the attributes that are given, or None without text.

        A number stands without exponent and idle zeros, a date as xs:date.
        """
        content = plain(text) if isinstance(text, Decimal) else str(text) if text is not None else ""
        if not content:
            return None
        element = etree.Element(f"{self._prefix}{name}", {key: each for key, each in attributes.items() if each})
        element.text = content
        return element

    def group(self, name: str, *parts: Part) -> Part:
        """Return an element around those of ``parts`` that there are, or None where there is none."""
        return self.required(name, *parts) if any(part is not None for part in parts) else None

    def required(self, name: str, *parts: Part) -> Part:
        """Return an element around those of ``parts`` that there are, be it none."""
        element = etree.Element(f"{self._prefix}{name}")
        element.extend([part for part in parts if part is not None])
        return element


def printable(text: str) -> str:
    """Return ``text`` without characters that XML cannot carry and without white space around it."""
    return _NOT_XML.sub("", text).strip()


def plain(value: Decimal) -> str:
    """Return a quantity, price or rate without exponent and without idle zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(value: Decimal | None) -> str | None:
    """Return an amount with at least two decimals; more stay, for the rules to see (BR-DEC-*)."""
    if value is None:
        return None
    text = plain(value)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals:0<2}"


def as_bytes(name: str, namespaces: dict[str | None, str], namespace: str, *parts: Part) -> bytes:
    """Return the document whose topmost element ``name`` in ``namespace`` holds ``parts``: the same bytes every time."""
    root = etree.Element(f"{{{namespace}}}{name}", nsmap=namespaces)  # type: ignore[arg-type]
    root.extend([part for part in parts if part is not None])
    etree.cleanup_namespaces(root, top_nsmap=namespaces)  # type: ignore[arg-type]
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"
