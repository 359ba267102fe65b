import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoiceflow_contracts.compatibility import Broken, breaking_changes
from invoiceflow_contracts.events import EVENTS
from invoiceflow_contracts.schemas import schema_of

RELEASED: dict[str, Any] = {
    "$defs": {
        "Engine": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "version": {"type": "string"}},
            "required": ["name"],
        }
    },
    "type": "object",
    "properties": {
        "stage": {"type": "string", "enum": ["ocr", "extract"]},
        "code": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 40},
        "attempts": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
        "message": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 5, "default": []},
        "box": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "minItems": 2, "maxItems": 2},
        "at": {"type": "string", "format": "date-time"},
        "engine": {"$ref": "#/$defs/Engine"},
        "engines": {"type": "array", "items": {"$ref": "#/$defs/Engine"}},
        "reader": {"type": "object", "default": {"name": "none", "version": None}},
        "maybe_engine": {"anyOf": [{"$ref": "#/$defs/Engine"}, {"type": "null"}]},
        "evidence": {
            "type": "object",
            "patternProperties": {"^/": {"$ref": "#/$defs/Engine"}},
            "additionalProperties": False,
        },
        "values": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["stage", "code"],
}

Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> dict[str, Any]:
    schema = copy.deepcopy(RELEASED)
    change(schema)
    return schema


def fields(schema: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = schema["properties"]
    return properties


HARMLESS: dict[str, Change] = {
    "nothing": lambda _: None,
    "a new optional field": lambda s: fields(s).update(note={"type": "string"}),
    "a new field in what an object left out means": lambda s: fields(s)["reader"]["default"].update(gpu=None),
    "a new optional field deep inside": lambda s: s["$defs"]["Engine"]["properties"].update(gpu={"type": "boolean"}),
    "another description": lambda s: fields(s)["code"].update(description="Stable.", examples=["a"], title="Code"),
    "a definition under another name": lambda s: (
        s["$defs"].update(Motor=s["$defs"].pop("Engine")),
        fields(s).update(
            engine={"$ref": "#/$defs/Motor"}, engines={"type": "array", "items": {"$ref": "#/$defs/Motor"}}
        ),
        fields(s).update(maybe_engine={"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Motor"}]}),
        fields(s)["evidence"].update(patternProperties={"^/": {"$ref": "#/$defs/Motor"}}),
    ),
}

NARROWER: dict[str, tuple[str, Change]] = {
    "a newly required field": ("/attempts", lambda s: s["required"].append("attempts")),
    "a new field that is required": (
        "/note",
        lambda s: (fields(s).update(note={"type": "string"}), s["required"].append("note")),
    ),
    "a narrower enum": ("/stage", lambda s: fields(s)["stage"]["enum"].remove("ocr")),
    "an enum where there was none": ("/code", lambda s: fields(s)["code"].update(enum=["a"])),
    "another pattern": ("/code", lambda s: fields(s)["code"].update(pattern="^[a-z_]+$")),
    "a pattern where there was none": ("/message", lambda s: fields(s)["message"]["anyOf"][0].update(pattern="x")),
    "a longer minimum": ("/code", lambda s: fields(s)["code"].update(minLength=3)),
    "a shorter maximum": ("/code", lambda s: fields(s)["code"].update(maxLength=39)),
    "a higher minimum": ("/attempts", lambda s: fields(s)["attempts"].update(minimum=2)),
    "a lower maximum": ("/attempts", lambda s: fields(s)["attempts"].update(maximum=9)),
    "fewer items": ("/tags", lambda s: fields(s)["tags"].update(maxItems=4)),
    "another type": ("/at", lambda s: fields(s)["at"].update(type="integer")),
    "another format": ("/at", lambda s: fields(s)["at"].update(format="date")),
    "null no more": ("/message", lambda s: fields(s)["message"].update(anyOf=[{"type": "string"}])),
    "another type in a list": ("/tags/*", lambda s: fields(s)["tags"].update(items={"type": "integer"})),
    "another type in a tuple": ("/box/1", lambda s: fields(s)["box"]["prefixItems"][1].update(type="integer")),
    "another type in a map": (
        "/values/*",
        lambda s: fields(s)["values"].update(additionalProperties={"type": "integer"}),
    ),
    "a requirement deep inside": ("/engine/version", lambda s: s["$defs"]["Engine"]["required"].append("version")),
    "no unknown fields": ("", lambda s: s.update(additionalProperties=False)),
    "other names in a map": (
        "/evidence",
        lambda s: fields(s)["evidence"].update(patternProperties={"^/a": {"$ref": "#/$defs/Engine"}}),
    ),
    "another default of a field in an object": ("/reader", lambda s: fields(s)["reader"]["default"].update(name="a")),
    "another default": ("/attempts", lambda s: fields(s)["attempts"].update(default=2)),
    "a rule between fields": ("", lambda s: s.update(oneOf=[{"required": ["tags"]}, {"required": ["at"]}])),
    "a keyword that is not understood": ("/code", lambda s: fields(s)["code"].update({"not": {"const": "x"}})),
}


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_nobody_notices_is_no_breaking_change(change: Change) -> None:
    assert breaking_changes(RELEASED, changed(change)) == []


