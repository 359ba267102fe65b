"""A team that has only the JSON Schema and one that has the models agree on what is valid."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from invoiceflow_contracts.events import DocumentSubmittedV1, InvoiceExtractedV1
from invoiceflow_contracts.invoice import Totals
from invoiceflow_contracts.schemas import AMOUNT_PATTERN, schema_of

SUBMITTED = Draft202012Validator(schema_of(DocumentSubmittedV1))
REFERENCE = {
    "bucket": "b",
    "key": "default/k",
    "sha256": "0" * 64,
    "size": 1,
    "media_type": "application/pdf",
}


@pytest.mark.parametrize(
    ("content", "valid"),
    [
        ({"content": REFERENCE}, True),
        ({"inline": "JVBERg=="}, True),
        ({"content": REFERENCE, "inline": None}, True),
        ({"content": None, "inline": "JVBERg=="}, True),
        ({"content": REFERENCE, "inline": "JVBERg=="}, False),
        ({"content": None, "inline": None}, False),
        ({}, False),
        ({"inline": "JVBERg==", "tenant": "Not A Label"}, False),
        ({"content": {**REFERENCE, "sha256": "abc"}}, False),
        ({"inline": "JVBERg==", "filename": ""}, False),
        ({"inline": "JVBERg==", "metadata": {"tags": ["x"] * 51}}, False),
        ({"inline": base64.b64encode(bytes(512 * 1024)).decode()}, True),
        ({"inline": base64.b64encode(bytes(512 * 1024 + 3)).decode()}, False),
        ({"inline": "JVBERg==", "added_later": 1}, True),
    ],
)
def test_schema_and_model_agree_on_a_submission(content: dict[str, Any], valid: bool) -> None:
    data = {"filename": "a.pdf", **content}
    assert SUBMITTED.is_valid(data) is valid
    try:
        DocumentSubmittedV1.model_validate_json(json.dumps(data))
    except ValidationError:
        assert not valid
    else:
        assert valid


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=9))
def test_every_amount_we_write_is_one_the_schema_allows(amount: Decimal) -> None:
    validator = Draft202012Validator({"type": "string", "pattern": AMOUNT_PATTERN})
    validator.validate(json.loads(Totals(net=amount).model_dump_json())["net"])


@pytest.mark.parametrize("amount", [12.5, 12, "1,50", "1e5", "", "NaN", "+1", " 1"])
def test_an_amount_is_a_plain_decimal_string(amount: object) -> None:
    schema = schema_of(InvoiceExtractedV1)
    validator = Draft202012Validator({"$ref": "#/$defs/Totals", "$defs": schema["$defs"]})
    assert not validator.is_valid({"net": amount})
    assert validator.is_valid({"net": "-12.50"})


def test_evidence_stands_under_json_pointers_only() -> None:
    schema = schema_of(InvoiceExtractedV1)
    validator = Draft202012Validator({**schema["properties"]["evidence"], "$defs": schema["$defs"]})
    evidence = {"method": "local", "text": "1", "confidence": 1.0}
    assert validator.is_valid({"/totals/gross": evidence})
    assert not validator.is_valid({"totals.gross": evidence})
