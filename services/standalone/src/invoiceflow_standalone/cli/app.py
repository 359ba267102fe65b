"""The commands and their options.

What they do stands in modules of their own, imported when a command runs: help and completion must not wait for them.
"""

# ruff: noqa: PLC0415

import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from invoiceflow_standalone.cli.errors import CommandError, Exit
from invoiceflow_standalone.cli.filters import Filters

if TYPE_CHECKING:
    from rich.console import Console

    from invoiceflow_standalone.cli.client import Client

__all__ = ["app", "run"]

app = typer.Typer(
    name="invoiceflow",
    help="Turns invoices in any form into checked, queryable data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all well, 1 some documents were refused or failed, 2 the command could not do its work.",
)

Url = Annotated[str, typer.Option("--url", envvar="INVOICEFLOW_URL", help="Address of the deployment.")]
ApiKey = Annotated[
    str | None,
    typer.Option("--api-key", envvar="INVOICEFLOW_API_KEY", show_envvar=True, help="Better given by the environment."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts.")]
Query = Annotated[str | None, typer.Option("--q", help="Words that stand anywhere in the invoice.")]
Seller = Annotated[str | None, typer.Option(help="Words of the seller's name.")]
Number = Annotated[str | None, typer.Option(help="The invoice number.")]
Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="Issue date, inclusive.")
]
Currency = Annotated[str | None, typer.Option(help="Such as EUR.")]
NeedsReview = Annotated[
    bool | None,
    typer.Option("--needs-review/--no-review", help="Only those that a person should look at, or should not."),
]
Finding = Annotated[str | None, typer.Option(help="Rule of a finding, such as BR-CO-15.")]
Sort = Annotated[
    str | None,
    typer.Option(help="issue_date, due_date, gross, number, seller or extracted_at; with a - before it, downwards."),
]

Topic = Annotated[str | None, typer.Option(help="The topic it first stood on.")]
Code = Annotated[str | None, typer.Option(help="The code of the reason, such as schema_violation.")]
OfDocument = Annotated[str | None, typer.Option("--document", metavar="ID", help="The id of its document.")]

dead_letters = typer.Typer(
    help="List, show and redrive what the services gave up (needs an operator's key).", no_args_is_help=True
)
app.add_typer(dead_letters, name="dead-letters")

DEFAULT_URL = "http://127.0.0.1:8080"


class LetterState(StrEnum):
    """Which dead letters ``dead-letters list`` shows."""

    OPEN = "open"
    REDRIVEN = "redriven"
    ALL = "all"


class Format(StrEnum):
    """What ``export`` writes."""

    CSV = "csv"
    JSON = "json"
    XLSX = "xlsx"


class EInvoiceFormat(StrEnum):
    """What ``show`` writes."""

    UBL = "ubl"
    CII = "cii"
    FACTUR_X = "factur-x"


@app.callback()
def deployment(
    url: Annotated[
        str | None, typer.Option("--url", help="Address of the deployment, for the command that follows.")
    ] = None,
    api_key: Annotated[str | None, typer.Option("--api-key", help="Its API key.")] = None,
) -> None:
    """Turns invoices in any form into checked, queryable data."""
    # The commands have these options themselves and fall back to the environment, so that is where they are told.
    for name, value in (("INVOICEFLOW_URL", url), ("INVOICEFLOW_API_KEY", api_key)):
        if value is not None:
            os.environ[name] = value


@app.command()
def send(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files, folders or patterns such as 'scans/*.pdf'.")
    ],
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    *,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the documents until they end.")] = True,
    timeout: Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="How long to wait in all.")] = None,
    as_json: Json = False,
) -> None:
    """Send documents, follow them and show what was extracted."""
    from invoiceflow_standalone.cli.files import select_files
    from invoiceflow_standalone.cli.send import send as run_send

    async def work(client: "Client", out: "Console", log: "Console") -> Exit:
        selection = select_files(paths)
        return await run_send(client, selection, out=out, log=log, as_json=as_json, wait=wait, timeout=timeout)

    _with_client(url, api_key, work)


