"""The services as containers on the real servers: what they do, and what they are not allowed to do."""

import os
import subprocess
import sys
import time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from invoiceflow_samples import Kind, Sample, generate

pytestmark = [pytest.mark.engine, pytest.mark.slow]

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES = ["ingest", "ocr", "extract", "query"]
END_SECONDS, SUITE_SECONDS = 240, 600
"""Patience, not a measure."""

MEGABYTE = 1_000_000
ROOM = {"ingest": 180, "ocr": 900, "extract": 180, "query": 180}
"""Megabytes that an image may be larger by than the one it is made from."""
ONLY = {
    "docling-slim": {"ocr"},
    "openvino": {"ocr"},
    "opencv-python-headless": {"ocr"},
    "pikepdf": {"extract"},
    "pymongo": {"query"},
    "python-multipart": {"ingest"},
}
NOT_NEEDED = {"pip", "uv", "hatchling", "setuptools", "pytest", "confluent-kafka"}


def the_end(http: httpx.Client, document_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + END_SECONDS
    while True:
        response = http.get(f"/v1/documents/{document_id}")
        if response.status_code == 200 and response.json()["status"] in {"extracted", "failed"}:
            document: dict[str, Any] = response.json()
            return document
        assert time.monotonic() < deadline, response.text
        time.sleep(0.1)


def test_a_text_page_an_e_invoice_and_a_scan_become_invoices_that_are_listed(stack: Any) -> None:
    kinds = [Kind.PDF_TEXT, Kind.XML_UBL, Kind.PDF_SCAN]
    samples: list[Sample] = list(islice(generate(seed=41, count=len(kinds), kinds=kinds), len(kinds)))
    with stack.http() as http:
        accepted = [http.post("/v1/documents", files={"file": (one.name, one.data)}) for one in samples]
        assert [one.status_code for one in accepted] == [202] * len(kinds)
        ids = [one.json()["documents"][0]["document_id"] for one in accepted]
        assert [the_end(http, each)["status"] for each in ids] == ["extracted"] * len(kinds)
        listed = {one["id"]: one for one in http.get("/v1/invoices", params={"limit": 100}).json()["items"]}
    for document_id, sample in zip(ids, samples, strict=True):
        truth = sample.truth["truth"]
        assert listed[document_id]["number"] == truth["invoice_number"]
        assert Decimal(listed[document_id]["gross"]) == Decimal(truth["grand_total"])


def test_the_end_to_end_suite_of_the_embedded_default_holds_unchanged(stack: Any) -> None:
    environment = {**os.environ, "INVOICEFLOW_E2E_URL": stack.url, "INVOICEFLOW_E2E_API_KEY": stack.api_key}
    suite = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/end_to_end/test_main_job.py"]
    ran = subprocess.run(
        suite, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SUITE_SECONDS, check=False
    )
    assert ran.returncode == 0, ran.stdout
    assert "skipped" not in ran.stdout


def test_no_route_answers_without_a_key(stack: Any) -> None:
    with stack.http() as http:
        paths = http.get("/openapi.json").json()["paths"]
    routes = [(method, path) for path, methods in paths.items() for method in methods]
    routes += [("post", "/v1/documents"), ("get", "/openapi.json"), ("get", "/docs")]
    with stack.http(with_key=False) as http:
        assert {http.request(method, path).status_code for method, path in routes} == {401}
        assert http.get("/v1/invoices", headers={"Authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/livez"])
def test_what_is_for_the_platform_is_not_served_to_the_outside(stack: Any, path: str) -> None:
    with stack.http() as http:
        assert http.get(path).json()["code"] == "not_found"


def test_only_the_gateway_is_reached_from_outside_and_only_from_this_machine(stack: Any) -> None:
    services = stack.compose("config", "--services").stdout.split()
    published = {
        name: [(port, one["HostIp"]) for port, bound in ports.items() for one in bound or ()]
        for name in services
        if any((ports := stack.inspect(name)["NetworkSettings"]["Ports"]).values())
    }
    assert published == {"gateway": [("8080/tcp", "127.0.0.1")]}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_no_rights_it_does_not_need(stack: Any, service: str) -> None:
    container = stack.inspect(service)
    assert container["Config"]["User"] == "10001:10001"
    assert container["HostConfig"]["ReadonlyRootfs"] is True
    assert container["HostConfig"]["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in container["HostConfig"]["SecurityOpt"]
    assert container["HostConfig"]["Memory"] > 0
    assert container["Config"]["StopSignal"] == "SIGTERM"
    assert not any("KEY=" in one and stack.api_key in one for one in container["Config"]["Env"])


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_its_own_packages_only_and_is_small(stack: Any, service: str) -> None:
    image = stack.inspect(service)["Image"]
    listing = "import importlib.metadata as m; print(*sorted({d.name.lower() for d in m.distributions()}))"
    entry = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "/opt/venv/bin/python", image]
    installed = set(
        subprocess.run([*entry, "-I", "-c", listing], capture_output=True, text=True, check=True).stdout.split()
    )
    ours = {name for name in installed if name.startswith("invoiceflow")}
    assert ours == {"invoiceflow-contracts", "invoiceflow-chassis", f"invoiceflow-{service}"}
    assert {name for name, owners in ONLY.items() if service in owners} <= installed
    assert not {name for name, owners in ONLY.items() if service not in owners} & installed
    assert not NOT_NEEDED & installed
    sizes = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{.Size}}", image, "python:3.11-slim-bookworm"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert int(sizes[0]) - int(sizes[1]) <= ROOM[service] * MEGABYTE
