"""Whatever was ever published must be read by every later version of the code, with nothing lost."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from invoiceflow_contracts.cloudevents import decode, encode
from invoiceflow_contracts.events import EVENTS, Event
from invoiceflow_contracts.identity import event_id
from invoiceflow_contracts.schemas import schema_of

EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
FILES = sorted(EXAMPLES.rglob("*.json"))


def name(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


def load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def read(path: Path) -> tuple[Any, Event]:
    example = load(path)
    headers = [(key, value.encode()) for key, value in example["headers"].items()]
    return decode(json.dumps(example["data"]).encode(), headers, EVENTS)


def model_of(path: Path) -> type[Event]:
    event_type, version = path.parent.parent.name, path.parent.name
    (model,) = [one for one in EVENTS if (one.event_type, f"v{one.event_version}") == (event_type, version)]
    return model


def lost(written: Any, kept: Any, path: str = "") -> list[str]:
    """Return the places of ``written`` that ``kept`` has no more; values may be spelt differently."""
    if isinstance(written, dict):
        if not isinstance(kept, dict):
            return [path]
        return [
            place
            for key, value in written.items()
            for place in (lost(value, kept[key], f"{path}/{key}") if key in kept else [f"{path}/{key}"])
        ]
    if isinstance(written, list):
        if not isinstance(kept, list) or len(kept) != len(written):
            return [path]
        return [
            place
            for index, pair in enumerate(zip(written, kept, strict=True))
            for place in lost(*pair, f"{path}/{index}")
        ]
    return [path] if (written is None) != (kept is None) else []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.ce_type())
def test_every_event_has_several_examples(event: type[Event]) -> None:
    assert len(list((EXAMPLES / event.event_type / f"v{event.event_version}").glob("*.json"))) >= 2


@pytest.mark.parametrize("path", FILES, ids=name)
def test_an_example_is_read_with_nothing_lost(path: Path) -> None:
    envelope, event = read(path)
    assert type(event) is model_of(path)
    assert envelope.id == load(path)["headers"]["ce_id"]
    assert lost(load(path)["data"], event.model_dump(mode="json")) == []


@pytest.mark.parametrize("path", FILES, ids=name)
def test_an_example_is_valid_for_those_who_have_only_the_schema(path: Path) -> None:
    Draft202012Validator(schema_of(model_of(path)), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
        load(path)["data"]
    )


@pytest.mark.parametrize("path", FILES, ids=name)
def test_what_we_would_write_is_valid_too(path: Path) -> None:
    envelope, event = read(path)
    value, headers = encode(
        event, event_id=event_id("golden", event.ce_type(), "1"), source=envelope.source, time=envelope.time
    )
    Draft202012Validator(schema_of(type(event))).validate(json.loads(value))
    assert decode(value, headers, EVENTS)[1] == event


@pytest.mark.parametrize("path", FILES, ids=name)
def test_the_key_is_the_document(path: Path) -> None:
    example = load(path)
    assert example["key"] == example["data"].get("document_id")
    assert example["headers"].get("ce_subject", example["key"]) == example["key"]
