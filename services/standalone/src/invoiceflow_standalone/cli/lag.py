"""``invoiceflow lag``: how far each service is behind."""

import json
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from invoiceflow_standalone.cli.client import Client, parse
from invoiceflow_standalone.cli.errors import Exit
from invoiceflow_standalone.cli.resources import Lag
from invoiceflow_standalone.cli.tables import plain, say, table, wide_enough

__all__ = ["lag"]


async def lag(client: Client, *, out: Console, as_json: bool = False) -> Exit:
    """Print what each consumer group has not finished of each topic, and the document that waits for longest."""
    answer = await client.get("/v1/lag")
    if as_json:
        out.out(json.dumps(answer, ensure_ascii=False), highlight=False)
        return Exit.OK
    told = parse(Lag, answer)
    made = table("Group", "Topic", ">Committed", ">End", ">Lag", ">Oldest waits", ">Partitions")
    for row in told.topics:
        made.add_row(
            plain(row.group),
            plain(row.topic),
            f"{row.committed:,}",
            f"{row.end:,}",
            Text(f"{row.lag:,}", style="yellow" if row.lag else ""),
            f"{row.seconds:,.1f} s" if row.lag else "",
            str(row.partitions),
        )
    wide_enough(out).print(made)
    document = told.oldest_unfinished
    if document is None:
        say(out, "No document is unfinished.")
    else:
        since = document.received_at
        waited = f", received {(datetime.now(UTC) - since).total_seconds():,.0f} s ago" if since else ""
        say(out, f"Oldest unfinished document: {document.filename} ({document.status}{waited}), {document.id}")
    return Exit.OK
