"""What the API's description and the settings say is what the service does."""

from typing import Any

import pytest
from fastapi import FastAPI

from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_chassis.problems import Problem
from invoiceflow_chassis.testing import RecordingPublisher
from invoiceflow_ingest.main import create_service
from invoiceflow_ingest.routes import DocumentsAccepted
from invoiceflow_ingest.settings import IngestSettings


@pytest.fixture
def operation(app: FastAPI) -> dict[str, Any]:
    found: dict[str, Any] = app.openapi()["paths"]["/v1/documents"]["post"]
    return found


def test_the_form_is_described(operation: dict[str, Any]) -> None:
    schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(schema["properties"]) == {"file", "source", "external_reference", "tags"}
    assert schema["properties"]["file"]["items"] == {"type": "string", "format": "binary"}
    assert schema["required"] == ["file"]


def test_every_answer_is_described_with_examples_that_are_valid(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    assert set(responses) >= {"202", "400", "413", "415", "422", "503", "507"}
    accepted = responses["202"]["content"]["application/json"]
    assert accepted["schema"] == {"$ref": "#/components/schemas/DocumentsAccepted"}
    for example in accepted["examples"].values():
        assert DocumentsAccepted.model_validate(example["value"]).model_dump(mode="json") == example["value"]
    for status in ("400", "413", "415", "422", "503", "507"):
        content = responses[status]["content"]["application/problem+json"]
        assert content["examples"]
        for code, example in content["examples"].items():
            problem = Problem.model_validate(example["value"])
            assert (problem.code, problem.status) == (code, int(status))


def test_sizes_and_buckets_are_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVOICEFLOW_INGEST_MAX_FILE_SIZE", "20MiB")
    monkeypatch.setenv("INVOICEFLOW_INGEST_SOURCE_BUCKETS", '["a-bucket", "b-bucket"]')
    settings = IngestSettings()
    assert settings.max_file_size == 20 * 1024 * 1024
    assert settings.source_buckets == ("a-bucket", "b-bucket")


async def test_the_service_is_ready_when_its_object_store_answers(objects: MemoryObjectStore) -> None:
    service = create_service(IngestSettings(), objects, RecordingPublisher())
    await service.checks["objects"]()
    objects.fail_with = ConnectionError()
    with pytest.raises(ConnectionError):
        await service.checks["objects"]()
