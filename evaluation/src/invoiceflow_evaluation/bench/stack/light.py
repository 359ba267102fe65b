"""One document at a time: how long a person or an application waits for it."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from invoiceflow_evaluation.bench.distribution import Distribution
from invoiceflow_evaluation.bench.documents import Material
from invoiceflow_evaluation.bench.stack.outcomes import Outcomes
from invoiceflow_evaluation.bench.stack.project import Stack, StackError
from invoiceflow_evaluation.bench.stack.uploads import Uploader
from invoiceflow_standalone.cli.client import Client
from invoiceflow_standalone.cli.errors import ApiError

__all__ = ["Waits", "measure_light"]

_SECONDS = 60.0


@dataclass(frozen=True)
class Waits:
    """From the beginning of the upload, in seconds."""

    accepted: Distribution
    extracted: Distribution
    """``invoice.extracted`` is on Kafka."""
    seen: Distribution
    """A client that follows the document over server-sent events sees it extracted."""


async def measure_light(stack: Stack, outcomes: Outcomes, documents: Sequence[Material], *, pause: float) -> Waits:
    """Hand the documents in one after the other, each ``pause`` seconds after the end of the one before.

    Raises:
        StackError: a document was not extracted.
    """
    accepted, extracted, seen = [], [], []
    async with (
        Uploader.opened(stack.port, stack.api_key) as uploader,
        Client(f"http://127.0.0.1:{stack.port}", api_key=stack.api_key) as client,
    ):
        for material in documents:
            await asyncio.sleep(pause)
            begun = time.perf_counter()
            document_id = await uploader.upload(material.name, material.data)
            accepted.append(time.perf_counter() - begun)
            async with asyncio.timeout(_SECONDS):
                await _seen(client, document_id)
            seen.append(time.perf_counter() - begun)
            await outcomes.all_ended([document_id], seconds=_SECONDS)
            if document_id not in outcomes.extracted:
                raise StackError(f"{material.name} failed")
            extracted.append(outcomes.extracted[document_id] - begun)
    return Waits(Distribution.of(accepted), Distribution.of(extracted), Distribution.of(seen))


async def _seen(client: Client, document_id: str) -> None:
    """Return when the document's live events show its end; while query has not heard of it yet, ask again."""
    while True:
        try:
            async with aclosing(client.events(UUID(document_id))) as events:
                async for _, document in events:
                    if document.ended:
                        return
        except ApiError as error:
            if error.status != 404:
                raise
        await asyncio.sleep(0.01)
