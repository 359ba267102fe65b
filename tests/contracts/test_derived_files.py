"""The schemas and the AsyncAPI document are what the events and topics.yaml make of them, and nobody is broken."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from jsonschema import Draft202012Validator

from invoiceflow_contracts.events import EVENTS, Event
from invoiceflow_contracts.generate import breaking, drift, main, unexpected
from invoiceflow_contracts.schemas import schema_path
from invoiceflow_contracts.topics import TOPICS

CONTRACTS = Path(__file__).parents[2] / "contracts"


def asyncapi() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((CONTRACTS / "asyncapi.yaml").read_text(encoding="utf-8"))
    return document


def test_derived_files_are_up_to_date() -> None:
    assert drift(CONTRACTS) == [], "run python -m invoiceflow_contracts.generate"
    assert unexpected(CONTRACTS) == []


def test_nothing_breaks_what_was_released() -> None:
    assert [f"{path}{change}" for path, change in breaking(CONTRACTS)] == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.ce_type())
def test_a_schema_is_a_schema_with_the_name_events_give_it(event: type[Event]) -> None:
    schema = json.loads((CONTRACTS / "schemas" / schema_path(event)).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == event.ce_dataschema()


def test_the_asyncapi_document_is_one() -> None:
    ApplicationSchema.model_validate(asyncapi())


def test_the_asyncapi_document_has_every_topic_and_party() -> None:
    document = asyncapi()
    assert set(document["channels"]) == set(TOPICS)
    for topic in TOPICS.values():
        binding = document["channels"][topic.name]["bindings"]["kafka"]
        assert binding["partitions"] == topic.partitions
        parties = {name.partition(".")[0] for name in document["operations"] if name.endswith(topic.name)}
        assert parties == {*topic.producers, *topic.consumers}


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()

    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            here = [node["$ref"]] if "$ref" in node else []
            return here + [found for part in node.values() for found in references(part)]
        return [found for part in node for found in references(part)] if isinstance(node, list) else []

    found = references(document)
    assert found
    for reference in found:
        if reference.startswith("./"):
            assert (CONTRACTS / reference).is_file()
            continue
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_the_check_fails_on_drift_and_names_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").touch()
    root = ["--root", str(tmp_path)]
    assert main(["--check", *root]) == 1
    assert "asyncapi.yaml is out of date" in capsys.readouterr().err
    assert main(root) == 0
    assert main(["--check", *root]) == 0
    (tmp_path / "schemas" / "document.lost").mkdir()
    (tmp_path / "schemas" / "document.lost" / "v1.json").write_text("{}")
    assert main(["--check", *root]) == 1
    assert "document.lost/v1.json belongs to no event" in capsys.readouterr().err


def test_a_breaking_change_is_not_released(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").touch()
    root = ["--root", str(tmp_path)]
    assert main(["--release", *root]) == 0
    released = tmp_path / "released" / "document.failed" / "v1.json"
    schema = json.loads(released.read_text())
    schema["properties"]["hint"] = {"type": "string"}
    released.write_text(json.dumps(schema))
    assert main(["--release", *root]) == 1
    assert "/hint: the field was removed" in capsys.readouterr().err
    assert json.loads(released.read_text()) == schema


def test_an_event_that_was_released_may_not_vanish(tmp_path: Path) -> None:
    released = tmp_path / "released" / "document.lost" / "v1.json"
    released.parent.mkdir(parents=True)
    released.write_text('{"type": "object", "properties": {"at": {"type": "string"}}}')
    assert [path for path, _ in breaking(tmp_path)] == ["document.lost/v1.json"]
