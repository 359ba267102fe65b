"""The stack's part of ``python -m invoiceflow_evaluation.bench``."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shutil import which
from typing import Any

from rich.console import Console
from rich.table import Table

from invoiceflow_evaluation.bench.documents import Material
from invoiceflow_evaluation.bench.stack.engine import engine_answers
from invoiceflow_evaluation.bench.stack.figures import soak_figures, stack_figures
from invoiceflow_evaluation.bench.stack.measuring import StackPlan, measure_soak, measure_stack
from invoiceflow_evaluation.bench.stack.page import soak_section, stack_section, write_section
from invoiceflow_evaluation.bench.stack.plot import stack_plot
from invoiceflow_evaluation.bench.stack.project import read_model_image
from invoiceflow_evaluation.bench.stack.verdicts import Verdict, soak_verdicts, stack_verdicts

__all__ = ["run_soak", "run_stack", "why_no_stack"]

_PLOT = "benchmarks-stack.svg"

Figures = dict[str, Any]


def why_no_stack(root: Path) -> str | None:
    """Return a sentence where the stack cannot be measured here, None where it can."""
    if not (root / "docker-compose.yml").exists():
        return f"The stack is not measured: {root} holds no docker-compose.yml. Run this in the repository."
    if which("docker") is None or not engine_answers():
        return "The stack is not measured: no Docker engine answers."
    return None


def run_stack(  # noqa: PLR0917
    console: Console,
    root: Path,
    text: Sequence[Material],
    scans: Sequence[Material],
    conditions: Mapping[str, str],
    page: Path | None,
) -> Figures:
    """Measure the stack, print what was found, and write it into ``page`` if there is one."""
    plan = StackPlan(root, text, scans, _sayer(console))
    figures = stack_figures(asyncio.run(measure_stack(plan)))
    _print(console, "The stack on this machine", stack_verdicts(figures))
    if page is not None:
        write_section(page, "stack", stack_section(conditions, figures, _PLOT))
        page.with_name(_PLOT).write_text(stack_plot(figures), encoding="utf-8")
    return figures


def run_soak(console: Console, root: Path, documents: int, conditions: Mapping[str, str], page: Path | None) -> Figures:
    """Send ``documents`` e-invoices through the stack, print how its memory grew, and write it into ``page``."""
    plan = StackPlan(root, (), (), _sayer(console))
    figures = soak_figures(asyncio.run(measure_soak(plan, documents=documents)))
    _print(console, f"{documents:,} e-invoices through the stack", soak_verdicts(figures))
    if page is not None:
        write_section(page, "soak", soak_section(conditions, read_model_image(), figures))
    return figures


def _sayer(console: Console) -> Callable[[str], None]:
    def say(what: str) -> None:
        console.print(f"- {what}", style="dim", markup=False, highlight=False)

    return say


def _print(console: Console, title: str, verdicts: Sequence[Verdict]) -> None:
    table = Table(title=title, title_justify="left")
    for name in ("", "target", "found", ""):
        table.add_column(name)
    for one in verdicts:
        table.add_row(one.what, one.target, one.found, "met" if one.met else "missed", style="" if one.met else "red")
    console.print(table)
