"""``invoiceflow status``: how far one document is, or how the whole deployment stands."""

import json

from rich.console import Console
from rich.table import Table
from rich.text import Text

from invoiceflow_standalone.cli.client import Client, parse
from invoiceflow_standalone.cli.errors import Exit
from invoiceflow_standalone.cli.resources import Document
from invoiceflow_standalone.cli.show import find_document
from invoiceflow_standalone.cli.tables import plain, say, table, wide_enough

__all__ = ["document_status", "overview"]

RECENT = 20
"""How many documents the overview names of each kind."""


async def document_status(client: Client, reference: str, *, out: Console, as_json: bool = False) -> Exit:
    """Print how far the document is whose id begins with ``reference``; 1 is the exit code when it failed."""
    document = await find_document(client, reference)
    if as_json:
        out.out(json.dumps(await client.get(f"/v1/documents/{document.id}"), ensure_ascii=False), highlight=False)
    else:
        wide_enough(out).print(_table([document]))
        if document.error:
            say(out, f"{document.error.code}. {document.error.message}")
        if len(document.invoices) > 1:
            say(out, f"{len(document.invoices)} invoices in the file; see each with:")
            for each in document.invoices:
                say(out, f"  invoiceflow show {each}")
    return Exit.SOME_FAILED if document.status == "failed" else Exit.OK


async def overview(client: Client, *, out: Console, as_json: bool = False) -> Exit:
    """Print how many documents there are in each state, what is under way and what failed last."""
    stats = await client.get("/v1/stats")
    if as_json:
        out.out(json.dumps(stats, ensure_ascii=False), highlight=False)
        return Exit.OK
    wide = wide_enough(out)
    for kind, counts in stats.items():
        if isinstance(counts, dict):
            wide.print(
                plain(f"{kind}: " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()))
            )
    for state in ("processing", "received", "failed"):
        rows = client.rows("/v1/documents", {"status": state}, limit=RECENT)
        documents = [parse(Document, row) async for row in rows]
        if documents:
            wide.print(Text(f"\n{state}", style="bold"))
            wide.print(_table(documents))
    return Exit.OK


def _table(documents: list[Document]) -> Table:
    made = table("File", "Status", "Stage", ">Pages", ">Received", ">Time", "Error", "Id")
    for document in documents:
        pages = "" if document.pages_total is None else f"{document.pages_done or 0}/{document.pages_total}"
        made.add_row(
            plain(document.filename),
            document.status,
            plain(document.stage),
            pages,
            f"{document.received_at:%Y-%m-%d %H:%M:%S}" if document.received_at else "",
            "" if document.seconds is None else f"{document.seconds:.1f} s",
            plain(document.error.code if document.error else "", "red"),
            str(document.id),
        )
    return made