@app.command(name="list")
def list_(
    *,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    q: Query = None,
    seller: Seller = None,
    number: Number = None,
    since: Day = None,
    until: Day = None,
    currency: Currency = None,
    finding: Finding = None,
    sort: Sort = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    needs_review: NeedsReview = None,
    as_json: Json = False,
) -> None:
    """List invoices, the newest first."""
    from invoiceflow_standalone.cli.listing import list_invoices

    filters = Filters(
        q=q,
        seller=seller,
        number=number,
        since=since,
        until=until,
        currency=currency,
        needs_review=needs_review,
        finding=finding,
        sort=sort,
    )

    async def work(client: "Client", out: "Console", log: "Console") -> Exit:
        return await list_invoices(client, filters, limit=limit, out=out, log=log, as_json=as_json)

    _with_client(url, api_key, work)


@app.command()
def show(
    reference: Annotated[
        str, typer.Argument(metavar="NUMBER|ID", help="Invoice number, or (the beginning of) a document id.")
    ],
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    *,
    as_json: Json = False,
    form: Annotated[
        EInvoiceFormat | None,
        typer.Option(
            "--format", "-f", help="Write it as an e-invoice instead: UBL, CII, or the PDF with the latter inside."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", dir_okay=False, help="With --format: the file to write, not the standard output."
        ),
    ] = None,
) -> None:
    """Show an invoice, and where on the page each value stands."""
    from invoiceflow_standalone.cli.show import save
    from invoiceflow_standalone.cli.show import show as run_show

    if output is not None and form is None:
        raise typer.BadParameter("say as what to write it: --format ubl, cii or factur-x", param_hint="--output")

    async def work(client: "Client", out: "Console", log: "Console") -> Exit:
        if form is not None:
            return await save(client, reference, form=form, output=output, out=out, log=log)
        return await run_show(client, reference, out=out, as_json=as_json)

    _with_client(url, api_key, work)


@app.command()
def export(
    *,
    form: Annotated[Format, typer.Option("--format", "-f", help="What to write.")] = Format.CSV,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", dir_okay=False, help="The file to write; without it, the standard output."),
    ] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    q: Query = None,
    seller: Seller = None,
    number: Number = None,
    since: Day = None,
    until: Day = None,
    currency: Currency = None,
    finding: Finding = None,
    sort: Sort = None,
    needs_review: NeedsReview = None,
) -> None:
    """Export invoices to a file."""
    from invoiceflow_standalone.cli.export import export as run_export

    filters = Filters(
        q=q,
        seller=seller,
        number=number,
        since=since,
        until=until,
        currency=currency,
        needs_review=needs_review,
        finding=finding,
        sort=sort,
    )

    async def work(client: "Client", _: "Console", log: "Console") -> Exit:
        return await run_export(client, filters, form=form.value, output=output, log=log)

    _with_client(url, api_key, work)


