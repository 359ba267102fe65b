"""What is paid for once, what is spent, and where it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from documents import UNCLEAR, world_with
from llm_server import LlmServer, answering, trouble
from models import honest, silent

from invoiceflow_chassis.errors import UnavailableError
from invoiceflow_chassis.objects.memory import MemoryObjectStore
from invoiceflow_contracts.extraction import Outcome
from invoiceflow_extract.llm import LlmSettings
from invoiceflow_extract.llm.ledger import Budget, Ledger, Price
from invoiceflow_extract.llm.ports import Usage

PRICE = Price(Decimal(2), Decimal(10))
SPENT = Usage(100_000, 20_000)  # 0.40


@pytest.fixture
async def server() -> AsyncIterator[LlmServer]:
    async with LlmServer.run(answering(honest)) as running:
        yield running


def settings(server: LlmServer, **changes: Any) -> LlmSettings:
    return LlmSettings(**{"model": "stub", "base_url": server.url, "time_limit": 2.0, **changes})


async def test_the_same_question_is_paid_for_once(server: LlmServer) -> None:
    async with world_with(settings(server)) as world:
        first = await world.extract(UNCLEAR, name="one")
        again = await world.extract(UNCLEAR, name="another file of the same text")
    assert len(server.asked) == 2
    assert [each.outcome for each in again.tried] == [Outcome.CACHED, Outcome.CACHED]
    assert [(each.requests, each.input_tokens) for each in again.tried] == [(0, 0), (0, 0)]
    assert again.invoice == first.invoice


async def test_another_tenant_pays_for_itself(server: LlmServer) -> None:
    async with world_with(settings(server)) as world:
        await world.extract(UNCLEAR)
        theirs = await world.extract(UNCLEAR, tenant="other")
    assert [each.outcome for each in theirs.tried] == [Outcome.ANSWERED, Outcome.ANSWERED]


@pytest.mark.parametrize("changed", [{"model": "other"}, {"cache": "off"}])
async def test_what_changes_the_answer_is_asked_anew(server: LlmServer, changed: dict[str, str]) -> None:
    async with world_with(settings(server)) as world:
        await world.extract(UNCLEAR)
    async with world_with(settings(server, **changed), objects=world.objects) as newer:
        result = await newer.extract(UNCLEAR, name="again")
    assert {each.outcome for each in result.tried} == {Outcome.ANSWERED}


async def test_answers_may_be_kept_in_memory_only(server: LlmServer) -> None:
    async with world_with(settings(server, cache="memory")) as world:
        await world.extract(UNCLEAR)
        again = await world.extract(UNCLEAR, name="again")
    assert {each.outcome for each in again.tried} == {Outcome.CACHED}
    assert not [key for bucket, key in world.objects.objects if "answers/" in key]


async def test_an_answer_that_is_no_answer_is_not_kept(server: LlmServer) -> None:
    server.answer = trouble("text", content="I would rather not.")
    async with world_with(settings(server, attempts=1)) as world:
        await world.extract(UNCLEAR)
        server.answer = answering(honest)
        result = await world.extract(UNCLEAR, name="again")
    assert {each.outcome for each in result.tried} == {Outcome.ANSWERED}


async def test_a_damaged_answer_counts_as_not_there(server: LlmServer) -> None:
    async with world_with(settings(server)) as world:
        await world.extract(UNCLEAR)
        for place, data in list(world.objects.objects.items()):
            if "answers/" in place[1]:
                world.objects.objects[place] = data[:-9] + b"x" * 9
        result = await world.extract(UNCLEAR, name="again")
    assert {each.outcome for each in result.tried} == {Outcome.ANSWERED}


async def test_over_budget_the_local_result_stands_and_says_so(server: LlmServer) -> None:
    broke = settings(server, price_input="1", price_output="1", budget_per_day="0.000001")
    async with world_with(None) as alone, world_with(broke) as world:
        without, result = await alone.extract(UNCLEAR), await world.extract(UNCLEAR)
    assert {each.outcome for each in result.tried} == {Outcome.OVER_BUDGET}
    assert result.invoice == without.invoice
    (finding,) = [each for each in result.findings if each.rule == "IF-LLM-SILENT"]
    assert "budget of the day is spent" in finding.message
    assert server.asked == []


async def test_the_budget_of_one_tenant_is_not_another_ones(server: LlmServer) -> None:
    tight = settings(server, tokens_per_day=12_000, max_output_tokens=4096, cache="off")
    async with world_with(tight) as world:
        ours = [await world.extract(UNCLEAR, name=str(number)) for number in range(40)]
        theirs = await world.extract(UNCLEAR, tenant="other")
    assert ours[-1].tried[-1].outcome is Outcome.OVER_BUDGET
    assert {each.outcome for each in theirs.tried} == {Outcome.ANSWERED}
    spent = sum(each.input_tokens + each.output_tokens for event in ours for each in event.tried)
    assert 0 < spent <= 12_000


async def test_requests_at_the_same_time_do_not_overdraw_the_budget(server: LlmServer) -> None:
    server.answer = answering(silent, after=0.2)
    tight = settings(server, tokens_per_day=14_000, max_output_tokens=4096, concurrency=8, cache="off")
    async with world_with(tight) as world:
        results = await asyncio.gather(*(world.extract(UNCLEAR, name=str(number)) for number in range(6)))
    answered = [each for event in results for each in event.tried if each.outcome is Outcome.ANSWERED]
    assert server.most_at_once <= 2, "each may need 4096 tokens for its answer and some for its question"
    assert answered


class World:
    """Two processes of one day, on one object store."""

    def __init__(self, **budget: Any) -> None:
        self.objects = MemoryObjectStore()
        self.seconds = 0.0
        self.time = datetime(2024, 3, 1, 23, 50, tzinfo=UTC)
        self.ours, self.theirs = (
            Ledger(
                self.objects,
                "invoiceflow-llm",
                prices={"m": PRICE},
                budget=Budget(**budget),
                clock=lambda: self.seconds,
                now=lambda: self.time,
            )
            for _ in range(2)
        )

    async def spend(self, ledger: Ledger, usage: Usage = SPENT, tenant: str = "default") -> bool:
        allowed = await ledger.reserve(tenant, "m", usage)
        if allowed:
            await ledger.settle(tenant, "m", "fields", usage, usage)
        return allowed


async def test_the_ledger_adds_up_what_all_processes_spend() -> None:
    world = World()
    await world.spend(world.ours)
    await world.spend(world.ours)
    await world.spend(world.theirs)
    assert await world.ours.spent("default") == (Decimal("1.2"), 360_000)
    assert await world.theirs.spent("default") == (Decimal("1.2"), 360_000)
    assert await world.ours.spent("other") == (0, 0)


async def test_the_ledger_says_what_for() -> None:
    world = World()
    await world.spend(world.ours)
    await world.ours.settle("default", "m", "lines", Usage(), Usage(1000, 0))
    (data,) = [data for (_, key), data in world.objects.objects.items() if "ledger/2024-03-01/" in key]
    entries = json.loads(data.partition(b"\n")[2])
    assert entries["fields m"] == {"requests": 1, "input_tokens": 100_000, "output_tokens": 20_000, "money": "0.4"}
    assert entries["lines m"]["input_tokens"] == 1000


async def test_what_another_process_spends_counts_within_seconds() -> None:
    world = World(money=Decimal(1))
    assert await world.spend(world.ours)
    assert await world.spend(world.theirs)
    world.seconds += 6
    assert not await world.spend(world.ours)
    assert not await world.spend(world.theirs)


async def test_what_is_set_aside_and_not_spent_is_given_back() -> None:
    world = World(tokens=120_000)
    assert await world.ours.reserve("default", "m", SPENT)
    assert not await world.ours.reserve("default", "m", Usage(1, 0))
    await world.ours.settle("default", "m", "fields", SPENT, Usage(10, 0))
    assert await world.ours.reserve("default", "m", Usage(100_000, 0))


async def test_a_new_day_is_a_new_budget() -> None:
    world = World(money=Decimal("0.4"))
    assert await world.spend(world.ours)
    assert not await world.spend(world.ours)
    world.time += timedelta(minutes=20)
    assert await world.spend(world.ours)


async def test_after_a_restart_what_was_spent_is_known() -> None:
    world = World(money=Decimal("0.4"))
    assert await world.spend(world.ours)
    assert not await world.spend(world.theirs)


async def test_without_the_store_what_the_process_knows_itself_counts() -> None:
    world = World(money=Decimal("0.5"))
    world.objects.fail_with = UnavailableError("storage_unavailable", "Away.")
    assert await world.spend(world.ours)
    assert not await world.spend(world.ours)


async def test_a_store_that_is_away_costs_no_document_its_answer(server: LlmServer) -> None:
    async with world_with(settings(server)) as world:
        assert world.step is not None
        await world.extract(UNCLEAR, name="warm")  # the rest of the document needs the store; the step does not
        asker = world.step.askers[0]
        world.objects.fail_with = UnavailableError("storage_unavailable", "Away.")
        assert await asker._answers.find("default", "0" * 64) is None  # type: ignore[union-attr]


def test_a_budget_needs_prices() -> None:
    with pytest.raises(ValueError, match="PRICE_INPUT"):
        LlmSettings(model="m", budget_per_day="1")
