"""``invoiceflow send``."""

import json
import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from invoiceflow_standalone.cli.client import Client
from invoiceflow_standalone.cli.display import display_for
from invoiceflow_standalone.cli.errors import Exit
from invoiceflow_standalone.cli.files import Selection
from invoiceflow_standalone.cli.sending import Batch, send_files
from invoiceflow_standalone.cli.shipments import Shipment
from invoiceflow_standalone.cli.tables import say, shipment_tables, wide_enough

__all__ = ["send"]

SKIPPED_NAMED = 5
"""How many skipped files are named; the rest are counted."""


async def send(
    client: Client,
    selection: Selection,
    *,
    out: Console,
    log: Console,
    as_json: bool = False,
    wait: bool = True,
    timeout: float | None = None,  # noqa: ASYNC109 - passed on
) -> Exit:
    """Send the files, show how it goes on ``log``, and print what was extracted on ``out``."""
    _say_skipped(selection, log)
    # Fails before anything is sent when there is no server or no access.
    await client.get("/v1/documents", {"limit": 1})
    batch = Batch(selection.files)
    started = time.monotonic()
    try:
        with display_for(log, batch, quiet=as_json and not log.is_terminal) as display:
            await send_files(client, batch, display.update, wait=wait, timeout=timeout)
    finally:
        _print_result(batch.shipments, out, log, as_json=as_json, seconds=time.monotonic() - started)
    return Exit.OK if all(shipment.well for shipment in batch.shipments) else Exit.SOME_FAILED


def _say_skipped(selection: Selection, log: Console) -> None:
    for skipped in selection.skipped[:SKIPPED_NAMED]:
        say(log, f"Skipped {skipped.path}: {skipped.reason}.", "dim")
    if len(selection.skipped) > SKIPPED_NAMED:
        say(log, f"Skipped {len(selection.skipped) - SKIPPED_NAMED} more files.", "dim")


def _print_result(shipments: Sequence[Shipment], out: Console, log: Console, *, as_json: bool, seconds: float) -> None:
    if as_json:
        for shipment in shipments:
            out.out(json.dumps(shipment.as_json(), ensure_ascii=False), highlight=False)
        return
    wide = wide_enough(out)
    for made in shipment_tables(shipments, wide.width):
        wide.print(made)
    for shipment in shipments:
        if shipment.problem is not None:
            problem = shipment.problem
            say(wide, f"{shipment.path.name}: {problem.code}. {problem.detail}")
        elif shipment.outcome == "unfinished" and shipment.document_id is not None:
            say(wide, f"{shipment.path.name}: still under way; see `invoiceflow status {shipment.document_id}`.")
    say(log, _summary(shipments, seconds))


def _summary(shipments: Sequence[Shipment], seconds: float) -> str:
    counts = Counter(shipment.outcome for shipment in shipments)
    parts = [f"{counts[outcome]} {outcome}" for outcome in counts]
    views = [view for shipment in shipments for view in (shipment.invoice, *shipment.further) if view is not None]
    review = sum(view.needs_review for view in views)
    if further := sum(len(shipment.further) for shipment in shipments):
        parts.append(f"{further} more invoices in them")
    if review:
        parts.append(f"{review} to review")
    return f"{len(shipments)} document{'s' if len(shipments) != 1 else ''} in {seconds:.1f} s: {', '.join(parts)}."
