"""The code lists of EN 16931, as the official validation of both syntaxes takes them."""

import json
from functools import cache
from importlib.resources import files
from typing import Literal

__all__ = ["CodeList", "code_list"]

CodeList = Literal[
    "allowance_reason",
    "charge_reason",
    "country",
    "credit_note_type",
    "currency",
    "electronic_address",
    "exemption_reason",
    "identifier_scheme",
    "invoice_type",
    "item_classification",
    "note_subject",
    "object_scheme",
    "payment_means",
    "tax_category",
    "unit",
    "vat_prefix",
]


@cache
def code_list(name: CodeList) -> frozenset[str]:
    """Return a list. ``code_lists.json`` is made from the official artefacts by ``tests/einvoice/make_code_lists.py``."""
    text = files("invoiceflow_query.einvoice").joinpath("code_lists.json").read_text(encoding="utf-8")
    return frozenset(json.loads(text)[name].split())
