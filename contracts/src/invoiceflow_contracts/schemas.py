"""The events' JSON Schemas (draft 2020-12): all that a team needs to write or read an event without this package."""

import math
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from invoiceflow_contracts.events import Event

__all__ = ["AMOUNT_PATTERN", "schema_of", "schema_path"]

AMOUNT_PATTERN = r"^-?[0-9]{1,30}(\.[0-9]{1,30})?$"
"""A decimal number as every amount is written; a JSON number would pass through a binary float on its way."""


class _ContractSchema(GenerateJsonSchema):
    """What a writer must send. A reader here takes more (say, a JSON number for an amount) than a writer may rely on."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:  # noqa: ARG002 - pydantic's signature
        return {"type": "string", "pattern": AMOUNT_PATTERN}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        # pydantic writes a constraint on the keys as patternProperties, which alone lets every other key through.
        result = super().dict_schema(schema)
        if "patternProperties" in result:
            result["additionalProperties"] = False
        return result

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - a title that repeats the name says nothing
        return False


def _limit_what_travels(schema: Any) -> None:
    """Turn the limit on decoded bytes into one on their base64 form, which is what stands in the JSON."""
    if isinstance(schema, dict):
        if schema.get("format") == "base64":
            del schema["format"]
            schema["contentEncoding"] = "base64"
            if "maxLength" in schema:
                schema["maxLength"] = 4 * math.ceil(schema["maxLength"] / 3)
        for part in schema.values():
            _limit_what_travels(part)
    elif isinstance(schema, list):
        for part in schema:
            _limit_what_travels(part)


def schema_of(event: type[Event]) -> dict[str, Any]:
    """Return the schema of the event's data, with the name that ``ce_dataschema`` gives it."""
    schema = event.model_json_schema(schema_generator=_ContractSchema, mode="validation")
    _limit_what_travels(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": event.ce_dataschema(),
        **schema,
        "title": event.ce_type(),
    }


def schema_path(event: type[Event]) -> str:
    """Return where the schema stands under ``contracts/schemas``: ``document.uploaded/v1.json``."""
    return f"{event.event_type}/v{event.event_version}.json"
