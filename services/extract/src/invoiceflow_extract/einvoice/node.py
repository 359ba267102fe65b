"""A cursor over an XML element that knows its own XPath."""

from functools import cache

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
    "http://ivaservizi.agenziaentrate.gov.it/docs/xsd/fatture/v1.2": "p",
}
"""The usual prefix of each namespace: paths in evidence use these, whatever prefixes the file declares."""


_NONE: tuple[str, list[etree._Element]] = ("", [])
_UNREAD = "\0"
"""No XML has this character."""


class Node:
    """An element by its local name.

    Within one syntax a local name is never used in two namespaces by siblings, so namespaces need not be spelt out:
    that is what lets one reader serve the several namespaces of CII. Children are looked through once, as most of what a
    reader asks for is not there.
    """

    __slots__ = ("_children", "_parent", "_path", "_step", "_text", "element")

    def __init__(self, element: etree._Element, step: str, parent: "Node | None" = None) -> None:
        self.element = element
        self._parent = parent
        self._step = step
        self._path: str | None = None
        self._children: dict[str, tuple[str, list[etree._Element]]] | None = None
        self._text: str | None = _UNREAD

    @classmethod
    def root(cls, element: etree._Element) -> "Node":
        """Return a cursor on the topmost element of an invoice."""
        return cls(element, _named(str(element.tag))[1])

    @property
    def path(self) -> str:
        """The element's XPath, with the usual prefixes."""
        if self._path is None:
            self._path = f"{self._parent.path if self._parent else ''}/{self._step}"
        return self._path

    def child(self, element: etree._Element, position: int | None = None) -> "Node":
        """Return a cursor on a child: the only one of its name, or the ``position``-th, counted from 1."""
        step = _named(str(element.tag))[1]
        return Node(element, step if position is None else f"{step}[{position}]", self)

    def all(self, name: str) -> list["Node"]:
        """Return the children with this local name; with several, their paths say which."""
        step, elements = self._alike(name)
        if len(elements) == 1:
            return [Node(elements[0], step, self)]
        return [Node(element, f"{step}[{position}]", self) for position, element in enumerate(elements, 1)]

    def at(self, path: str) -> "Node | None":
        """Return the first descendant along ``path`` (local names with slashes), or None."""
        node = self
        for name in _steps(path):
            step, elements = node._alike(name)
            if not elements:
                return None
            node = Node(elements[0], step if len(elements) == 1 else f"{step}[1]", node)
        return node

    def _alike(self, name: str) -> tuple[str, list[etree._Element]]:
        """Return the child elements with this local name, and how one is written in a path.

        Elements are kept and not cursors: those know their parent, and what goes round in circles stays until Python's
        collector comes.
        """
        if self._children is None:
            self._children = {}
            for element in self.element:
                own, step = _named(element.tag)
                alike = self._children.get(own)
                if alike is None:
                    self._children[own] = (step, [element])
                else:
                    alike[1].append(element)
        return self._children.get(name, _NONE)

    def each(self, path: str) -> list["Node"]:
        """Return all descendants along ``path``, in document order."""
        nodes = [self]
        for name in path.split("/"):
            nodes = [child for node in nodes for child in node.all(name)]
        return nodes

    @property
    def text(self) -> str | None:
        """The element's text without surrounding white space; None where there is none."""
        if self._text is _UNREAD:
            self._text = (self.element.text or "").strip() or None
        return self._text

    def attribute(self, name: str) -> str | None:
        value = self.element.get(name)
        return value.strip() or None if value else None

    def attribute_node(self, name: str) -> "Node":
        """Return a cursor for the path of an attribute; its value is what ``attribute`` gives."""
        return Node(self.element, f"@{name}", self)


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))


@cache
def _named(tag: str) -> tuple[str, str]:
    """Return a tag's local name, and how it is written in a path."""
    name = etree.QName(tag)
    prefix = PREFIXES.get(name.namespace or "")
    if prefix:
        return name.localname, f"{prefix}:{name.localname}"
    return name.localname, f"*[local-name()='{name.localname}']" if name.namespace else name.localname
