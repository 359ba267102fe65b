"""Sending files and following what becomes of them."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

from invoiceflow_standalone.cli.client import Client
from invoiceflow_standalone.cli.errors import ApiError, CommandError
from invoiceflow_standalone.cli.follow import PATIENCE, follow, persist
from invoiceflow_standalone.cli.resources import Document, InvoiceView, Problem
from invoiceflow_standalone.cli.shipments import Shipment

__all__ = ["Batch", "send_files"]

UPLOADS, FOLLOWED = 4, 24
"""How many files are uploaded, and how many documents are listened to, at the same time."""


@dataclass
class Batch:
    """The files of one command; ``shipments`` is in the order of the files."""

    files: Sequence[Path]
    by_file: list[list[Shipment]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_file = [[Shipment(path)] for path in self.files]

    @property
    def shipments(self) -> list[Shipment]:
        """One per document: a file may hold several."""
        return [shipment for group in self.by_file for shipment in group]


async def send_files(
    client: Client,
    batch: Batch,
    on_change: Callable[[Shipment], None],
    *,
    wait: bool = True,
    timeout: float | None = None,  # noqa: ASYNC109 - it ends with a result, not with an exception
    patience: float = PATIENCE,
) -> None:
    """Upload the files and, with ``wait``, follow each document until it ends or ``timeout`` seconds are over.

    What becomes of each is written into ``batch`` and told to ``on_change``. What is wrong with a single file
    is its own outcome.

    Raises:
        UnreachableError: the server went away for more than ``patience`` seconds; what had not ended is unfinished.
        ApiError: there is no access.
    """
    sender = _Sender(client, on_change, wait=wait, patience=patience)
    try:
        async with asyncio.timeout(timeout), asyncio.TaskGroup() as tasks:
            for group in batch.by_file:
                tasks.create_task(sender.send(group))
    except TimeoutError:
        pass
    except BaseExceptionGroup as group:
        errors, others = group.split(CommandError)
        if others is not None or errors is None:
            raise
        raise _first(errors) from group
    finally:
        for shipment in batch.shipments:
            if not shipment.over:
                shipment.outcome = "unfinished"
                on_change(shipment)


def _first(group: BaseExceptionGroup[CommandError]) -> CommandError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


class _Sender:
    def __init__(self, client: Client, on_change: Callable[[Shipment], None], *, wait: bool, patience: float) -> None:
        self._client = client
        self._on_change = on_change
        self._wait = wait
        self._patience = patience
        self._upload_slots = asyncio.Semaphore(UPLOADS)
        self._follow_slots = asyncio.Semaphore(FOLLOWED)

    async def send(self, group: list[Shipment]) -> None:
        """Take one file from the disk to its end; ``group`` grows when it turns out to hold several documents."""
        async with self._upload_slots:
            started = time.monotonic()
            await self._upload(group)
        if self._wait:
            for shipment in group:
                if not shipment.over:
                    await self._follow(shipment, started)
        else:
            for shipment in group:
                if not shipment.over:
                    shipment.outcome = "sent"
                    self._on_change(shipment)

    async def _upload(self, group: list[Shipment]) -> None:
        first = group[0]
        first.outcome = "sending"
        self._on_change(first)
        try:
            # The same bytes are the same document, so that sending again after a lost answer doubles nothing.
            accepted = await persist(partial(self._client.upload, first.path), patience=self._patience)
        except OSError as error:
            self._refuse(first, Problem(code="file_unreadable", detail=f"{error.strerror or error}. Check the file."))
            return
        except ApiError as error:
            if error.status in {401, 403}:
                raise
            self._refuse(first, Problem(code=error.code, detail=error.message))
            return
        group.extend(Shipment(first.path) for _ in accepted[1:])
        for shipment, answer in zip(group, accepted, strict=True):
            shipment.document_id, shipment.known = answer.document_id, answer.known
            if answer.problem is not None or answer.document_id is None:
                self._refuse(shipment, answer.problem or Problem())
            else:
                shipment.outcome = "under_way"
                self._on_change(shipment)

    def _refuse(self, shipment: Shipment, problem: Problem) -> None:
        shipment.outcome, shipment.problem = "refused", problem
        self._on_change(shipment)

    async def _invoice(self, invoice_id: UUID) -> InvoiceView:
        return await persist(partial(self._client.invoice, invoice_id), patience=self._patience)

    async def _further(self, invoice_id: UUID) -> InvoiceView:
        # It has an event of its own, which may get there after that of the first.
        await follow(self._client, invoice_id, lambda _: None, patience=self._patience)
        return await self._invoice(invoice_id)

    async def _follow(self, shipment: Shipment, started: float) -> None:
        document_id = shipment.document_id
        if document_id is None:
            return

        ended_before = shipment.known

        def note(document: Document) -> None:
            nonlocal ended_before
            shipment.document = document
            if not document.ended:
                ended_before = False
                self._on_change(shipment)

        try:
            async with self._follow_slots:
                document = await follow(self._client, document_id, note, patience=self._patience)
                if document.status == "extracted":
                    shipment.invoice = await self._invoice(document_id)
                    shipment.further = tuple([await self._further(each) for each in document.invoices[1:]])
        except ApiError as error:
            if error.status in {401, 403}:
                raise
            shipment.outcome, shipment.problem = "unfinished", Problem(code=error.code, detail=error.message)
        else:
            shipment.seconds = document.seconds or time.monotonic() - started
            if document.status == "failed":
                reason = document.error
                shipment.problem = Problem(code=reason.code, detail=reason.message) if reason else Problem()
                shipment.outcome = "failed"
            else:
                shipment.outcome = "known" if ended_before else "extracted"
        self._on_change(shipment)
