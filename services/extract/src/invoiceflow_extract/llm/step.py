"""The step that asks a language model: after the local engine, before the checks, and only where it may help."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from invoiceflow_contracts.extraction import Cost, Finding, Outcome, Tried, Verdict
from invoiceflow_contracts.layout import Layout
from invoiceflow_extract.checks import Origin, Subject, check
from invoiceflow_extract.llm.agreement import agreeing
from invoiceflow_extract.llm.answers import Read, parse, read_answer
from invoiceflow_extract.llm.asking import Asked, Asker
from invoiceflow_extract.llm.excerpt import Excerpt, Pages, read_pages
from invoiceflow_extract.llm.instructions import without_instructions
from invoiceflow_extract.llm.ledger import Price
from invoiceflow_extract.llm.metrics import QUESTIONS, SECONDS
from invoiceflow_extract.llm.pictures import Painter
from invoiceflow_extract.llm.ports import Question
from invoiceflow_extract.llm.prompts import load
from invoiceflow_extract.llm.questions import worth_asking
from invoiceflow_extract.llm.schema import schema_of
from invoiceflow_extract.llm.weighing import weigh
from invoiceflow_extract.ports import Extractor, Original
from invoiceflow_extract.reading import Reading
from invoiceflow_extract.rules import RULES

__all__ = ["Assisted", "LanguageModelStep"]

_ANSWERED = {Outcome.ANSWERED, Outcome.CACHED}


@dataclass(frozen=True)
class LanguageModelStep:
    """One model, or two that have to agree. Shared by all documents of a process.

    Args:
        askers: the model, and the second one where there is one.
        prices: by the model's name; without them money is not told.
        currency: of the prices, ISO 4217.
        ask_below: confidence of a local value below which the model is asked for it.
        max_characters: of the document in one question.
        time_limit: seconds for all questions about a document.
        clock: seconds that only grow; the askers' own.
        painter: draws the pages for models that see; None shows them the lines alone.
    """

    askers: tuple[Asker, ...]
    prices: dict[str, Price]
    currency: str
    ask_below: float
    max_characters: int
    time_limit: float
    clock: Callable[[], float]
    painter: Painter | None = None

    @property
    def version(self) -> str:
        """What a result depends on, besides the document: models and prompts."""
        models = "+".join(asker.model.name for asker in self.askers)
        seeing = " seeing" if self.painter is not None else ""
        return f"{models} {load('fields').version} {load('lines').version}{seeing}"

    async def close(self) -> None:
        """Let go of connections."""
        for asker in self.askers:
            await asker.model.close()

    def beside(self, local: Extractor, tenant: str, original: Original) -> "Assisted":
        """Return a reader of one document: ``local``, and the model where that leaves something to be asked."""
        return Assisted(self, local, tenant, original)


@dataclass
class Assisted:
    """Reads the pages of one document by the local engine and asks for the rest; keeps what was tried."""

    step: LanguageModelStep
    local: Extractor
    tenant: str
    original: Original
    tried: list[Tried] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    async def extract(self, layout: Layout, so_far: Reading) -> Reading:
        layout, told = await asyncio.to_thread(without_instructions, layout)
        if told:
            self.findings.append(_instruction(told))
        reading = await self.local.extract(layout, so_far)
        found = await asyncio.to_thread(check, Subject(reading.invoice, Origin.PAGE))
        wanted = worth_asking(reading, found, so_far, ask_below=self.step.ask_below)
        if not wanted:
            return reading
        pages = await asyncio.to_thread(read_pages, layout)
        deadline = self.step.clock() + self.step.time_limit
        # First the single values: with the totals known, it can be told whether the lines add up.
        for name, part in (("fields", wanted - {"/lines"}), ("lines", wanted & {"/lines"})):
            if part:
                reading = await self._ask(name, part, pages, reading, deadline)
        silent = [each for each in self.tried if each.outcome not in _ANSWERED]
        if silent:
            self.findings.append(_silence(silent))
        return reading

    @property
    def cost(self) -> Cost | None:
        """What was spent on the document, None where nothing was asked."""
        if not self.tried:
            return None
        return Cost(
            stage="llm",
            wall_seconds=round(sum(each.seconds for each in self.tried), 6),
            cpu_seconds=0,
            tokens=sum(each.input_tokens + each.output_tokens for each in self.tried),
            money=sum((each.money or Decimal(0) for each in self.tried), Decimal(0)) if self.step.prices else None,
            currency=self.step.currency if self.step.prices else None,
        )

    async def _ask(self, name: str, wanted: frozenset[str], pages: Pages, reading: Reading, deadline: float) -> Reading:
        limit = self.step.max_characters
        shown = pages.items(limit) if name == "lines" else pages.header(limit)
        if not shown.rows:
            return reading
        prompt = load(name)
        schema = schema_of(wanted)
        question = Question(
            name=name,
            prompt=prompt.version,
            system=prompt.text,
            user=shown.quoted(),
            schema=schema,
            images=await self._pictures(pages, shown),
        )
        # A server that does not know schemas is told by the prompt; one that does loses nothing by it.
        heads = {pointer.split("/")[1] for pointer in wanted}
        asked = await asyncio.gather(
            *(
                asker.ask(
                    self.tenant,
                    question,
                    deadline=deadline,
                    is_answer=lambda text: bool(heads & (parse(text) or {}).keys()),
                )
                for asker in self.step.askers
            )
        )
        reads = [await asyncio.to_thread(_read, each, wanted, shown, pages) for each in asked]
        given = [read for read in reads if read is not None]
        if len(given) == len(reads):
            read = reads[0] if len(reads) == 1 else agreeing(*given)
            assert read is not None  # noqa: S101 - as many as were asked
            weighed = await asyncio.to_thread(weigh, reading, read, agreed=len(reads) > 1)
            reading = weighed.reading
            for found in given:
                _note(found, read, weighed.verdicts)
        else:  # one alone is not enough where two have to agree
            for found in given:
                _note(found, Read(), {})
        for asker, each, own in zip(self.step.askers, asked, reads, strict=True):
            self._record(asker, question, sorted(wanted), each, own)
        return reading

    async def _pictures(self, pages: Pages, shown: Excerpt) -> tuple[str, ...]:
        if self.step.painter is None:
            return ()
        turns = {number: pages.turns[number] for number in shown.pages}
        return await self.step.painter.draw(await self.original.read(), self.original.media_type, turns)

    def _record(self, asker: Asker, question: Question, wanted: list[str], asked: Asked, read: Read | None) -> None:
        model = asker.model.name
        price = self.step.prices.get(model)
        QUESTIONS.labels(model, question.name, asked.outcome.value).inc()
        SECONDS.labels(model, question.name).observe(asked.seconds)
        self.tried.append(
            Tried(
                question=question.name,
                asked=tuple(wanted),
                model=model,
                prompt=question.prompt,
                outcome=asked.outcome,
                message=asked.message,
                requests=asked.requests,
                input_tokens=asked.usage.input_tokens,
                output_tokens=asked.usage.output_tokens,
                money=price.of(asked.usage) if price is not None else None,
                currency=self.step.currency if price is not None else None,
                seconds=round(asked.seconds, 6),
                answers=tuple(read.record.values()) if read is not None else (),
            )
        )


def _read(asked: Asked, wanted: frozenset[str], shown: Excerpt, pages: Pages) -> Read | None:
    answer = parse(asked.reply.text) if asked.reply is not None else None
    return read_answer(answer, wanted, shown, pages.seen) if answer is not None else None


def _note(each: Read, stands: Read, verdicts: dict[str, Verdict]) -> None:
    """Write into a model's record what became of its values in the end."""
    for pointer, answer in each.record.items():
        if answer.verdict is Verdict.ADDED:
            each.record[pointer] = answer.model_copy(update={"verdict": _verdict(pointer, stands, verdicts)})


def _verdict(pointer: str, stands: Read, verdicts: dict[str, Verdict]) -> Verdict:
    head = "/" + pointer.split("/")[1]
    if pointer in verdicts:
        return verdicts[pointer]
    return verdicts[head] if head in stands.rows and head in verdicts else Verdict.MODELS_DIFFER


def _silence(silent: list[Tried]) -> Finding:
    last = silent[-1]
    return RULES["IF-LLM-SILENT"].finding(
        f"The language model gave no answer: {last.message or last.outcome.value} What the local engine read stands.",
        pointers=sorted({pointer for each in silent for pointer in each.asked}),
        values={"model": last.model, "outcome": last.outcome.value},
    )


def _instruction(told: tuple[str, ...]) -> Finding:
    return RULES["IF-LLM-INSTRUCTION"].finding(
        "The document contains text that speaks to a program, not to a reader. It was left out and changed nothing; look at who sent it.",
        values={"text": " ".join(told)[:300]},
    )
