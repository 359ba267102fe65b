"""Asking a model with patience and within limits: cache, budget, breaker, retries, deadline."""

import asyncio
import hashlib
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from invoiceflow_contracts.extraction import Outcome
from invoiceflow_extract.llm.breaker import Breaker
from invoiceflow_extract.llm.ports import Answers, Model, Purse, Question, Reply, SilenceError, Usage

__all__ = ["Asked", "Asker"]

_FIRST_WAIT = 0.5  # seconds; doubled for each further attempt
_LONGEST_WAIT = 8.0
_SHORT_REST = 5.0
"""Seconds for which a document rather waits than goes without."""


@dataclass(frozen=True)
class Asked:
    """How a question ended."""

    outcome: Outcome
    reply: Reply | None = None
    message: str | None = None
    requests: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0


class Asker:
    """One model with all that stands around it. Shared by all documents of a process."""

    def __init__(
        self,
        model: Model,
        *,
        answers: Answers | None,
        purse: Purse,
        breaker: Breaker,
        slots: asyncio.Semaphore,
        attempts: int,
        max_output_tokens: int,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._model = model
        self._answers = answers
        self._purse = purse
        self._breaker = breaker
        self._slots = slots
        self._attempts = attempts
        self._max_output_tokens = max_output_tokens
        self._clock = clock
        self._sleep = sleep
        self._chance = chance

    @property
    def model(self) -> Model:
        return self._model

    async def ask(self, tenant: str, question: Question, *, deadline: float, is_answer: Callable[[str], bool]) -> Asked:
        """Return how the question ended; never raises for trouble with the service.

        Args:
            tenant: whose budget and cache it is.
            question: what to ask.
            deadline: by ``clock``; what is not there by then will not be waited for.
            is_answer: whether a text has the shape of an answer. One that has not is asked for again, and never kept.
        """
        begun = self._clock()
        key = self._key(question)
        if self._answers is not None:
            kept = await self._answers.find(tenant, key)
            if kept is not None and is_answer(kept.text):
                return Asked(Outcome.CACHED, kept, seconds=self._clock() - begun)
        progress = _Progress()
        try:
            async with asyncio.timeout(max(0.0, deadline - self._clock())):
                asked = await self._insist(tenant, question, deadline, is_answer, progress)
        except TimeoutError:
            asked = Asked(Outcome.TIMED_OUT, message="There was no time left to wait for the service.")
        if asked.reply is not None and self._answers is not None:
            await self._answers.keep(tenant, key, asked.reply)
        return Asked(
            asked.outcome,
            asked.reply,
            asked.message,
            progress.requests,
            progress.usage,
            max(0.0, self._clock() - begun),
        )

    async def _insist(
        self,
        tenant: str,
        question: Question,
        deadline: float,
        is_answer: Callable[[str], bool],
        progress: "_Progress",
    ) -> Asked:
        silence: SilenceError | None = None
        for attempt in range(1, self._attempts + 1):
            if silence is not None:
                wait = self._wait(attempt, silence)
                if self._clock() + wait >= deadline:
                    break
                await self._sleep(wait)
            async with self._slots:
                try:
                    return Asked(Outcome.ANSWERED, await self._once(tenant, question, is_answer, progress))
                except SilenceError as error:
                    if silence is None or error.outcome is not Outcome.RESTING:
                        silence = error  # the reason why it rests says more than that it rests
                    if not error.again:
                        break
        assert silence is not None  # noqa: S101 - there is at least one attempt
        return Asked(silence.outcome, message=silence.message)

    async def _once(
        self, tenant: str, question: Question, is_answer: Callable[[str], bool], progress: "_Progress"
    ) -> Reply:
        if not self._breaker.admits():
            rest = self._breaker.rest()
            raise SilenceError(
                Outcome.RESTING,
                "The service failed too often just now, or asked for it, and is left alone.",
                again=0 < rest <= _SHORT_REST,
                retry_after=rest,
            )
        expected = Usage(_tokens(question), self._max_output_tokens, estimated=True)
        allowed = False
        try:
            allowed = await self._purse.reserve(tenant, self._model.name, expected)
        finally:
            if not allowed:
                self._breaker.dropped()
        if not allowed:
            raise SilenceError(Outcome.OVER_BUDGET, "The tenant's budget of the day is spent.", again=False)
        progress.requests += 1
        # Until it is known better: a request that is given up may have been charged for.
        spent, heard = Usage(expected.input_tokens, 0, estimated=True), False
        try:
            reply = await self._model.ask(question)
            spent, heard = reply.usage, True
            self._breaker.succeeded()
        except SilenceError as error:
            spent, heard = error.usage, True
            self._note(error)
            raise
        finally:
            if not heard:
                self._breaker.dropped()
            progress.usage += spent
            await self._purse.settle(tenant, self._model.name, question.name, expected, spent)
        if not is_answer(reply.text):
            raise SilenceError(Outcome.INVALID_ANSWER, "The answer has not the shape that was asked for.", again=True)
        return reply

    def _note(self, error: SilenceError) -> None:
        if error.outcome in {Outcome.REFUSED, Outcome.INVALID_ANSWER}:
            self._breaker.succeeded()
        else:
            self._breaker.failed(not_within=error.retry_after or 0.0)

    def _wait(self, attempt: int, silence: SilenceError) -> float:
        """Seconds before the next attempt: twice as long each time, with jitter, never less than was asked for."""
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (attempt - 2))
        jittered = longest * (0.5 + 0.5 * self._chance())
        return jittered if silence.retry_after is None else silence.retry_after + 0.1 * jittered

    def _key(self, question: Question) -> str:
        """What an answer depends on: the model, and the question to the last character."""
        parts = (
            self._model.address,
            self._model.name,
            question.prompt,
            question.system,
            question.user,
            json.dumps(question.schema, sort_keys=True),
            *question.images,
        )
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass
class _Progress:
    """What was spent so far, known also where the deadline ends the question."""

    requests: int = 0
    usage: Usage = field(default_factory=Usage)


def _tokens(question: Question) -> int:
    """Return about how many tokens the question has: rather too many than too few."""
    schema = len(json.dumps(question.schema))
    return (len(question.system) + len(question.user) + schema) // 3 + 1500 * len(question.images)
