"""Two models that have to agree, and what weighs more than a model."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from documents import PLAIN, UNCLEAR, world_with
from llm_server import LlmServer, answering, trouble
from models import ITEMS, TRUTH, honest, inventing, reading

from invoiceflow_contracts.events import InvoiceExtractedV1
from invoiceflow_contracts.extraction import Method, Outcome, Verdict
from invoiceflow_extract.llm import LlmSettings


@pytest.fixture
async def servers() -> AsyncIterator[tuple[LlmServer, LlmServer]]:
    async with LlmServer.run(answering(honest)) as first, LlmServer.run(answering(honest)) as second:
        yield first, second


def both(servers: tuple[LlmServer, LlmServer], **changes: Any) -> LlmSettings:
    first, second = servers
    keys = {"api_key": "first-key", "second_api_key": "second-key"}
    models = {"model": "one", "base_url": first.url, "second_model": "two", "second_base_url": second.url}
    return LlmSettings(**{**models, **keys, "time_limit": 1.0, "attempts": 1, **changes})


def verdicts(event: InvoiceExtractedV1, model: str) -> dict[str, Verdict]:
    return {a.pointer: a.verdict for each in event.tried if each.model == model for a in each.answers}


async def test_what_two_models_say_counts_and_is_surer(servers: tuple[LlmServer, LlmServer]) -> None:
    async with world_with(LlmSettings(model="one", base_url=servers[0].url)) as one, world_with(both(servers)) as two:
        alone, agreed = await one.extract(UNCLEAR), await two.extract(UNCLEAR)
    assert agreed.invoice == alone.invoice
    assert [each.model for each in agreed.tried] == ["one", "two", "one", "two"]
    doubt, left = (1 - each.evidence["/number"].confidence for each in (alone, agreed))
    assert left == pytest.approx(doubt / 2, abs=0.001)
    assert verdicts(agreed, "two")["/number"] is Verdict.ADDED


async def test_where_they_differ_nothing_counts(servers: tuple[LlmServer, LlmServer]) -> None:
    other = reading({**TRUTH, "/number": ("Kiel", "Kiel, the first")}, ITEMS[:1])
    servers[1].answer = answering(other)
    async with world_with(both(servers)) as world:
        result = await world.extract(UNCLEAR)
    assert result.invoice.number is None
    assert result.invoice.totals.gross == Decimal("297.50")
    assert result.invoice.lines == (), "one leaves out an item"
    for model in ("one", "two"):
        assert verdicts(result, model)["/number"] is Verdict.MODELS_DIFFER
        assert verdicts(result, model)["/lines/0/net"] is Verdict.MODELS_DIFFER


async def test_one_that_invents_agrees_with_nobody(servers: tuple[LlmServer, LlmServer]) -> None:
    servers[1].answer = answering(inventing)
    async with world_with(None) as alone, world_with(both(servers)) as world:
        without, result = await alone.extract(UNCLEAR), await world.extract(UNCLEAR)
    assert result.invoice == without.invoice
    assert verdicts(result, "two")["/number"] is Verdict.UNGROUNDED


async def test_while_one_is_silent_the_local_result_stands(servers: tuple[LlmServer, LlmServer]) -> None:
    servers[1].answer = trouble("status", code=500)
    async with world_with(None) as alone, world_with(both(servers)) as world:
        without, result = await alone.extract(UNCLEAR), await world.extract(UNCLEAR)
    assert result.invoice == without.invoice
    assert [each.outcome for each in result.tried[:2]] == [Outcome.ANSWERED, Outcome.SERVER_ERROR]
    assert "IF-LLM-SILENT" in {finding.rule for finding in result.findings}


async def test_each_server_gets_its_own_key(servers: tuple[LlmServer, LlmServer]) -> None:
    async with world_with(both(servers)) as world:
        await world.extract(UNCLEAR)
    async with world_with(both(servers, second_api_key="")) as world:
        await world.extract(UNCLEAR)
    first, second = servers
    assert {each.headers["authorization"] for each in first.asked} == {"Bearer first-key"}
    assert [each.headers["authorization"] for each in second.asked] == [
        *["Bearer second-key"] * 2,
        *["Bearer none"] * 2,
    ], "a key is for the server that it was given for"


WRONG_TOTAL = PLAIN.replace("Invoice number: NW-2024-117", "Our mark                 NW-2024-117")


async def test_a_model_that_errs_does_not_overrule_what_adds_up(servers: tuple[LlmServer, LlmServer]) -> None:
    """It takes the net total for the gross one; both are printed, and only one of them adds up."""
    errs = reading({**TRUTH, "/totals/gross": ("250.00", "Net total"), "/number": ("NW-2024-117", "Our mark")})
    servers[0].answer = answering(errs)
    only = LlmSettings(model="one", base_url=servers[0].url, ask_below=0.99)
    async with world_with(only) as world:
        result = await world.extract(WRONG_TOTAL)
    assert result.invoice.totals.gross == Decimal("297.50")
    assert result.evidence["/totals/gross"].method is Method.LOCAL
    assert verdicts(result, "one")["/totals/gross"] is Verdict.KEPT_LOCAL
    assert result.needs_review, "someone says otherwise, so a person should look"
    assert result.invoice.number == "NW-2024-117"


async def test_a_total_that_contradicts_the_others_is_not_added(servers: tuple[LlmServer, LlmServer]) -> None:
    total = "Total EUR                                            297.50"
    document = PLAIN.replace(total, "Seen and approved                                     12.00")
    wrong = reading({"/totals/gross": ("12.00", "Seen"), "/totals/payable": ("12.00", "Seen")})
    servers[0].answer = answering(wrong)
    async with world_with(None) as alone, world_with(LlmSettings(model="one", base_url=servers[0].url)) as world:
        without, result = await alone.extract(document), await world.extract(document)
    assert result.invoice.totals == without.invoice.totals
    assert result.invoice.totals.net == Decimal("250.00")
    assert verdicts(result, "one")["/totals/gross"] is Verdict.KEPT_LOCAL
