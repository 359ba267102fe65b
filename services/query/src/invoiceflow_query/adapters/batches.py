"""Changes that wait at the same time are written together, whatever the store."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from invoiceflow_chassis.errors import UnavailableError
from invoiceflow_query.projection import Change

__all__ = ["Batches", "TenantChange"]

TenantChange = tuple[str, Change]
"""A tenant, and what is to be merged for it."""

_Waiting = tuple[TenantChange, asyncio.Future[bool]]


class Batches:
    """Writes one batch at a time; what comes meanwhile waits and makes the next one.

    Args:
        write: makes all of a batch durable, or raises; says of each change whether its document is another than before.
        largest: changes in one batch at most.
    """

    def __init__(self, write: Callable[[Sequence[TenantChange]], Awaitable[Sequence[bool]]], *, largest: int) -> None:
        self._write_all = write
        self._largest = largest
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def apply(self, tenant: str, change: Change) -> bool:
        """Return once ``change`` is durable."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(((tenant, change), done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting())
        return await done

    async def finish(self) -> None:
        """Return once nothing waits any more."""
        while self._writing and not self._writing.done():
            await asyncio.wait([self._writing])

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._largest], self._waiting[self._largest :]
            try:
                await self._write(batch)
            except UnavailableError as error:
                for _, done in batch:
                    _fail(done, error)
            except Exception:  # noqa: BLE001 -- it is told to the one whose change it is
                for each in batch:
                    await self._write_alone(each)

    async def _write(self, batch: list[_Waiting]) -> None:
        results = await self._write_all([change for change, _ in batch])
        for (_, done), result in zip(batch, results, strict=True):
            if not done.done():
                done.set_result(result)

    async def _write_alone(self, waiting: _Waiting) -> None:
        try:
            await self._write([waiting])
        except Exception as error:  # noqa: BLE001 -- the caller waits for it
            _fail(waiting[1], error)


def _fail(done: asyncio.Future[bool], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
