"""The same measurement on a running server, through its REST API."""

from collections.abc import Callable, Sequence
from pathlib import Path

from invoiceflow_contracts.extraction import Method
from invoiceflow_evaluation.pipeline import Extracted
from invoiceflow_standalone.cli.client import Client
from invoiceflow_standalone.cli.sending import Batch, send_files
from invoiceflow_standalone.cli.shipments import Shipment

__all__ = ["run_remote"]


async def run_remote(
    paths: Sequence[Path], *, url: str, api_key: str | None, on_end: Callable[[], None]
) -> list[Extracted]:
    """Send the documents and return what became of each, in their order; the time is the server's, from upload to end.

    Raises:
        invoiceflow_standalone.cli.errors.CommandError: the server cannot be reached or gives no access.
    """

    def note(shipment: Shipment) -> None:
        if shipment.over:
            on_end()

    batch = Batch(paths)
    async with Client(url, api_key) as client:
        await send_files(client, batch, note)
    return [_outcome(group[0]) for group in batch.by_file]


def _outcome(shipment: Shipment) -> Extracted:
    document, view = shipment.document, shipment.invoice
    seconds = {} if document is None or document.seconds is None else {"server": document.seconds}
    if view is not None:
        e_invoice = any(one.method is Method.E_INVOICE for one in view.evidence.values())
        return Extracted(view.invoice, e_invoice, None, seconds, view.evidence, view.findings, view.needs_review)
    if document is not None and document.error is not None:
        return Extracted(None, failure=document.error.code, seconds=seconds)
    return Extracted(None, failure=shipment.problem.code if shipment.problem is not None else "unfinished")
