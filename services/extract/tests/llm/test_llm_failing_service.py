"""With the model's server failing in each of its ways, every document still ends extracted, with what was tried on record."""

import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from documents import PLAIN, UNCLEAR, world_with
from llm_server import LlmServer, Respond, answering, trouble
from models import honest, inventing, silent

from invoiceflow_contracts.events import InvoiceExtractedV1
from invoiceflow_contracts.extraction import Method, Outcome, Verdict
from invoiceflow_extract.llm import LlmSettings

KEY = "sk-not-to-be-seen-anywhere"


@pytest.fixture
async def server() -> AsyncIterator[LlmServer]:
    async with LlmServer.run(answering(honest)) as running:
        yield running


def settings(server: LlmServer, **changes: Any) -> LlmSettings:
    quick = {"model": "stub", "base_url": server.url, "api_key": KEY, "time_limit": 0.5, "document_time_limit": 5.0}
    return LlmSettings(**{**quick, **changes})


def outcomes(event: InvoiceExtractedV1) -> list[Outcome]:
    return [each.outcome for each in event.tried]


def rules(event: InvoiceExtractedV1) -> set[str]:
    return {finding.rule for finding in event.findings}


async def test_what_the_local_engine_reads_by_itself_is_not_asked_for(server: LlmServer) -> None:
    async with world_with(settings(server)) as world:
        result = await world.extract(PLAIN)
    assert (result.tried, server.asked) == ((), [])
    assert [cost.stage for cost in result.costs] == ["ocr", "extract"]


async def test_what_is_missing_is_asked_for_and_stands_where_the_model_says(server: LlmServer) -> None:
    async with world_with(settings(server)) as world:
        result = await world.extract(UNCLEAR)
    assert outcomes(result) == [Outcome.ANSWERED, Outcome.ANSWERED]
    assert result.invoice.number == "NW-2024-117"
    assert result.invoice.totals.gross == Decimal("297.50")
    assert [line.net for line in result.invoice.lines] == [Decimal("200.00"), Decimal("50.00")]
    number = result.evidence["/number"]
    assert (number.method, number.text, number.page) == (Method.LLM, "NW-2024-117", 1)
    assert number.box is not None
    assert number.box.x0 > 0.2, "where it is printed, right of its label"
    assert result.evidence["/totals/gross"].confidence > number.confidence, (
        "the totals add up; nothing proves the number"
    )
    assert result.evidence["/seller/name"].method is Method.LOCAL
    assert rules(result) == set()


async def test_what_was_asked_is_on_record(server: LlmServer) -> None:
    priced = settings(server, price_input="2", price_output="10", currency="EUR")
    async with world_with(priced) as world:
        result = await world.extract(UNCLEAR)
    fields, lines = result.tried
    assert (fields.question, lines.question, fields.model) == ("fields", "lines", "stub")
    assert fields.prompt.startswith("fields-")
    assert {"/number", "/totals/gross"} <= set(fields.asked)
    assert lines.asked == ("/lines",)
    assert (fields.input_tokens, fields.output_tokens, fields.requests) == (100, 10, 1)
    assert (fields.money, fields.currency) == (Decimal("0.0003"), "EUR")
    verdicts = {answer.pointer: answer.verdict for answer in fields.answers}
    assert verdicts["/number"] is Verdict.ADDED
    assert verdicts["/issue_date"] is Verdict.AGREES
    assert verdicts["/due_date"] is Verdict.NOT_FOUND
    cost = result.costs[-1]
    assert (cost.stage, cost.tokens, cost.money, cost.currency) == ("llm", 220, Decimal("0.0006"), "EUR")


async def test_agreement_halves_the_doubt(server: LlmServer) -> None:
    async with world_with(None) as alone, world_with(settings(server)) as world:
        before, after = await alone.extract(UNCLEAR), await world.extract(UNCLEAR)
    doubt, left = (1 - each.evidence["/issue_date"].confidence for each in (before, after))
    assert left == pytest.approx(doubt / 2, abs=0.001)
    assert after.evidence["/issue_date"].method is Method.LOCAL