@app.command()
def status(
    reference: Annotated[str | None, typer.Argument(metavar="[ID]", help="(The beginning of) a document id.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    *,
    as_json: Json = False,
) -> None:
    """Say how far a document is, or how the deployment stands."""
    from invoiceflow_standalone.cli.status import document_status, overview

    async def work(client: "Client", out: "Console", _: "Console") -> Exit:
        if reference is None:
            return await overview(client, out=out, as_json=as_json)
        return await document_status(client, reference, out=out, as_json=as_json)

    _with_client(url, api_key, work)


@app.command()
def lag(url: Url = DEFAULT_URL, api_key: ApiKey = None, *, as_json: Json = False) -> None:
    """Say how far each service is behind (needs an operator's key)."""
    from invoiceflow_standalone.cli.lag import lag as run_lag

    async def work(client: "Client", out: "Console", _: "Console") -> Exit:
        return await run_lag(client, out=out, as_json=as_json)

    _with_client(url, api_key, work)


@app.command()
def rules(
    beginning: Annotated[str | None, typer.Argument(metavar="[ID]", help="(The beginning of) a rule's id.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """List the rules that every invoice is checked by."""
    from invoiceflow_standalone.cli.rules import list_rules

    async def work(out: "Console", _: "Console") -> Exit:
        return list_rules(beginning, out=out, as_json=as_json)

    _leave(work)


@dead_letters.command(name="list")
def list_dead_letters(
    *,
    topic: Topic = None,
    code: Code = None,
    document: OfDocument = None,
    state: Annotated[LetterState, typer.Option(help="Which.")] = LetterState.OPEN,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """List what the services gave up, the last first."""
    from invoiceflow_standalone.cli.dead_letters import Choice, list_letters

    choice = Choice(topic=topic, code=code, document=document)

    async def work(client: "Client", out: "Console", log: "Console") -> Exit:
        return await list_letters(client, choice, state=state.value, limit=limit, out=out, log=log, as_json=as_json)

    _with_client(url, api_key, work)


@dead_letters.command(name="show")
def show_dead_letter(
    reference: Annotated[str, typer.Argument(metavar="ID", help="(The beginning of) a dead letter's id.")],
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    *,
    as_json: Json = False,
) -> None:
    """Show why a message was given up, its headers and what it holds."""
    from invoiceflow_standalone.cli.dead_letters import show_letter

    async def work(client: "Client", out: "Console", _: "Console") -> Exit:
        return await show_letter(client, reference, out=out, as_json=as_json)

    _with_client(url, api_key, work)


@dead_letters.command(name="redrive")
def redrive_dead_letters(
    references: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="(The beginnings of) dead letters' ids.")
    ] = None,
    *,
    topic: Topic = None,
    code: Code = None,
    document: OfDocument = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before redriving more than one.")] = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Give messages back, with their event ids, to the services that gave them up."""
    from invoiceflow_standalone.cli.dead_letters import Choice, redrive_letters

    choice = Choice(topic=topic, code=code, document=document)

    def confirm(question: str) -> bool:
        return yes or (sys.stdin.isatty() and typer.confirm(question, err=True))

    async def work(client: "Client", out: "Console", log: "Console") -> Exit:
        return await redrive_letters(
            client, references or [], choice, dry_run=dry_run, confirm=confirm, out=out, log=log, as_json=as_json
        )

    _with_client(url, api_key, work)


@app.command(name="run")
def run_(
    host: Annotated[str | None, typer.Option(envvar="INVOICEFLOW_HOST", help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(envvar="INVOICEFLOW_PORT", min=0, max=65535, help="Port to listen on.")
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(envvar="INVOICEFLOW_DATA_DIR", file_okay=False, help="Where documents and data are kept."),
    ] = None,
) -> None:
    """Serve all of Invoiceflow on this machine until ctrl-C."""
    from invoiceflow_standalone.cli.server import become_server

    become_server(host=host, port=port, data_dir=data_dir)


@app.command()
def rebuild(
    data_dir: Annotated[
        Path | None,
        typer.Option(envvar="INVOICEFLOW_DATA_DIR", file_okay=False, help="Where documents and data are kept."),
    ] = None,
) -> None:
    """Make the read model of a stopped server on this machine anew, from the documents and results it keeps."""
    from invoiceflow_standalone.cli.server import become_rebuild

    become_rebuild(data_dir=data_dir)


@app.command()
def demo(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="The documents to send.")],
) -> None:
    """Start a server of its own, send documents to it, show what comes out, and end."""
    from invoiceflow_standalone.cli.demo import demo as run_demo

    async def work(out: "Console", log: "Console") -> Exit:
        return await run_demo(paths, out=out, log=log)

    _leave(work)


def run() -> None:
    """Run the command line."""
    app(prog_name="invoiceflow")


def _with_client(
    url: str, api_key: str | None, work: Callable[["Client", "Console", "Console"], Awaitable[Exit]]
) -> None:
    from invoiceflow_standalone.cli.client import Client

    async def connected(out: "Console", log: "Console") -> Exit:
        async with Client(url, api_key) as client:
            return await work(client, out, log)

    _leave(connected)


def _leave(work: Callable[["Console", "Console"], Awaitable[Exit]]) -> None:
    """Run ``work`` with the standard output and the standard error, and leave with its exit code."""
    import asyncio

    from rich.console import Console
    from rich.text import Text

    from invoiceflow_standalone.cli.tables import plain, say

    async def run_work() -> Exit:
        return await work(Console(), log)

    log = Console(stderr=True)
    try:
        code = int(asyncio.run(run_work()))
    except CommandError as error:
        log.print(
            Text("error: ", style="red") + Text("\n").join(map(plain, error.message.splitlines())), soft_wrap=True
        )
        code = error.exit_code
    except KeyboardInterrupt:
        say(log, "Stopped. What was sent is processed all the same; see it with `invoiceflow list`.")
        code = 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more can be said to them.
        sys.stdout = sys.stderr
        code = 141
    raise typer.Exit(code)
