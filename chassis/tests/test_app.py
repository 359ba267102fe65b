"""The HTTP side that every service has: keys, health, problems, traces."""

import hashlib
import json
import logging
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from pydantic import ValidationError

from invoiceflow_chassis.app import create_app
from invoiceflow_chassis.auth import ApiKey, CurrentTenant, require_operator
from invoiceflow_chassis.auth import main as make_key
from invoiceflow_chassis.errors import PermanentError, StorageFullError, TransientError
from invoiceflow_chassis.health import metrics_served
from invoiceflow_chassis.logs import JsonFormatter, log_context
from invoiceflow_chassis.process import run_service
from invoiceflow_chassis.service import Service
from invoiceflow_chassis.settings import HttpSettings
from invoiceflow_chassis.trace import start_trace


@dataclass
class FakeTransport:
    ready: bool = True
    lag: dict[str, str] = field(default_factory=dict)

    def attach(self, service: Service) -> None: ...
    async def start(self, refuse: Callable[[Sequence[str]], None]) -> None: ...
    async def stop(self) -> None: ...

    async def check_ready(self) -> None:
        if not self.ready:
            raise TransientError("broker_unavailable", "Kafka is away.")

    async def stuck(self) -> Mapping[str, str]:
        return self.lag


def app(transport: FakeTransport | None = None, keys: tuple[ApiKey, ...] = (), store_is_there: bool = True) -> FastAPI:
    router = APIRouter()

    @router.get("/who")
    async def who(tenant: CurrentTenant) -> dict[str, str]:
        return {"tenant": tenant}

    @router.get("/operate", dependencies=[Depends(require_operator)])
    async def operate() -> dict[str, bool]:
        return {"done": True}

    @router.get("/raise/{kind}")
    async def fail(kind: str) -> None:
        raise {
            "permanent": PermanentError("pdf_encrypted", "Send it without a password."),
            "transient": TransientError("store_unavailable", "Try again."),
            "full": StorageFullError(),
            "bug": ZeroDivisionError(),
        }[kind]

    async def check_store() -> None:
        if not store_is_there:
            raise TransientError("store_unavailable", "Try again.")

    service = Service(name="ocr", version="1", router=router, checks={"store": check_store})
    return create_app("test", [service], transport=transport or FakeTransport(), http=HttpSettings(api_keys=keys))


def client(application: FastAPI, host: str = "127.0.0.1:8080") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(application, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


def key(secret: str, tenant: str = "default") -> ApiKey:
    return ApiKey.parse(f"{hashlib.sha256(secret.encode()).hexdigest()}:{tenant}")


async def test_with_keys_a_request_without_a_valid_one_is_refused() -> None:
    async with client(app(keys=(key("s3cret"),))) as http:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic s3cret"}, {"X-API-Key": ""}):
            answer = await http.get("/who", headers=headers)
            assert answer.status_code == 401
            assert answer.json()["code"] == "api_key_required"
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await http.get("/docs")).status_code == 401


async def test_a_key_opens_its_tenant_and_no_other() -> None:
    async with client(app(keys=(key("a", "acme"), key("b", "globex")))) as http:
        assert (await http.get("/who", headers={"Authorization": "Bearer a"})).json() == {"tenant": "acme"}
        assert (await http.get("/who", headers={"X-API-Key": "b"})).json() == {"tenant": "globex"}


async def test_what_is_of_no_single_tenant_is_for_operators() -> None:
    async with client(app(keys=(key("a", "acme"), key("b", "acme:operator")))) as http:
        refused = await http.get("/operate", headers={"X-API-Key": "a"})
        assert (refused.status_code, refused.json()["code"]) == (403, "operator_required")
        assert (await http.get("/operate", headers={"X-API-Key": "b"})).status_code == 200
        assert (await http.get("/who", headers={"X-API-Key": "b"})).json() == {"tenant": "acme"}
    async with client(app()) as http:
        assert (await http.get("/operate")).status_code == 200


@pytest.mark.parametrize("arguments", [[], ["acme"], ["acme", "--operator"]])
async def test_a_made_key_opens_what_its_setting_says(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_key(arguments)
    shown, setting = capsys.readouterr().out.splitlines()
    name, _, value = setting.partition("=")
    monkeypatch.setenv(name, value.strip("'"))
    async with client(app(keys=HttpSettings().api_keys)) as http:
        http.headers["X-API-Key"] = shown.rpartition(" ")[2]
        assert (await http.get("/who")).json() == {"tenant": (arguments or ["default"])[0]}
        assert (await http.get("/operate")).status_code == (200 if "--operator" in arguments else 403)


def test_a_name_that_is_no_tenant_gets_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        make_key(["Acme Ltd"])
    assert ended.value.code == 2
    assert "is no tenant" in capsys.readouterr().err


async def test_health_and_metrics_need_no_key() -> None:
    async with client(app(keys=(key("a"),))) as http:
        for path in ("/livez", "/readyz", "/metrics"):
            assert (await http.get(path)).status_code == 200


async def test_metrics_with_a_port_of_their_own_are_not_at_the_api() -> None:
    apart = create_app(
        "apart", [Service(name="apart", version="1")], transport=FakeTransport(), http=HttpSettings(metrics_port=9090)
    )
    async with client(apart) as http:
        assert (await http.get("/livez")).status_code == 200
        assert (await http.get("/metrics")).status_code == 404


def test_metrics_are_served_at_their_own_port_while_the_service_runs() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with metrics_served("127.0.0.1", port):
        assert "process_cpu_seconds_total" in httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)


