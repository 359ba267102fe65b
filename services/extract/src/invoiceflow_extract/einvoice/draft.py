"""An invoice in the making: values with their evidence, collected by JSON pointer."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

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


class Draft:
    """Takes each value from its element and remembers where it stood.

    A value that cannot be understood is left out and becomes a finding, so that one bad date does not cost the invoice.
    """

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._evidence: dict[str, Evidence] = {}
        self._findings: list[Finding] = []

    def put(self, pointer: str, value: Value, node: Node, text: str | None = None) -> None:
        """Set ``value``; ``text`` is what stands in the file where that is not simply the node's text."""
        self._values[pointer] = value
        self._evidence[pointer] = Evidence(
            method=Method.E_INVOICE, text=text or node.text or "", confidence=1.0, path=node.path
        )

    def text(self, pointer: str, node: Node | None) -> bool:
        """Set a text; return whether there was one."""
        if node is None or node.text is None:
            return False
        self.put(pointer, node.text, node)
        return True

    def first_text(self, pointer: str, *nodes: Node | None) -> bool:
        """Set the first text there is among ``nodes``."""
        return any(self.text(pointer, node) for node in nodes)

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

    def parse_number(self, pointer: str, node: Node | None) -> Decimal | None:
        """Return the number in ``node`` without setting it; one that cannot be read becomes a finding at ``pointer``."""
        if node is None or node.text is None:
            return None
        if not _NUMBER.fullmatch(node.text):
            self.unreadable(pointer, node)
            return None
        return Decimal(node.text)

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

    def finish(self) -> tuple[Reading, tuple[Finding, ...]]:
        """Return the invoice with its evidence, and the findings of the reading itself."""
        tree: dict[str, Any] = {}
        for pointer, value in self._values.items():
            *parents, last = pointer[1:].split("/")
            level = tree
            for name in parents:
                level = level.setdefault(name, {})
            level[last] = value
        for name in ("notes", "taxes", "allowances_charges", "lines"):
            if name in tree:  # keys are "0", "1", ... in the order of the document
                tree[name] = tuple(tree[name].values())
        return Reading(Invoice.model_validate(tree), self._evidence), tuple(self._findings)