@pytest.mark.parametrize(("path", "change"), NARROWER.values(), ids=NARROWER)
def test_what_refuses_a_value_that_was_valid_breaks_old_writers(path: str, change: Change) -> None:
    found = breaking_changes(RELEASED, changed(change), owner_reads_alone=True)
    assert (path, Broken.OLD_WRITERS) in {(one.path, one.breaks) for one in found}


@pytest.mark.parametrize(("path", "change"), NARROWER.values(), ids=NARROWER)
def test_what_lets_a_new_value_through_breaks_old_readers(path: str, change: Change) -> None:
    found = breaking_changes(changed(change), RELEASED)
    assert (path, Broken.OLD_READERS) in {(one.path, one.breaks) for one in found}


WIDER: dict[str, Change] = {
    "a wider enum": lambda s: fields(s)["stage"]["enum"].append("query"),
    "a field required no more": lambda s: s["required"].remove("code"),
    "a longer maximum": lambda s: fields(s)["code"].update(maxLength=50),
    "null": lambda s: fields(s).update(at={"anyOf": [fields(s)["at"], {"type": "null"}]}),
    "any number": lambda s: fields(s)["attempts"].update(type="number"),
}


@pytest.mark.parametrize("change", WIDER.values(), ids=WIDER)
def test_an_owner_that_reads_alone_may_take_more(change: Change) -> None:
    assert breaking_changes(RELEASED, changed(change), owner_reads_alone=True) == []
    assert {one.breaks for one in breaking_changes(RELEASED, changed(change))} == {Broken.OLD_READERS}


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/tags", lambda s: fields(s).pop("tags")),
        ("/engine/version", lambda s: s["$defs"]["Engine"]["properties"].pop("version")),
    ],
)
def test_a_removed_field_breaks_its_writers_though_it_was_optional(path: str, change: Change, *, alone: bool) -> None:
    found = breaking_changes(RELEASED, changed(change), owner_reads_alone=alone)
    assert (path, "the field was removed") in {(one.path, one.message) for one in found}


def test_a_change_says_where_what_and_whom() -> None:
    (change,) = breaking_changes(RELEASED, changed(lambda s: fields(s)["stage"]["enum"].remove("ocr")))
    assert str(change) == "/stage: the values ['ocr'] are on one side only (enum) (breaks old writers)"


def test_a_schema_that_refers_to_itself_is_compared() -> None:
    tree: dict[str, Any] = {"$ref": "#/$defs/Node", "$defs": {"Node": {"type": "object", "properties": {}}}}
    tree["$defs"]["Node"]["properties"]["next"] = {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}
    other = copy.deepcopy(tree)
    other["$defs"]["Node"]["properties"]["name"] = {"type": "string"}
    assert breaking_changes(tree, other) == []
    assert "/name" in {one.path for one in breaking_changes(other, tree)}


@given(st.sampled_from(EVENTS))
def test_every_event_is_compatible_with_itself(event: Any) -> None:
    schema = schema_of(event)
    assert breaking_changes(schema, copy.deepcopy(schema)) == []
