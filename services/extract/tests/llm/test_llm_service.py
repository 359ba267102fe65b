"""The step as the service wires it: from the environment to the event, encrypted, and gone where it is off."""

import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import trustme
from documents import UNCLEAR, world_with
from llm_server import LlmServer, answering
from models import honest
from pydantic import ValidationError

from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_contracts.extraction import Outcome
from invoiceflow_extract.llm import LlmSettings
from invoiceflow_extract.llm.breaker import Breaker
from invoiceflow_extract.llm.openai_model import _seconds
from invoiceflow_extract.main import create_service
from invoiceflow_extract.settings import ExtractSettings


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def encrypted(authority: trustme.CA) -> AsyncIterator[LlmServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with LlmServer.run(answering(honest), tls=context) as server:
        yield server


async def test_a_server_whose_certificate_nobody_vouches_for_gets_no_document(encrypted: LlmServer) -> None:
    async with world_with(LlmSettings(model="m", base_url=encrypted.url, attempts=1)) as world:
        result = await world.extract(UNCLEAR)
    assert {each.outcome for each in result.tried} == {Outcome.UNREACHABLE}
    assert encrypted.asked == []


async def test_a_server_of_ones_own_is_trusted_by_its_authority(
    encrypted: LlmServer, authority: trustme.CA, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    async with world_with(LlmSettings(model="m", base_url=encrypted.url, ca_file=file)) as world:
        result = await world.extract(UNCLEAR)
    assert result.invoice.number == "NW-2024-117"


def test_another_model_or_prompt_makes_other_events() -> None:
    versions = {
        create_service(ExtractSettings(), MemoryObjectStore(), llm).version
        for llm in (None, LlmSettings(), LlmSettings(model="one"), LlmSettings(model="two"))
    }
    assert len(versions) == 3, "without a model it is the same whether there are settings or not"


async def test_the_service_lets_go_of_its_connections() -> None:
    service = create_service(ExtractSettings(), MemoryObjectStore(), LlmSettings(model="one"))
    assert service.lifespan is not None
    async with service.lifespan():
        pass


def test_without_a_model_nothing_of_it_is_loaded() -> None:
    code = (
        "import sys; from invoiceflow_extract.llm import LlmSettings; from invoiceflow_extract.main import create_service;"
        "from invoiceflow_extract.settings import ExtractSettings; from invoiceflow_chassis.objects.memory import MemoryObjectStore;"
        "create_service(ExtractSettings(), MemoryObjectStore(), LlmSettings());"
        "sys.exit('openai' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_settings_come_from_the_environment_and_empty_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MODEL": "m", "API_KEY": "sk-secret", "SECOND_MODEL": "", "TEMPERATURE": ""}.items():
        monkeypatch.setenv(f"INVOICEFLOW_EXTRACT_LLM_{name}", value)
    settings = LlmSettings()
    assert (settings.model, settings.second_model, settings.temperature) == ("m", None, None)
    assert "sk-secret" not in repr(settings)


@pytest.mark.parametrize("url", ["ftp://models.example/v1", "models.example", "https://key@models.example/v1"])
def test_an_address_that_is_none_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        LlmSettings(model="m", base_url=url, api_key="sk-secret")
    assert "key@" not in str(caught.value)
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("inf", None), ("soon", None)],
)
def test_retry_after_in_seconds(header: str | None, seconds: float | None) -> None:
    assert _seconds(header) == seconds


def test_retry_after_as_a_date() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert _seconds(in_a_minute) == pytest.approx(60, abs=2)
    assert _seconds(format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)) == 0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_breaker_rests_and_then_lets_one_try() -> None:
    clock = Clock()
    breaker = Breaker(3, 30.0, clock)
    for _ in range(2):
        assert breaker.admits()
        breaker.failed()
    breaker.succeeded()
    for _ in range(3):
        assert breaker.admits()
        breaker.failed()
    assert not breaker.admits(), "three in a row"
    assert breaker.rest() == 30
    clock.now = 31
    assert breaker.admits()
    assert not breaker.admits(), "one tries, the others wait for what comes of it"
    breaker.failed()
    clock.now = 60
    assert not breaker.admits()
    clock.now = 62
    assert breaker.admits()
    breaker.succeeded()
    assert breaker.admits()
    assert breaker.admits()


def test_a_breaker_goes_on_trying_where_the_one_that_tried_was_cancelled() -> None:
    clock = Clock()
    breaker = Breaker(1, 30.0, clock)
    breaker.failed()
    clock.now = 31
    assert breaker.admits()
    breaker.dropped()
    assert breaker.admits()


def test_a_breaker_rests_for_as_long_as_the_service_asks() -> None:
    clock = Clock()
    breaker = Breaker(5, 30.0, clock)
    breaker.failed(not_within=120)
    clock.now = 119
    assert not breaker.admits()
    clock.now = 121
    assert breaker.admits()
