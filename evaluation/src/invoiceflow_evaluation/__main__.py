"""``python -m invoiceflow_evaluation DIR``: precision, recall and F1 of the real pipeline on labelled documents."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from invoiceflow_evaluation.aggregate import Scored
from invoiceflow_evaluation.beside import Run, beside, changed_documents
from invoiceflow_evaluation.cache import default_cache
from invoiceflow_evaluation.error_page import error_page
from invoiceflow_evaluation.floor import below, raised, read_floor, write_floor
from invoiceflow_evaluation.pipeline import Extracted, run
from invoiceflow_evaluation.remote import run_remote
from invoiceflow_evaluation.report import Measured, as_json, show
from invoiceflow_evaluation.scoring import score
from invoiceflow_evaluation.terminal import console_for_tables
from invoiceflow_evaluation.truth import TruthError, TruthRow, load
from invoiceflow_ocr.processors import available_processors
from invoiceflow_standalone.cli.errors import CommandError

__all__ = ["main"]


class Detail(StrEnum):
    """What is printed beside the tables."""

    ERRORS = "errors"
    LAYOUTS = "layouts"


def evaluate(  # noqa: PLR0917 - typer's way to say options
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder with truth.jsonl and the documents it names.")
    ],
    ignore_xml: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--ignore-xml", help="Read PDFs as if they carried no e-invoice; leave bare XML out.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write every figure there.")] = None,
    kinds: Annotated[
        list[str] | None, typer.Option(help="Only documents of this kind, such as pdf-text; may be repeated.")
    ] = None,
    details: Annotated[list[Detail] | None, typer.Option("--show", help="Print more than the summary.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Where layouts are kept between runs.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; by default one for each processor.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="Measure the server there instead of the code here.")] = None,
    api_key: Annotated[str | None, typer.Option(envvar="INVOICEFLOW_API_KEY", help="Key for --url.")] = None,
    compare: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A run that --json has kept, shown beside this one; may be repeated."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page that shows each error beside the picture of its place."),
    ] = None,
    floor: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Fail where a figure is worse than the floor kept there.")
    ] = None,
    raise_floor: Annotated[  # noqa: FBT002 - a flag
        bool, typer.Option("--raise-floor", help="Raise --floor to this run's figures, wherever they are better.")
    ] = False,
) -> None:
    """Measure extraction on labelled documents: any folder of the form that invoiceflow's samples have."""
    console, progress_console = console_for_tables(), Console(stderr=True)
    if ignore_xml and url:
        raise typer.BadParameter("a server reads every e-invoice; leave --ignore-xml or --url out")
    try:
        rows = [row for row in load(folder) if not kinds or row.kind in kinds]
    except TruthError as error:
        raise typer.BadParameter(str(error)) from error
    if ignore_xml:
        rows = [row for row in rows if not row.kind.startswith("xml")]
    if not rows:
        raise typer.BadParameter("no document of the folder is of these kinds")
    paths = [folder / row.file for row in rows]
    try:
        with _progress(progress_console, len(paths)) as on_end:
            if url:
                results = asyncio.run(run_remote(paths, url=url, api_key=api_key, on_end=on_end))
            else:
                workers = min(jobs or available_processors(), len(paths))
                results = _locally(paths, cache or default_cache(), workers, on_end, with_e_invoices=not ignore_xml)
    except (CommandError, BrokenProcessPool) as error:
        progress_console.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from error
    measured = _measure(rows, results)
    figures = as_json(measured)
    _keep(json_file, lambda: json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    _keep(html, lambda: error_page(folder, measured))
    wanted = details or []
    show(console, measured, layouts=Detail.LAYOUTS in wanted, details=Detail.ERRORS in wanted)
    if compare:
        _compare(console, figures, compare)
    if floor is not None:
        _hold(progress_console, floor, figures, raising=raise_floor)


def _keep(path: Path | None, made: Callable[[], str]) -> None:
    if path is not None:
        path.write_text(made(), encoding="utf-8")


def _compare(console: Console, figures: Run, files: Sequence[Path]) -> None:
    try:
        others: list[Run] = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        table = beside(["this run", *(file.stem for file in files)], [figures, *others])
        changes = list(changed_documents(figures, others[0]))
    except (OSError, ValueError, KeyError) as error:
        raise typer.BadParameter(
            f"--compare takes files that --json has written ({type(error).__name__}: {error})"
        ) from error
    console.print(table)
    for line in changes:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _hold(console: Console, path: Path, figures: Run, *, raising: bool) -> None:
    kept = read_floor(path)
    worse = list(below(kept, figures))
    for sentence in worse:
        console.print(sentence, style="red", markup=False, highlight=False, soft_wrap=True)
    if worse:
        raise typer.Exit(1)
    if raising:
        write_floor(path, raised(kept, figures))


def _locally(
    paths: Sequence[Path], cache: Path, jobs: int, on_end: Callable[[], None], *, with_e_invoices: bool
) -> list[Extracted]:
    results: dict[int, Extracted] = {}
    for index, extracted in run(paths, cache_folder=cache, jobs=jobs, with_e_invoices=with_e_invoices):
        results[index] = extracted
        on_end()
    return [results[index] for index in range(len(paths))]


def _measure(rows: Sequence[TruthRow], results: Sequence[Extracted]) -> list[Measured]:
    return [
        Measured(Scored(row, score(row, extracted.invoice), extracted.e_invoice), extracted)
        for row, extracted in zip(rows, results, strict=True)
    ]


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[], None]]:
    columns = TextColumn("documents"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("documents", total=total)
        yield lambda: progress.advance(task)


def main() -> None:
    """Run the command."""
    typer.run(evaluate)


if __name__ == "__main__":
    main()
