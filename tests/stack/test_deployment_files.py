"""docker-compose.yml and what goes with it: complete, without default secrets, true to the services' settings."""

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from invoiceflow_extract.llm import LlmSettings
from invoiceflow_extract.settings import ExtractSettings
from invoiceflow_ingest.settings import IngestSettings
from invoiceflow_ocr.settings import OcrSettings

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text()
SERVICES = ["ingest", "ocr", "extract", "query"]
REQUIRED = set(re.findall(r"\$\{(\w+):\?", COMPOSE))
OPTIONAL = set(re.findall(r"\$\{(\w+):-", COMPOSE))


@pytest.fixture
def services() -> dict[str, Any]:
    described: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
    return described


def make_env(file: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, ROOT / "deploy" / "make-env", "--file", file],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def settings_in(file: Path) -> dict[str, str]:
    lines = [line.partition("=") for line in file.read_text().splitlines() if not line.startswith("#")]
    return {name: value.strip("'") for name, _, value in lines if name}


def test_made_secrets_are_complete_random_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    first, second = tmp_path / "first.env", tmp_path / "second.env"
    assert make_env(first).returncode == make_env(second).returncode == 0
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    made, other = settings_in(first), settings_in(second)
    assert made.keys() >= REQUIRED
    assert {name for name in made if made[name] == other[name]} == {"MONGO_ROOT_USERNAME"}
    assert json.loads(made["INVOICEFLOW_API_KEYS"]) == [
        f"{hashlib.sha256(made['INVOICEFLOW_API_KEY'].encode()).hexdigest()}:default:operator"
    ]


@pytest.mark.parametrize(
    ("image", "users"),
    [
        ("", True),
        ("mongo:7.0", True),
        ("registry.example/mongo:8.0", True),
        ("other/mongo:8.0-x", True),
        ("ferretdb:2", False),
    ],
)
def test_a_server_that_makes_no_user_is_reached_without_one(tmp_path: Path, image: str, users: bool) -> None:
    assert make_env(tmp_path / ".env", MONGO_IMAGE=image).returncode == 0
    uri = settings_in(tmp_path / ".env")["INVOICEFLOW_QUERY_MONGODB_URI"]
    assert ("@" in uri) is users
    assert uri.startswith("mongodb://")


def test_secrets_that_are_there_are_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("MINE=1\n")
    again = make_env(file)
    assert again.returncode != 0
    assert "left as it is" in again.stderr
    assert file.read_text() == "MINE=1\n"


def test_another_mongodb_is_taken_over_from_the_environment(tmp_path: Path) -> None:
    address = "mongodb://database.example/"
    make_env(tmp_path / ".env", INVOICEFLOW_QUERY_MONGODB_URI=address)
    assert settings_in(tmp_path / ".env")["INVOICEFLOW_QUERY_MONGODB_URI"] == address


def test_the_example_describes_every_variable_and_holds_no_secret() -> None:
    example = (ROOT / ".env.example").read_text()
    assert {name for name in REQUIRED if re.search(rf"^{name}=$", example, re.MULTILINE)} == REQUIRED
    assert {name for name in OPTIONAL if re.search(rf"^#{name}=.+$", example, re.MULTILINE)} == OPTIONAL


def test_the_job_creates_every_bucket_that_a_service_uses(services: dict[str, Any]) -> None:
    ingest = IngestSettings.model_construct()
    assert set(services["buckets"]["command"]) == {
        ingest.bucket,
        *ingest.source_buckets,
        OcrSettings.model_construct().bucket,
        ExtractSettings.model_construct().bucket,
        LlmSettings.model_construct().bucket,
    }


def test_every_container_is_limited_restarted_and_asked_for_its_health(services: dict[str, Any]) -> None:
    own_check = {*SERVICES, "topics", "buckets"}  # in the image; the jobs end and have none
    assert [name for name, one in services.items() if "mem_limit" not in one] == []
    assert [name for name, one in services.items() if not one.get("restart")] == []
    assert [name for name, one in services.items() if "healthcheck" not in one and name not in own_check] == []
    assert [name for name, one in services.items() if one["image"].endswith(":latest") or ":" not in one["image"]] == []


def test_with_three_brokers_every_service_knows_all_of_them_and_every_topic_has_three_replicas() -> None:
    override = yaml.safe_load(re.sub("!override", "", (ROOT / "docker-compose.three-brokers.yml").read_text()))[
        "services"
    ]
    brokers = {name for name in override if name.startswith("kafka")}
    for name in [*SERVICES, "topics", "rebuild"]:
        addresses = override[name]["environment"]["INVOICEFLOW_KAFKA_BOOTSTRAP_SERVERS"].split(",")
        assert {address.partition(":")[0] for address in addresses} == brokers
    assert override["topics"]["command"] == ["--replicas", "3"]
    assert len(brokers) == 3
    assert {override[name]["environment"]["KAFKA_MIN_INSYNC_REPLICAS"] for name in brokers} == {"2"}


def test_the_read_model_is_migrated_before_its_service_starts_and_made_anew_only_when_asked(
    services: dict[str, Any],
) -> None:
    assert services["query"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    for job in ("migrate", "rebuild"):
        assert services[job]["command"] == [job]
        for same in ("image", "environment"):
            assert services[job][same] == services["query"][same]
    assert services["rebuild"]["profiles"]
    # Half a rebuild has changed nothing, and another would begin at its start.
    assert services["rebuild"]["restart"] == "no"
    assert "profiles" not in services["migrate"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_image_is_not_root_and_knows_whether_it_is_ready(service: str) -> None:
    final = (ROOT / "services" / service / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert re.search(r"^USER \d+:\d+$", final, re.MULTILINE)
    assert "/readyz" in final
    assert f'ENTRYPOINT ["python", "-m", "invoiceflow_{service}"]' in final


@pytest.mark.engine
def test_nothing_starts_without_secrets(compose_plugin: None, tmp_path: Path) -> None:
    (tmp_path / "empty.env").touch()
    environment = {name: value for name, value in os.environ.items() if name not in REQUIRED}
    refused = subprocess.run(
        ["docker", "compose", "--env-file", tmp_path / "empty.env", "config", "--quiet"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    assert "Run deploy/make-env" in refused.stderr


def test_a_language_model_is_reached_by_extract_alone(services: dict[str, Any]) -> None:
    override = yaml.safe_load((ROOT / "docker-compose.llm.yml").read_text())
    assert {name for name in override["services"] if name != "ollama"} == {"extract"}
    extract = override["services"]["extract"]
    assert set(extract["networks"]) == {"inside", "models"}
    assert not (override["networks"]["models"] or {}).get("internal")
    assert all("models" not in one["networks"] for one in services.values())
    known = {f"INVOICEFLOW_EXTRACT_LLM_{name}".upper() for name in LlmSettings.model_fields}
    assert extract["environment"].keys() <= known


def test_what_compose_leaves_empty_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    override = yaml.safe_load((ROOT / "docker-compose.llm.yml").read_text())["services"]["extract"]["environment"]
    for variable, value in override.items():
        default = re.fullmatch(r"\$\{\w+:?[-?](.*)\}", value)
        assert default is not None, variable
        monkeypatch.setenv(variable, "" if variable.endswith("_MODEL") else default[1])
    assert LlmSettings() == LlmSettings.model_construct(
        **{name: field.get_default() for name, field in LlmSettings.model_fields.items()}
    )
