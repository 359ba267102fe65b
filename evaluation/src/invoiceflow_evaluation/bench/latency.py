"""How long a one-page text PDF takes from upload to ``invoice.extracted``, one document at a time on a warm server."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from invoiceflow_evaluation.bench.distribution import Distribution
from invoiceflow_standalone.cli.client import Client
from invoiceflow_standalone.cli.errors import ApiError
from invoiceflow_standalone.cli.resources import Document

__all__ = ["LatencyError", "Stages", "measure"]


class LatencyError(Exception):
    """A document did not come to its invoice; the message says which and why."""


@dataclass(frozen=True)
class Journey:
    """Seconds of one document, by this clock and by the times in its events (the same machine's)."""

    accepted: float
    """Upload begun -> 202: stored, and Kafka has acknowledged it."""
    read: float
    """Received -> read: Kafka, the text of the page, the stores."""
    extracted: float
    """Read -> extracted: Kafka, the invoice, the stores."""
    by_event: float
    """Upload begun -> the time in ``invoice.extracted``."""
    seen: float
    """Upload begun -> a client that follows the document over SSE sees it extracted."""


@dataclass(frozen=True)
class Stages:
    """The distribution of each stage, in seconds."""

    accepted: Distribution
    read: Distribution
    extracted: Distribution
    by_event: Distribution
    seen: Distribution

    @classmethod
    def of(cls, journeys: Sequence[Journey]) -> "Stages":
        return cls(
            accepted=Distribution.of([one.accepted for one in journeys]),
            read=Distribution.of([one.read for one in journeys]),
            extracted=Distribution.of([one.extracted for one in journeys]),
            by_event=Distribution.of([one.by_event for one in journeys]),
            seen=Distribution.of([one.seen for one in journeys]),
        )


async def measure(
    client: Client, warm_up: Sequence[Path], documents: Sequence[Path], on_end: Callable[[], None]
) -> Stages:
    """Send ``warm_up`` and then ``documents``, each when the one before is done; the server must know none of them.

    Raises:
        LatencyError: a document failed, or was known already.
        invoiceflow_standalone.cli.errors.CommandError: the server gave no answer that can be used.
    """
    for path in warm_up:
        await _send(client, path)
        on_end()
    journeys = []
    for path in documents:
        journeys.append(await _send(client, path))
        on_end()
    return Stages.of(journeys)


async def _send(client: Client, path: Path) -> Journey:
    begun, begun_at = time.perf_counter(), time.time()
    (answer,) = await client.upload(path)
    accepted = time.perf_counter() - begun
    if answer.known or answer.document_id is None:
        raise LatencyError(f"{path.name} was sent before or refused; its time says nothing")
    document: Document | None = None
    async with aclosing(_states(client, answer.document_id)) as states:
        async for state in states:
            document = state
    seen = time.perf_counter() - begun
    if document is None or not (document.received_at and document.read_at and document.extracted_at):
        code = document.error.code if document is not None and document.error is not None else "no invoice"
        raise LatencyError(f"{path.name} did not become an invoice: {code}")
    return Journey(
        accepted=accepted,
        read=(document.read_at - document.received_at).total_seconds(),
        extracted=(document.extracted_at - document.read_at).total_seconds(),
        by_event=document.extracted_at.timestamp() - begun_at,
        seen=seen,
    )


async def _states(client: Client, document_id: UUID) -> AsyncGenerator[Document, None]:
    """Yield the document's states up to its end; while the query service has not heard of it yet, ask again."""
    while True:
        try:
            async with aclosing(client.events(document_id)) as events:
                async for _, document in events:
                    yield document
                    if document.ended:
                        return
        except ApiError as error:
            if error.status != 404:
                raise
