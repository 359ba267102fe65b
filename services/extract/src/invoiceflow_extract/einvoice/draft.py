"""An invoice in the making: values with their evidence, collected by JSON pointer."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from invoiceflow_contracts.extraction import Evidence, Finding, Method
from invoiceflow_contracts.invoice import Invoice
from invoiceflow_extract.einvoice.node import Node
from invoiceflow_extract.reading import Reading
from invoiceflow_extract.rules import RULES

__all__ = ["Draft"]

_NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})")
"""xs:decimal (W3C XML Schema 1.0-2, 3.2.3): no exponent, no separators, and no longer than the contract's numbers."""
_UBL_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:Z|[+-]\d{2}:\d{2}|T.*)?")
"""xs:date with its optional time zone; some senders put a time behind it."""
_CII_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
"""Format 102 of UNTDID 2379."""

Value = str | Decimal | date | bool

_EVIDENCE = TypeAdapter(dict[str, Evidence])


class Draft:
    """Takes each value from its element and remembers where it stood.

    A value that cannot be understood is left out and becomes a finding, so that one bad date does not cost the invoice.
    """

    def __init__(self) -> None:
        self._values: dict[str, Value | None] = {}
        self._evidence: dict[str, dict[str, Any]] = {}
        self._findings: list[Finding] = []

    def put(self, pointer: str, value: Value, node: Node, text: str | None = None) -> None:
        """Set ``value``; ``text`` is what stands in the file where that is not simply the node's text."""
        self._values[pointer] = value
        self._evidence[pointer] = {
            "method": Method.E_INVOICE,
            "text": text or node.text or "",
            "confidence": 1.0,
            "path": node.path,
        }

    def leave_empty(self, pointer: str) -> None:
        """Keep a place in a list whose elements go with those of another list."""
        self._values[pointer] = None

    def attribute(self, pointer: str, node: Node | None, name: str) -> None:
        """Set the value of an attribute, where there is one."""
        value = node.attribute(name) if node is not None else None
        if node is not None and value is not None:
            self.put(pointer, value, node.attribute_node(name), value)

    def with_scheme(self, pointer: str, node: Node | None, scheme: Node | None = None) -> bool:
        """Set an identifier with its scheme, which is the node's ``schemeID`` or stands in ``scheme``."""
        if not self.text(f"{pointer}/value", node):
            return False
        if scheme is not None:
            self.text(f"{pointer}/scheme", scheme)
        else:
            self.attribute(f"{pointer}/scheme", node, "schemeID")
        return True

    def text(self, pointer: str, node: Node | None) -> bool:
        """Set a text; return whether there was one."""
        if node is None or node.text is None:
            return False
        self.put(pointer, node.text, node)
        return True

    def first_text(self, pointer: str, *nodes: Node | None) -> bool:
        """Set the first text there is among ``nodes``."""
        return any(self.text(pointer, node) for node in nodes)

    def pair(self, at: str, name: Node | None, value: Node | None) -> bool:
        """Set the name and the value of an attribute; return whether both were there."""
        if name is None or value is None or name.text is None or value.text is None:
            return False
        return self.text(f"{at}/name", name) and self.text(f"{at}/value", value)

    def joined(self, pointer: str, nodes: Sequence[Node | None], separator: str) -> None:
        """Set the texts of ``nodes``, joined; the evidence points to the first of them."""
        given = [(node, node.text) for node in nodes if node is not None and node.text]
        if given:
            text = separator.join(text for _, text in given)
            self.put(pointer, text, given[0][0], text)

    def identifier(self, pointer: str, node: Node | None) -> bool:
        """Set an identifier whose spaces carry no meaning (VAT id, IBAN, BIC); return whether there was one."""
        if node is None or node.text is None:
            return False
        self.put(pointer, "".join(node.text.split()).upper(), node)
        return True

    def number(self, pointer: str, node: Node | None) -> Decimal | None:
        """Set an amount, quantity, price or rate, and return it."""
        value = self.parse_number(pointer, node)
        if value is not None and node is not None:
            self.put(pointer, value, node)
        return value

    def parse_number(self, pointer: str, node: Node | None, *, quiet: bool = False) -> Decimal | None:
        """Return the number in ``node`` without setting it.

        One that cannot be read becomes a finding at ``pointer``, unless ``quiet`` says that it has been noted already.
        """
        if node is None or node.text is None:
            return None
        if not _NUMBER.fullmatch(node.text):
            if not quiet:
                self.unreadable(pointer, node)
            return None
        return Decimal(node.text)

    def total(self, pointer: str, nodes: Sequence[Node]) -> Decimal | None:
        """Set the sum of the numbers in ``nodes``, and return it; the evidence points to the first and lists them all."""
        given = [(node, value) for node in nodes if (value := self.parse_number(pointer, node, quiet=True)) is not None]
        if not given:
            return None
        total = sum((value for _, value in given), Decimal(0))
        self.put(pointer, total, given[0][0], " + ".join(node.text or "" for node, _ in given))
        return total

    def date(self, pointer: str, node: Node | None) -> bool:
        """Set a date of either syntax; return whether there was one that could be read.

        A month or week alone (formats 610 and 616 of UNTDID 2379) is no date and is left out.
        """
        if node is None or node.text is None or node.attribute("format") in {"610", "616"}:
            return False
        match = _UBL_DATE.fullmatch(node.text) or _CII_DATE.fullmatch(node.text)
        try:
            value = date(*map(int, match.groups())) if match else None
        except ValueError:  # the 30th of February
            value = None
        if value is None:
            self.unreadable(pointer, node)
            return False
        self.put(pointer, value, node)
        return True

    def unreadable(self, pointer: str, node: Node) -> None:
        """Note that the value of ``node`` cannot be understood."""
        self._findings.append(
            RULES["IF-EINV-VALUE"].finding(
                f"The e-invoice's value at {node.path} cannot be understood and was left out.",
                pointers=(pointer,),
                values={"text": (node.text or "")[:200]},
            )
        )

    def note(self, finding: Finding) -> None:
        self._findings.append(finding)

    def value(self, pointer: str) -> Value | None:
        """Return what was set at ``pointer``."""
        return self._values.get(pointer)

    def has(self, at: str) -> bool:
        """Whether anything was set below the pointer ``at``."""
        return any(pointer.startswith(f"{at}/") for pointer in self._values)

    def finish(self) -> tuple[Reading, tuple[Finding, ...]]:
        """Return the invoice with its evidence, and the findings of the reading itself."""
        tree: dict[str, Any] = {}
        levels: dict[str, dict[str, Any]] = {"": tree}
        for pointer, value in self._values.items():
            above, _, last = pointer.rpartition("/")
            level = levels.get(above)
            if level is None:
                level = levels[above] = _level(tree, above)
            level[last] = value
        invoice = Invoice.model_validate(_with_lists(tree))
        return Reading(invoice, _EVIDENCE.validate_python(self._evidence)), tuple(self._findings)


def _level(tree: dict[str, Any], pointer: str) -> dict[str, Any]:
    level = tree
    for name in pointer[1:].split("/"):
        level = level.setdefault(name, {})
    return level


def _with_lists(tree: dict[str, Any]) -> dict[str, Any] | tuple[Any, ...]:
    """Return the tree with a list wherever the keys are "0", "1", ..., which are in the order of the document."""
    for name, value in tree.items():
        if isinstance(value, dict):
            tree[name] = _with_lists(value)
    return tuple(tree.values()) if "0" in tree else tree