FAILURES: dict[str, tuple[Respond, Outcome]] = {
    "slow": (trouble("slow"), Outcome.TIMED_OUT),
    "429": (trouble("status", code=429, retry_after="0"), Outcome.RATE_LIMITED),
    "429 without a hint": (trouble("status", code=429), Outcome.RATE_LIMITED),
    "500": (trouble("status", code=500), Outcome.SERVER_ERROR),
    "503": (trouble("status", code=503, retry_after="0"), Outcome.SERVER_ERROR),
    "400": (trouble("status", code=400), Outcome.REJECTED),
    "401": (trouble("status", code=401), Outcome.REJECTED),
    "404": (trouble("status", code=404), Outcome.REJECTED),
    "hangs up": (trouble("hang_up"), Outcome.UNREACHABLE),
    "breaks off": (trouble("break_off"), Outcome.UNREACHABLE),
    "refuses": (trouble("refuse"), Outcome.REFUSED),
    "filtered": (trouble("text", content=None, finish="content_filter"), Outcome.REFUSED),
    "cut short": (trouble("text", content='{"number": {"value": "NW', finish="length"), Outcome.INVALID_ANSWER),
    "no JSON": (trouble("text", content="The invoice number is NW-2024-117."), Outcome.INVALID_ANSWER),
    "half JSON": (trouble("text", content='{"number": {"value": "NW-2024'), Outcome.INVALID_ANSWER),
    "a JSON list": (trouble("text", content="[1, 2]"), Outcome.INVALID_ANSWER),
    "other JSON": (trouble("text", content='{"answer": 42}'), Outcome.INVALID_ANSWER),
    "deep JSON": (trouble("text", content="[" * 100_000), Outcome.INVALID_ANSWER),
    "empty": (trouble("text", content=""), Outcome.INVALID_ANSWER),
    "no body": (trouble("body", data=b""), Outcome.INVALID_ANSWER),
    "no completion": (trouble("body", data=b'{"choices": []}'), Outcome.INVALID_ANSWER),
    "a completion of nothing": (trouble("body", data=b'{"choices": [{"message": null}]}'), Outcome.INVALID_ANSWER),
    "HTML": (trouble("body", data=b"<html>down for maintenance</html>"), Outcome.INVALID_ANSWER),
    "redirected": (trouble("redirect", to="http://127.0.0.1:9/v1"), Outcome.REJECTED),
}


@pytest.mark.parametrize("way", FAILURES)
async def test_the_local_result_stands_and_says_so(server: LlmServer, way: str) -> None:
    server.answer, expected = FAILURES[way]
    async with world_with(None) as alone:
        without = await alone.extract(UNCLEAR)
    async with world_with(settings(server, attempts=2, rest_after=100)) as world:
        result = await world.extract(UNCLEAR)
    assert set(outcomes(result)) == {expected}
    assert all(each.message and each.message.endswith(".") for each in result.tried)
    assert "IF-LLM-SILENT" in rules(result)
    assert result.invoice == without.invoice
    assert result.evidence == without.evidence
    assert result.needs_review
    assert KEY not in result.model_dump_json()


@pytest.mark.parametrize("way", ["slow", "429", "500", "503", "hangs up", "breaks off", "half JSON", "no body"])
async def test_what_may_pass_is_tried_again(server: LlmServer, way: str) -> None:
    server.troubles = [FAILURES[way][0]]
    async with world_with(settings(server)) as world:
        result = await world.extract(UNCLEAR)
    assert outcomes(result) == [Outcome.ANSWERED, Outcome.ANSWERED]
    assert [each.requests for each in result.tried] == [2, 1]
    assert result.invoice.number == "NW-2024-117"


@pytest.mark.parametrize("way", ["400", "401", "404", "refuses", "cut short", "redirected"])
async def test_what_will_not_pass_is_not_tried_again(server: LlmServer, way: str) -> None:
    server.answer = FAILURES[way][0]
    async with world_with(settings(server)) as world:
        result = await world.extract(UNCLEAR)
    assert [each.requests for each in result.tried] == [1, 1]


async def test_no_server_at_all() -> None:
    async with world_with(LlmSettings(model="stub", base_url="http://127.0.0.1:9/v1", attempts=1)) as world:
        result = await world.extract(UNCLEAR)
    assert set(outcomes(result)) == {Outcome.UNREACHABLE}
    assert "IF-LLM-SILENT" in rules(result)


async def test_retry_after_is_waited_for(server: LlmServer) -> None:
    server.troubles = [trouble("status", code=429, retry_after="1")]
    begun = time.monotonic()
    async with world_with(settings(server)) as world:
        result = await world.extract(UNCLEAR)
    assert time.monotonic() - begun >= 1.0
    assert result.invoice.number == "NW-2024-117"


