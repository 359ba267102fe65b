"""Everything that is measured of the stack, in one go: the same documents, cores and minutes for it and for what it stands beside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from invoiceflow_evaluation.bench.baselines import Baseline, bare_docling, bare_rapidocr
from invoiceflow_evaluation.bench.documents import Material
from invoiceflow_evaluation.bench.stack.engine import Usage, usage_of
from invoiceflow_evaluation.bench.stack.light import Waits, measure_light
from invoiceflow_evaluation.bench.stack.load import closed, opened
from invoiceflow_evaluation.bench.stack.materials import Variants, einvoices
from invoiceflow_evaluation.bench.stack.outcomes import Outcomes
from invoiceflow_evaluation.bench.stack.project import Stack
from invoiceflow_evaluation.bench.stack.runs import Run, measure_run

__all__ = ["Soak", "StackFigures", "StackPlan", "measure_soak", "measure_stack"]

_CLIENTS = 16
_PATIENCE_SECONDS = 240.0
_RUNS = 2
_LOADED = 0.8
"""Share of the measured capacity at which latency under load is taken."""


@dataclass(frozen=True)
class StackPlan:
    """How much of what."""

    root: Path
    """The repository, with docker-compose.yml."""
    text: Sequence[Material]
    """One-page PDFs with text."""
    scans: Sequence[Material]
    """Scanned pages."""
    say: Callable[[str], None]
    """Told what is being measured."""
    einvoices: int = 1000
    texts: int = 400
    scanned: int = 12
    readers: tuple[int, ...] = (1, 2, 4)
    light: int = 50
    loaded_seconds: float = 15.0


@dataclass
class StackFigures:
    """What was found."""

    read_model: str
    """The image that keeps the read model."""
    docling: list[float] = field(default_factory=list)
    """Bare docling's text pages a second, alone on the machine, before and after the stack's turn."""
    rapidocr: list[float] = field(default_factory=list)
    """Likewise RapidOCR's scanned pages."""
    einvoices: list[Run] = field(default_factory=list)
    text: dict[str, Run] = field(default_factory=dict)
    """By readers."""
    scans: dict[str, Run] = field(default_factory=dict)
    light: dict[str, Waits] = field(default_factory=dict)
    loaded: dict[str, Run] = field(default_factory=dict)


@dataclass
class Soak:
    """A long load in equal parts."""

    part: int
    """Documents in each."""
    runs: list[Run] = field(default_factory=list)
    memory: list[dict[str, int]] = field(default_factory=list)
    """Bytes of each service after each part."""

    def growth(self) -> dict[str, float]:
        """Return the memory at the end over that after the first part, by service."""
        return {service: self.memory[-1][service] / first for service, first in self.memory[0].items()}


async def measure_stack(plan: StackPlan) -> StackFigures:
    """Measure bare docling and RapidOCR, then the stack, then those again while the stack is stopped."""
    with TemporaryDirectory(prefix="invoiceflow-bench-") as folder:
        plan.say("bare docling and RapidOCR, alone")
        docling, rapidocr = await _baselines(plan)
        plan.say("building and starting the stack")
        async with Stack.running(plan.root, Path(folder)) as stack:
            figures = StackFigures(stack.read_model, [docling], [rapidocr])
            await _measure_loads(plan, stack, figures)
            plan.say("bare docling and RapidOCR again, the stack stopped")
            await stack.stop()
            docling, rapidocr = await _baselines(plan)
    figures.docling.append(docling)
    figures.rapidocr.append(rapidocr)
    return figures


async def _baselines(plan: StackPlan) -> tuple[float, float]:
    rates = []
    for make, documents in ((bare_docling, plan.text), (bare_rapidocr, plan.scans)):
        data = [material.data for material in documents]
        with Baseline.running(make) as baseline:
            await baseline.seconds(data[:2])
            rates.append(len(data) / await baseline.seconds(data))
    return rates[0], rates[1]


async def _measure_loads(plan: StackPlan, stack: Stack, figures: StackFigures) -> None:
    xml, text, scans = einvoices(), Variants.of_pdfs(plan.text), Variants.of_pdfs(plan.scans)
    async with Outcomes.followed(stack.kafka_port) as outcomes:

        async def run(documents: Sequence[Material]) -> Run:
            load = closed(stack.port, stack.api_key, documents, clients=_CLIENTS)
            found = await measure_run(stack, outcomes, load, seconds=_PATIENCE_SECONDS)
            plan.say(
                f"  {found.rate_shown:.1f} a second, {found.cpu_seconds * 1000 / found.documents:.1f} ms of processor time each"
            )
            return found

        async def run_at(rate: float, variants: Variants) -> Run:
            documents = variants.take(round(rate * plan.loaded_seconds))
            load = opened(stack.port, stack.api_key, documents, rate=rate)
            return await measure_run(stack, outcomes, load, seconds=_PATIENCE_SECONDS)

        plan.say("warming up")
        await run(xml.take(2 * plan.einvoices))  # until the Java servers have compiled what they run
        await run(text.take(plan.texts // 2))
        plan.say("one text page at a time")
        figures.light["text"] = await measure_light(stack, outcomes, text.take(plan.light), pause=0.2)
        plan.say("e-invoices")
        figures.einvoices += [await run(xml.take(plan.einvoices)) for _ in range(_RUNS)]
        plan.say("e-invoices at 80 % of that")
        rate = max(one.rate_shown for one in figures.einvoices)
        figures.loaded["e-invoices"] = await run_at(_LOADED * rate, xml)
        for readers in plan.readers:
            await stack.start(readers=readers)
            plan.say(f"text pages, {readers} readers")
            await run(text.take(2 * _CLIENTS))
            figures.text[str(readers)] = await run(text.take(plan.texts))
            if readers == plan.readers[0]:
                plan.say("text pages at 80 % of that")
                figures.loaded["text"] = await run_at(_LOADED * figures.text[str(readers)].rate_shown, text)
        for readers, threads in [(1, 1), *((readers, 0) for readers in plan.readers)]:
            await stack.start(readers=readers, threads=threads)
            plan.say(f"scans, {readers} readers of {threads or 'their share of'} threads")
            await run(scans.take(2 * readers))
            figures.scans[f"{readers}/{threads}"] = await run(scans.take(plan.scanned))


async def measure_soak(plan: StackPlan, *, documents: int, part: int = 1000) -> Soak:
    """Send ``documents`` e-invoices through, and look at every service's memory after each part."""
    soak = Soak(part)
    with TemporaryDirectory(prefix="invoiceflow-bench-") as folder:
        plan.say("building and starting the stack")
        async with (
            Stack.running(plan.root, Path(folder)) as stack,
            Outcomes.followed(stack.kafka_port) as outcomes,
        ):
            xml = einvoices()
            for number in range(documents // part):
                plan.say(f"e-invoices {number * part} to {(number + 1) * part}")
                load = closed(stack.port, stack.api_key, xml.take(part), clients=_CLIENTS)
                soak.runs.append(await measure_run(stack, outcomes, load, seconds=_PATIENCE_SECONDS))
                usage: dict[str, Usage] = await usage_of(stack.project)
                soak.memory.append({service: used.memory_bytes for service, used in sorted(usage.items())})
    return soak
