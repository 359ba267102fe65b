"""The schema of an answer, made from the invoice's own model: each value with the lines it is printed in."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from invoiceflow_contracts.invoice import Invoice, InvoiceLine, TaxBreakdown

__all__ = ["FIELDS", "LINE_FIELDS", "ROWS", "TAX_FIELDS", "kind_of", "schema_of"]

_NOT_ASKED = frozenset(
    [
        "type",
        "notes",
        "means",
        "scheme",
        "registration_scheme",
        "type_code",
        "business_process",
        "tax_point_code",
        "tax_currency",
        "tax_in_tax_currency",
        "object_id",
        "electronic_address",
        "legal_information",
        "delivery",
        "payee",
        "tax_representative",
        "card",
        "direct_debit",
        "specification",
        "accounting_reference",
    ]
)
"""Parts of the model that are not asked for: codes that no line shows as they are to be written, and what invoices seldom print."""

ROWS: dict[str, type[BaseModel]] = {"/lines": InvoiceLine, "/taxes": TaxBreakdown}
"""Lists of rows, each row an object of this model."""


def _bare(annotation: Any) -> Any:
    """Return what may stand there beside ``None``, without what pydantic adds to it."""
    if get_origin(annotation) in {Union, UnionType}:
        return _bare(next(each for each in get_args(annotation) if each is not type(None)))
    arguments = getattr(annotation, "__metadata__", None)
    return _bare(annotation.__origin__) if arguments is not None else annotation


def _leaves(model: type[BaseModel], at: str = "") -> dict[str, FieldInfo]:
    """Return every single value of ``model`` by its pointer."""
    found: dict[str, FieldInfo] = {}
    for name, field in model.model_fields.items():
        kind, pointer = _bare(field.annotation), f"{at}/{name}"
        if name in _NOT_ASKED or get_origin(kind) is tuple:
            continue
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= _leaves(kind, pointer)
        else:
            found[pointer] = field
    return found


LINE_FIELDS = ("id", "description", "item_code", "quantity", "unit", "unit_price", "discount", "net", "tax_rate")
TAX_FIELDS = ("rate", "basis", "amount")
"""What a page prints of a row."""

_LEAVES = _leaves(Invoice)
_ROW_LEAVES = {
    "/lines": {f"/{name}": InvoiceLine.model_fields[name] for name in LINE_FIELDS},
    "/taxes": {f"/{name}": TaxBreakdown.model_fields[name] for name in TAX_FIELDS},
}

FIELDS = frozenset(_LEAVES)
"""Pointers of the single values that a model can be asked for."""


def kind_of(pointer: str) -> type[str | date | Decimal]:
    """Return what type the value at ``pointer`` has: text, date or decimal number."""
    head, _, rest = pointer.removeprefix("/").partition("/")
    field = _ROW_LEAVES[f"/{head}"]["/" + rest.partition("/")[2]] if f"/{head}" in ROWS else _LEAVES[pointer]
    kind = _bare(field.annotation)
    return kind if kind in {date, Decimal} else str


def schema_of(wanted: Collection[str]) -> dict[str, Any]:
    """Return the JSON Schema of an answer for ``wanted``: pointers of ``FIELDS``, ``/lines`` and ``/taxes``.

    It keeps to what strict structured output allows: every property required, none besides, absence as null.
    """
    tree: dict[str, Any] = {}
    for pointer in sorted(wanted, key=_order):
        *path, last = pointer.removeprefix("/").split("/")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
        node[last] = _cited(_LEAVES[pointer]) if pointer in FIELDS else _rows(_ROW_LEAVES[pointer])
    return _object(tree)


_ORDER = [*_LEAVES, "/taxes", "/lines"]


def _order(pointer: str) -> int:
    return _ORDER.index(pointer)


def _object(tree: dict[str, Any]) -> dict[str, Any]:
    properties = {name: node if "type" in node or "anyOf" in node else _object(node) for name, node in tree.items()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _rows(leaves: dict[str, FieldInfo]) -> dict[str, Any]:
    row = _object({name.removeprefix("/"): _cited(field) for name, field in leaves.items()})
    return {"type": "array", "items": row}


def _cited(field: FieldInfo) -> dict[str, Any]:
    cited = {
        "type": "object",
        "properties": {"value": {"type": "string"}, "lines": {"type": "array", "items": {"type": "string"}}},
        "required": ["value", "lines"],
        "additionalProperties": False,
    }
    described = {"description": field.description} if field.description else {}
    return {"anyOf": [cited, {"type": "null"}], **described}
