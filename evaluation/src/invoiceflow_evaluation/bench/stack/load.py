"""Load: closed (so many clients, each with one document at a time) and open (a fixed rate, whatever becomes of it)."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from invoiceflow_evaluation.bench.documents import Material
from invoiceflow_evaluation.bench.stack.uploads import Uploader

__all__ = ["Sent", "closed", "opened"]

_MOST_AT_A_TIME = 64


@dataclass
class Sent:
    """What was handed in: by document, when, by ``time.perf_counter``."""

    intended: dict[str, float] = field(default_factory=dict)
    """When it was to be sent. What has to wait for a free connection has been waiting since then, so a system that falls
    behind cannot hide it (no coordinated omission)."""
    accepted: dict[str, float] = field(default_factory=dict)
    """When the answer was here."""


async def closed(port: int, api_key: str, documents: Sequence[Material], *, clients: int) -> Sent:
    """Hand all documents in by so many clients, each of which sends its next when the one before was accepted."""
    sent, waiting = Sent(), iter(documents)

    async def client() -> None:
        async with Uploader.opened(port, api_key) as uploader:
            for material in waiting:
                begun = time.perf_counter()
                document_id = await uploader.upload(material.name, material.data)
                sent.intended[document_id], sent.accepted[document_id] = begun, time.perf_counter()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(clients):
            tasks.create_task(client())
    return sent


async def opened(port: int, api_key: str, documents: Sequence[Material], *, rate: float) -> Sent:
    """Hand the documents in at ``rate`` a second, evenly."""
    sent = Sent()
    idle: asyncio.LifoQueue[Uploader] = asyncio.LifoQueue()

    async def send(material: Material, intended: float) -> None:
        uploader = await idle.get()
        try:
            document_id = await uploader.upload(material.name, material.data)
        finally:
            idle.put_nowait(uploader)
        sent.intended[document_id], sent.accepted[document_id] = intended, time.perf_counter()

    async with AsyncExitStack() as stack:
        for _ in range(_MOST_AT_A_TIME):
            idle.put_nowait(await stack.enter_async_context(Uploader.opened(port, api_key)))
        async with asyncio.TaskGroup() as tasks:
            begun = time.perf_counter()
            for number, material in enumerate(documents):
                intended = begun + number / rate
                await asyncio.sleep(max(0.0, intended - time.perf_counter()))
                tasks.create_task(send(material, intended))
    return sent
