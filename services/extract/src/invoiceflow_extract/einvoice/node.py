"""A cursor over an XML element that knows its own XPath."""

from functools import lru_cache

from lxml import etree

__all__ = ["PREFIXES", "Node"]

PREFIXES = {
    "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2": "ubl",
    "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2": "cn",
    "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2": "cac",
    "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2": "cbc",
    "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100": "rsm",
    "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100": "ram",
    "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100": "udt",
    "urn:un:unece:uncefact:data:standard:QualifiedDataType:100": "qdt",
    "urn:ferd:CrossIndustryDocument:invoice:1p0": "rsm",
    "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:12": "ram",
    "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:15": "udt",
}
"""The usual prefix of each namespace: paths in evidence use these, whatever prefixes the file declares."""


class Node:
    """An element by its local name.

    Within one syntax a local name is never used in two namespaces by siblings, so namespaces need not be spelt out:
    that is what lets one reader serve the several namespaces of CII.
    """

    __slots__ = ("element", "path")

    def __init__(self, element: etree._Element, path: str) -> None:
        self.element = element
        self.path = path

    @classmethod
    def root(cls, element: etree._Element) -> "Node":
        """Return a cursor on the topmost element of an invoice."""
        return cls(element, f"/{_qualified(str(element.tag))}")

    def all(self, name: str) -> list["Node"]:
        """Return the children with this local name; with several, their paths say which."""
        found = list(self.element.iterchildren("{*}" + name))
        if not found:
            return []
        path = f"{self.path}/{_qualified(str(found[0].tag))}"
        if len(found) == 1:
            return [Node(found[0], path)]
        return [Node(element, f"{path}[{position}]") for position, element in enumerate(found, 1)]

    def at(self, path: str) -> "Node | None":
        """Return the first descendant along ``path`` (local names with slashes), or None."""
        node: Node | None = self
        for name in path.split("/"):
            if node is None:
                return None
            node = next(iter(node.all(name)), None)
        return node

    def each(self, path: str) -> list["Node"]:
        """Return all descendants along ``path``, in document order."""
        nodes = [self]
        for name in path.split("/"):
            nodes = [child for node in nodes for child in node.all(name)]
        return nodes

    @property
    def text(self) -> str | None:
        """The element's text without surrounding white space; None where there is none."""
        return (self.element.text or "").strip() or None

    def attribute(self, name: str) -> str | None:
        value = self.element.get(name)
        return value.strip() or None if value else None


@lru_cache(maxsize=512)
def _qualified(tag: str) -> str:
    name = etree.QName(tag)
    prefix = PREFIXES.get(name.namespace or "")
    return f"{prefix}:{name.localname}" if prefix else f"*[local-name()='{name.localname}']"
