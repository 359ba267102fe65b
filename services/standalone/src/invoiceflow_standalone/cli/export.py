"""``invoiceflow export``."""

import sys
from pathlib import Path

from rich.console import Console

from invoiceflow_standalone.cli.client import Client
from invoiceflow_standalone.cli.errors import CommandError, Exit
from invoiceflow_standalone.cli.filters import Filters
from invoiceflow_standalone.cli.output import write_out

__all__ = ["export"]


async def export(client: Client, filters: Filters, *, form: str, output: Path | None, log: Console) -> Exit:
    """Write the invoices that match to ``output``, or to the standard output where it is None."""
    if output is None and form == "xlsx" and sys.stdout.isatty():
        raise CommandError("A workbook is no text. Name a file for it: -o invoices.xlsx")
    async with client.stream("/v1/invoices/export", {**filters.params(), "format": form}) as chunks:
        await write_out(chunks, output, log)
    return Exit.OK
