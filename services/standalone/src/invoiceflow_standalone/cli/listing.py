"""``invoiceflow list``."""

import json

from rich.console import Console

from invoiceflow_standalone.cli.client import Client, parse
from invoiceflow_standalone.cli.errors import Exit
from invoiceflow_standalone.cli.filters import Filters
from invoiceflow_standalone.cli.resources import InvoiceRow
from invoiceflow_standalone.cli.tables import invoice_table, say, wide_enough

__all__ = ["list_invoices"]


async def list_invoices(
    client: Client, filters: Filters, *, limit: int, out: Console, log: Console, as_json: bool = False
) -> Exit:
    """Print the invoices that match, one JSON object a line or as a table."""
    rows = [row async for row in client.rows("/v1/invoices", filters.params(), limit=limit + 1)]
    shown, more = rows[:limit], len(rows) > limit
    if as_json:
        for row in shown:
            out.out(json.dumps(row, ensure_ascii=False), highlight=False)
    elif shown:
        wide_enough(out).print(invoice_table(parse(InvoiceRow, row) for row in shown))
    else:
        say(log, "No invoice matches. Leave out a filter, or send documents with `invoiceflow send`.")
    if more:
        say(log, f"There are more than {limit}; see them with --limit, or narrow the filters.", "dim")
    return Exit.OK
