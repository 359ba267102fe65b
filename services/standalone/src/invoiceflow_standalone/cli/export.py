"""``invoiceflow export``."""

import sys
from pathlib import Path

from rich.console import Console

from invoiceflow_standalone.cli.client import Client
from invoiceflow_standalone.cli.errors import CommandError, Exit
from invoiceflow_standalone.cli.filters import Filters
from invoiceflow_standalone.cli.tables import say

__all__ = ["export"]


async def export(client: Client, filters: Filters, *, form: str, output: Path | None, log: Console) -> Exit:
    """Write the invoices that match to ``output``, or to the standard output where it is None.

    A file appears only when it is complete.
    """
    if output is None and form == "xlsx" and sys.stdout.isatty():
        raise CommandError("A workbook is no text. Name a file for it: -o invoices.xlsx")
    async with client.stream("/v1/invoices/export", {**filters.params(), "format": form}) as chunks:
        if output is None:
            async for chunk in chunks:
                sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
            return Exit.OK
        part = output.with_name(f".{output.name}.part")
        try:
            with part.open("wb") as file:
                async for chunk in chunks:
                    file.write(chunk)
                size = file.tell()
            part.replace(output)
        except OSError as error:
            why = error.strerror or str(error)
            raise CommandError(f"{output} cannot be written: {why}. Give another place with -o.") from error
        finally:
            part.unlink(missing_ok=True)
    say(log, f"Wrote {output} ({size:,} bytes).")
    return Exit.OK