def test_one_port_cannot_serve_both() -> None:
    with pytest.raises(ValidationError, match="INVOICEFLOW_METRICS_PORT=8080 is the port of the HTTP interface"):
        HttpSettings(metrics_port=8080)


async def test_without_keys_only_this_machine_may_ask() -> None:
    async with client(app()) as http:
        assert (await http.get("/who")).json() == {"tenant": "default"}
        assert (await http.get("/who", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403
    async with client(app(), host="attacker.example") as http:
        assert (await http.get("/who")).json()["code"] == "foreign_origin"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_beyond_loopback_a_key_is_required(host: str) -> None:
    with pytest.raises(ValidationError, match="no API key is set"):
        HttpSettings(host=host)
    assert HttpSettings(host=host, api_keys=(key("a"),)).host == host


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    digest = hashlib.sha256(b"a").hexdigest()
    monkeypatch.setenv("INVOICEFLOW_API_KEYS", json.dumps([digest, f"{digest}:acme", f"{digest}:acme:operator"]))
    assert HttpSettings().api_keys == (ApiKey(digest), ApiKey(digest, "acme"), ApiKey(digest, "acme", operator=True))
    for wrong in ("the key itself", f"{digest}:acme:admin", f"{digest}:operator:"):
        monkeypatch.setenv("INVOICEFLOW_API_KEYS", json.dumps([wrong]))
        with pytest.raises(ValidationError, match="SHA-256"):
            HttpSettings()


async def test_readiness_needs_kafka_and_every_backing_service() -> None:
    for transport, store, status in (
        (FakeTransport(), True, 200),
        (FakeTransport(ready=False), True, 503),
        (FakeTransport(), False, 503),
    ):
        async with client(app(transport, store_is_there=store)) as http:
            answer = await http.get("/readyz")
            assert answer.status_code == status
            assert set(answer.json()["checks"]) == {"kafka", "ocr-store"}
            assert answer.json()["checks"]["ocr-store"] == ("ok" if store else "Try again.")


async def test_liveness_fails_for_a_consumer_that_has_lag_and_makes_no_progress() -> None:
    async with client(app(FakeTransport(lag={"ocr": "stuck"}))) as http:
        answer = await http.get("/livez")
        assert answer.status_code == 503
        assert answer.json()["stuck"] == {"ocr": "stuck"}
    async with client(app(FakeTransport(ready=False), store_is_there=False)) as http:
        assert (await http.get("/livez")).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("permanent", 422, "pdf_encrypted"),
        ("transient", 503, "store_unavailable"),
        ("full", 507, "storage_full"),
        ("bug", 500, "internal_error"),
    ],
)
async def test_every_error_is_a_problem_document(kind: str, status: int, code: str) -> None:
    async with client(app()) as http:
        answer = await http.get(f"/raise/{kind}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await http.get("/nowhere")).json()["code"] == "not_found"


async def test_a_trace_is_continued_and_answered_with() -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with client(app()) as http:
        answer = await http.get("/who", headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"})
        assert answer.headers["traceparent"].split("-")[1] == trace_id
        assert len((await http.get("/who", headers={"traceparent": "nonsense"})).headers["traceparent"]) == 55


async def test_requests_are_counted_by_route_and_not_by_path() -> None:
    async with client(app()) as http:
        await http.get("/raise/permanent")
        metrics = (await http.get("/metrics")).text
    assert 'route="/raise/{kind}"' in metrics
    assert 'route="/raise/permanent"' not in metrics


def test_a_log_line_is_json_with_tenant_document_and_trace() -> None:
    start_trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    record = logging.LogRecord("invoiceflow", logging.INFO, __file__, 1, "%d pages", (3,), None)
    with log_context(tenant="acme", document_id="42"):
        line = json.loads(JsonFormatter("ocr").format(record))
    assert (line["message"], line["tenant"], line["document_id"]) == ("3 pages", "acme", "42")
    assert line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert line["service"] == "ocr"


def test_a_missing_setting_is_told_by_the_name_of_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run_service("ingest", lambda _objects, _transport: Service(name="ingest", version="1"), ["--check"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "INVOICEFLOW_KAFKA_BOOTSTRAP_SERVERS: Field required\n"


def test_a_logged_error_shows_where_it_arose_and_not_what_the_document_says() -> None:
    text = "IBAN DE89 3704 0044 0532 0130 00"
    try:
        try:
            int(text)
        except ValueError as error:
            raise TransientError("store_unavailable", "Try again.") from error
    except TransientError:
        record = logging.LogRecord("invoiceflow", logging.ERROR, __file__, 1, "failed", None, sys.exc_info())
    line = json.loads(JsonFormatter("ocr").format(record))
    assert "test_app.py" in line["exception"]
    assert "store_unavailable" in line["exception"]
    assert "ValueError" in line["exception"]
    assert text not in line["exception"]
