"""``python -m invoiceflow_evaluation.bench``: latency of the embedded default, pages a second of the OCR service, the stack, and queries."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from invoiceflow_chassis.errors import InvoiceflowError
from invoiceflow_evaluation.bench.baselines import DPI, Baseline, Reader, bare_docling, bare_rapidocr
from invoiceflow_evaluation.bench.documents import Material, generated, in_folder
from invoiceflow_evaluation.bench.einvoice import EInvoiceCost, e_invoice_costs
from invoiceflow_evaluation.bench.environment import environment
from invoiceflow_evaluation.bench.latency import LatencyError, Stages, measure
from invoiceflow_evaluation.bench.queries import QueryFigures, QueryPlan, measure_queries
from invoiceflow_evaluation.bench.query_load import LoadError
from invoiceflow_evaluation.bench.query_page import query_section
from invoiceflow_evaluation.bench.query_report import print_queries
from invoiceflow_evaluation.bench.server import ServerError, last_words, running_server
from invoiceflow_evaluation.bench.stack.command import run_soak, run_stack, why_no_stack
from invoiceflow_evaluation.bench.stack.outcomes import UnfinishedError
from invoiceflow_evaluation.bench.stack.page import write_section
from invoiceflow_evaluation.bench.stack.project import StackError
from invoiceflow_evaluation.bench.throughput import Comparison, OcrService, compare
from invoiceflow_evaluation.terminal import console_for_tables
from invoiceflow_ocr.settings import OcrSettings
from invoiceflow_standalone.cli.errors import CommandError

__all__ = ["main"]

TARGET_MEDIAN_SECONDS = 0.4
TARGET_TEXT, TARGET_SCAN = 5.0, 1.7
TARGET_E_INVOICE_MS = 8.0
"""Processor time for an e-invoice of 50 lines."""
_E_INVOICE_LINES = (50, 500)
_WARM_UP = 8
_STACK_PAGES = {False: 40, True: 8}
"""Pages that the stack and the engines as they come read, with text and scanned."""


class Part(StrEnum):
    """What can be measured by itself."""

    LATENCY = "latency"
    EINVOICE = "einvoice"
    TEXT = "text"
    SCAN = "scan"
    STACK = "stack"
    SOAK = "soak"
    QUERIES = "queries"


UNASKED = tuple(part for part in Part if part is not Part.SOAK)
"""What is measured where nobody says what."""


def bench(  # noqa: PLR0917 - typer's way to say options
    folder: Annotated[
        Path | None, typer.Option("--dir", help="One-page PDFs from this folder instead of generated ones.")
    ] = None,
    count: Annotated[int, typer.Option(min=5, help="Documents sent for the latency.")] = 50,
    pages: Annotated[int, typer.Option(min=2, help="Text pages read by the OCR service.")] = 20,
    scans: Annotated[int, typer.Option(min=2, help="Scanned pages read by the OCR service.")] = 6,
    turns: Annotated[int, typer.Option(min=1, help="How often each side reads them.")] = 3,
    invoices: Annotated[int, typer.Option(min=1000, help="Invoices in the read model that is queried.")] = 100_000,
    clients: Annotated[int, typer.Option(min=1, help="How many query at the same time.")] = 25,
    rate: Annotated[float, typer.Option(min=1, help="Queries a second of the open load.")] = 200.0,
    seconds: Annotated[float, typer.Option(min=1, help="How long each load of queries lasts.")] = 30.0,
    cache: Annotated[Path, typer.Option(help="Where filled read models are kept.")] = Path("var/bench"),
    mongodb: Annotated[
        str | None,
        typer.Option(
            envvar="INVOICEFLOW_QUERY_MONGODB_URI", help="Query a read model in this MongoDB instead of SQLite."
        ),
    ] = None,
    documents: Annotated[int, typer.Option(min=2000, help="E-invoices sent through the stack as a soak.")] = 10_000,
    page: Annotated[
        Path | None, typer.Option(help="Write the figures of stack and queries into this page (docs/benchmarks.md).")
    ] = None,
    parts: Annotated[
        list[Part] | None,
        typer.Option("--part", help="Only this part; may be repeated. The soak is run only when asked for."),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write every figure there.")] = None,
) -> None:
    """Measure how fast documents become invoices, how fast pages are read, and how fast invoices are found."""
    console = console_for_tables()
    wanted = parts or list(UNASKED)

    def choose(number: int, *, scanned: bool) -> list[Material]:
        return generated(number, scanned=scanned) if folder is None else in_folder(folder, number, scanned=scanned)

    conditions = environment()
    figures: dict[str, Any] = {"environment": conditions}
    _print_environment(console, conditions)
    try:
        if Part.LATENCY in wanted:
            one_page = _enough(choose(count + _WARM_UP, scanned=False), _WARM_UP + 1)
            stages = asyncio.run(_latency(one_page))
            figures["latency"] = _print_latency(console, stages, len(one_page) - _WARM_UP)
        if Part.EINVOICE in wanted:
            figures["einvoice"] = _print_e_invoices(
                console, asyncio.run(e_invoice_costs(_E_INVOICE_LINES, turns=count))
            )
        if Part.TEXT in wanted:
            text = _enough(choose(pages, scanned=False), 2)
            comparison = asyncio.run(_throughput(text, "text", turns, bare_docling))
            figures["text"] = _print_comparison(
                console, f"{len(text)} text pages", "bare docling NativePdfPipeline", comparison, TARGET_TEXT
            )
        if Part.SCAN in wanted:
            scanned = _enough(choose(scans, scanned=True), 2)
            comparison = asyncio.run(_throughput(scanned, "scan", turns, bare_rapidocr))
            figures["scan"] = _print_comparison(
                console, f"{len(scanned)} scanned pages", f"bare RapidOCR at {DPI} dpi", comparison, TARGET_SCAN
            )
        figures |= _on_stack(console, wanted, choose, documents, conditions, page, insist=bool(parts))
        if Part.QUERIES in wanted:
            cache.mkdir(parents=True, exist_ok=True)
            plan = QueryPlan(invoices, clients, rate, seconds, cache, mongodb)
            figures["queries"] = print_queries(console, plan, asyncio.run(_queries(plan)))
            if page is not None:
                write_section(page, "queries", query_section(conditions, figures["queries"]))
    except (
        LatencyError,
        LoadError,
        ServerError,
        CommandError,
        InvoiceflowError,
        StackError,
        UnfinishedError,
        ValueError,
    ) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    if json_file is not None:
        json_file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _on_stack(  # noqa: PLR0917
    console: Console,
    wanted: Sequence[Part],
    choose: Callable[..., list[Material]],
    documents: int,
    conditions: Mapping[str, str],
    page: Path | None,
    *,
    insist: bool,
) -> dict[str, Any]:
    """Measure what is wanted of the stack; where there can be none, say so, or fail if someone insists."""
    root = Path.cwd()
    if not {Part.STACK, Part.SOAK} & set(wanted):
        return {}
    if reason := why_no_stack(root):
        if insist:
            raise StackError(reason)
        console.print(reason, style="yellow", markup=False)
        return {}
    figures: dict[str, Any] = {}
    if Part.STACK in wanted:
        text, scans = (_enough(choose(_STACK_PAGES[scanned], scanned=scanned), 2) for scanned in (False, True))
        figures["stack"] = run_stack(console, root, text, scans, conditions, page)
    if Part.SOAK in wanted:
        figures["soak"] = run_soak(console, root, documents, conditions, page)
    return figures


def _enough(documents: list[Material], least: int) -> list[Material]:
    if len(documents) < least:
        raise ValueError(f"only {len(documents)} documents of that kind were found, {least} are needed")
    return documents


async def _latency(documents: list[Material]) -> Stages:
    with TemporaryDirectory(prefix="invoiceflow-bench-") as folder, _progress("latency") as advance:
        paths = await asyncio.to_thread(_written, documents, Path(folder) / "documents")
        async with running_server(Path(folder)) as client:
            try:
                return await measure(client, paths[:_WARM_UP], paths[_WARM_UP:], advance)
            except LatencyError as error:
                words = await asyncio.to_thread(last_words, Path(folder))
                raise LatencyError(f"{error}. The server's last words:\n{words}") from error


def _written(documents: Sequence[Material], folder: Path) -> list[Path]:
    folder.mkdir()
    paths = []
    for number, material in enumerate(documents):
        path = folder / f"{number:03}-{material.name}"
        path.write_bytes(material.data)
        paths.append(path)
    return paths


async def _throughput(documents: list[Material], name: str, turns: int, baseline: Callable[[], Reader]) -> Comparison:
    with (
        TemporaryDirectory(prefix="invoiceflow-bench-") as folder,
        _progress(f"{name} pages") as advance,
        Baseline.running(baseline) as theirs,
    ):
        async with OcrService.running(Path(folder), OcrSettings(warm=False)) as service:
            return await compare(service, theirs, documents, turns=turns, name=name, on_end=advance)


async def _queries(plan: QueryPlan) -> QueryFigures:
    with Progress(
        TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    ) as progress:
        task = progress.add_task("queries", total=None)
        return await measure_queries(plan, lambda what: progress.update(task, description=f"queries: {what}"))


@contextmanager
def _progress(what: str) -> Iterator[Callable[[], None]]:
    columns = TextColumn("{task.description} {task.completed:.0f}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda: progress.advance(task)


def _print_environment(console: Console, conditions: Mapping[str, str]) -> None:
    table = Table.grid(padding=(0, 2))
    for name, value in conditions.items():
        table.add_row(name, value)
    console.print(table, "")


def _print_e_invoices(console: Console, costs: Sequence[EInvoiceCost]) -> list[dict[str, Any]]:
    table = Table(title="E-invoices, read and checked: processor time in milliseconds, median", title_justify="left")
    for name in ("syntax", "lines", "bytes", "ms", "target"):
        table.add_column(name, justify="left" if name == "syntax" else "right")
    for cost in costs:
        target = f"{TARGET_E_INVOICE_MS:.0f}" if cost.lines == _E_INVOICE_LINES[0] else ""
        table.add_row(cost.syntax, str(cost.lines), str(cost.size), f"{1000 * cost.cpu_seconds:.1f}", target)
    console.print(table, "")
    return [asdict(cost) for cost in costs]


def _print_latency(console: Console, stages: Stages, documents: int) -> dict[str, Any]:
    rows = {
        "upload -> accepted (202)": stages.accepted,
        "received -> read (ocr, with Kafka and stores)": stages.read,
        "read -> extracted (extract, with Kafka and stores)": stages.extracted,
        "upload -> invoice.extracted, by the event's time": stages.by_event,
        "upload -> invoice.extracted, seen over SSE": stages.seen,
    }
    table = Table(title=f"One-page text PDFs, one at a time: {documents} documents, milliseconds", title_justify="left")
    table.add_column("stage", no_wrap=True)
    for name in ("min", "p50", "p90", "p99", "max"):
        table.add_column(name, justify="right")
    for name, distribution in rows.items():
        table.add_row(name, *(f"{value * 1000:.0f}" for value in distribution.summary().values()))
    console.print(table)
    middle = stages.seen.median
    _print_verdict(
        console,
        f"median {middle * 1000:.0f} ms",
        f"at most {TARGET_MEDIAN_SECONDS * 1000:.0f} ms",
        met=middle <= TARGET_MEDIAN_SECONDS,
    )
    return {name: distribution.summary() for name, distribution in rows.items()}


def _print_comparison(
    console: Console, title: str, baseline: str, comparison: Comparison, target: float
) -> dict[str, Any]:
    turns = len(comparison.ours)
    table = Table(title=f"{title}, {turns} turns: pages a second", title_justify="left")
    for name in ("", "median turn", "slowest", "fastest"):
        table.add_column(name, justify="right" if name else "left")
    for name, rates in (("the OCR service", comparison.ours), (baseline, comparison.theirs)):
        table.add_row(name, *(f"{rate:.2f}" for rate in (median(rates), min(rates), max(rates))))
    console.print(table)
    _print_verdict(console, f"{comparison.ratio:.1f} times", f"at least {target} times", met=comparison.ratio >= target)
    return {"ours": comparison.ours, "theirs": comparison.theirs, "ratio": comparison.ratio}


def _print_verdict(console: Console, measured: str, target: str, *, met: bool) -> None:
    console.print(
        f"{measured}; target {target}: {'met' if met else 'missed'}\n", style="green" if met else "red", highlight=False
    )


def main() -> None:
    """Run the command."""
    typer.run(bench)


if __name__ == "__main__":
    main()
