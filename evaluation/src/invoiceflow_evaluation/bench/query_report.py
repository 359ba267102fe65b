"""What the query load found, as tables and as figures."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from invoiceflow_evaluation.bench.distribution import Distribution
from invoiceflow_evaluation.bench.queries import QueryFigures, QueryPlan
from invoiceflow_evaluation.bench.query_load import Load

__all__ = ["TARGET_P99_SECONDS", "print_queries"]

TARGET_P99_SECONDS = 0.05
_SHOWN = ("p50", "p90", "p99", "max")


def print_queries(console: Console, plan: QueryPlan, figures: QueryFigures) -> dict[str, Any]:
    """Print the tables; return every figure."""
    console.print(f"GET /v1/invoices on {plan.invoices:,} invoices in {figures.store}", style="bold", highlight=False)
    if figures.filled.events:
        rate = figures.filled.events / figures.filled.seconds
        console.print(
            f"filled by {figures.filled.events:,} events in {figures.filled.seconds:.0f} s: {rate:,.0f} a second",
            highlight=False,
        )
    _print_load(
        console, f"closed load, {plan.clients} clients without a pause", figures.closed, figures.closed_server_cpu
    )
    _print_load(
        console,
        f"open load, {plan.rate:g} requests a second by {plan.clients} clients",
        figures.opened,
        figures.opened_server_cpu,
    )
    closed, opened = figures.closed.distributions(), figures.opened.distributions()
    table = Table(title="Milliseconds by what is asked", title_justify="left")
    table.add_column("asked", no_wrap=True)
    table.add_column("found", justify="right")
    for load in ("closed", "open"):
        for name in ("n", *_SHOWN):
            table.add_column(f"{load} {name}" if name == "n" else name, justify="right")
    for shape, found in figures.found.items():
        table.add_row(shape, str(found), *_cells(closed.get(shape)), *_cells(opened.get(shape)))
    table.add_section()
    table.add_row("all", "", *_cells(figures.closed.overall()), *_cells(figures.opened.overall()))
    console.print(table)
    _print_verdict(console, "closed", figures.closed)
    _print_verdict(console, "open", figures.opened)
    return {
        "invoices": plan.invoices,
        "store": figures.store,
        "filled": {"events": figures.filled.events, "seconds": figures.filled.seconds},
        "closed": _figures(figures.closed, figures.closed_server_cpu, _in_order(figures, closed)),
        "open": {
            "rate wanted": plan.rate,
            **_figures(figures.opened, figures.opened_server_cpu, _in_order(figures, opened)),
        },
    }


def _print_load(console: Console, title: str, load: Load, server_cpu: float | None) -> None:
    server = "unknown" if server_cpu is None else f"{server_cpu / load.seconds:.2f}"
    console.print(
        f"{title}: {load.rate:.0f} answers a second for {load.seconds:.0f} s; processors taken by the clients "
        f"{load.client_cpu / load.seconds:.2f}, by the server {server}",
        highlight=False,
    )


def _cells(distribution: Distribution | None) -> list[str]:
    if distribution is None:
        return [""] * (1 + len(_SHOWN))
    summary = distribution.summary()
    return [str(len(distribution.values)), *(f"{summary[name] * 1000:.1f}" for name in _SHOWN)]


def _print_verdict(console: Console, name: str, load: Load) -> None:
    worst = {shape: each.percentile(99) for shape, each in load.distributions().items()}
    missed = {shape: p99 for shape, p99 in worst.items() if p99 > TARGET_P99_SECONDS}
    p99 = load.overall().percentile(99)
    console.print(
        f"{name} load: p99 of all answers {p99 * 1000:.0f} ms; target {TARGET_P99_SECONDS * 1000:.0f} ms, for each of "
        f"{len(worst)} kinds of question: " + ("met" if not missed else f"missed by {len(missed)}"),
        style="green" if not missed else "red",
        highlight=False,
    )


def _in_order(figures: QueryFigures, shapes: Mapping[str, Distribution]) -> dict[str, Distribution]:
    return {shape: shapes[shape] for shape in figures.found if shape in shapes}


def _figures(load: Load, server_cpu: float | None, shapes: Mapping[str, Distribution]) -> dict[str, Any]:
    return {
        "seconds": load.seconds,
        "answers a second": load.rate,
        "client processor seconds": load.client_cpu,
        "server processor seconds": server_cpu,
        "all": load.overall().summary(),
        "shapes": {shape: {"n": len(each.values), **each.summary()} for shape, each in shapes.items()},
    }