async def test_a_retry_after_beyond_the_documents_time_is_not_waited_for(server: LlmServer) -> None:
    server.answer = trouble("status", code=429, retry_after="3600")
    begun = time.monotonic()
    async with world_with(settings(server)) as world:
        first, second = await world.extract(UNCLEAR), await world.extract(UNCLEAR, name="another")
    assert time.monotonic() - begun < 4
    assert outcomes(first) == [Outcome.RATE_LIMITED, Outcome.RESTING]
    assert outcomes(second) == [Outcome.RESTING, Outcome.RESTING], "it asked to be left alone"
    assert len(server.asked) == 1


async def test_a_service_that_fails_too_often_is_left_alone_and_tried_again_later(server: LlmServer) -> None:
    server.answer = trouble("status", code=500)
    async with world_with(settings(server, attempts=1, rest_after=2, rest_seconds=6)) as world:
        first = await world.extract(UNCLEAR)
        second = await world.extract(UNCLEAR, name="another")
        assert outcomes(first) == [Outcome.SERVER_ERROR, Outcome.SERVER_ERROR]
        assert outcomes(second) == [Outcome.RESTING, Outcome.RESTING]
        assert len(server.asked) == 2


async def test_the_documents_time_ends_all_waiting(server: LlmServer) -> None:
    server.answer = trouble("slow")
    begun = time.monotonic()
    async with world_with(settings(server, time_limit=30, document_time_limit=0.5)) as world:
        result = await world.extract(UNCLEAR)
    assert time.monotonic() - begun < 5
    assert outcomes(result) == [Outcome.TIMED_OUT, Outcome.TIMED_OUT]


async def test_the_questions_leave_the_handler_time_to_end(server: LlmServer) -> None:
    server.answer = trouble("slow")
    async with world_with(settings(server, time_limit=30, document_time_limit=600), time_limit=1.0) as world:
        begun = time.monotonic()
        await world.extract(UNCLEAR)
    assert time.monotonic() - begun < 5, "0.7 of the handler's second"


async def test_no_more_requests_at_once_than_allowed(server: LlmServer) -> None:
    server.answer = answering(silent, after=0.05)
    async with world_with(settings(server, concurrency=2, time_limit=5)) as world:
        await asyncio.gather(*(world.extract(UNCLEAR, name=str(number)) for number in range(6)))
        assert len(server.asked) >= 6
        assert server.most_at_once == 2


async def test_what_a_model_invents_is_on_record_as_ungrounded_and_nowhere_else(server: LlmServer) -> None:
    server.answer = answering(inventing)
    async with world_with(None) as alone, world_with(settings(server)) as world:
        without, result = await alone.extract(UNCLEAR), await world.extract(UNCLEAR)
    assert result.invoice == without.invoice
    assert result.evidence == without.evidence
    said = [answer.verdict for each in result.tried for answer in each.answers]
    assert set(said) == {Verdict.UNGROUNDED}
    assert len(said) > 10


async def test_key_and_document_are_in_no_log(server: LlmServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="invoiceflow_extract")
    server.answer = trouble("status", code=401)
    async with world_with(settings(server)) as world:
        await world.extract(UNCLEAR)
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in caplog.text
    assert "NW-2024-117" not in caplog.text


async def test_a_key_is_not_sent_in_the_clear_to_another_machine() -> None:
    with pytest.raises(ValueError, match="unencrypted"):
        LlmSettings(model="stub", base_url="http://models.example/v1", api_key=KEY)
    assert LlmSettings(model="stub", base_url="http://models.example/v1", plain_http=True).model == "stub"


async def test_a_redelivery_asks_nothing_and_gives_the_same_event(server: LlmServer) -> None:
    async with world_with(settings(server)) as world:
        first = await world.extract(UNCLEAR)
        asked = len(server.asked)
        again = await world.extract(UNCLEAR)
    assert again.model_dump_json() == first.model_dump_json()
    assert len(server.asked) == asked


async def test_another_model_makes_the_result_anew(server: LlmServer) -> None:
    async with world_with(settings(server)) as world:
        await world.extract(UNCLEAR)
    async with world_with(settings(server, model="other"), objects=world.objects) as newer:
        result = await newer.extract(UNCLEAR)
    assert {each.model for each in result.tried} == {"other"}
